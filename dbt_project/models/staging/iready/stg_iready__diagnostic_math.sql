{{ iready_results('math', 'Mathematics') }}
