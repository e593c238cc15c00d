{{ iready_results('ela', 'Reading') }}
