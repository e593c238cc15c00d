{# Accounts without the authority's number. Most are of people who are no students of the network. #}
select
    'platform:' || learner_id as account_id,
    nullif(trim(first_name), '') as given_name,
    nullif(trim(last_name), '') as family_name,
    cast(null as date) as birth_date,
    cast(null as text) as grade_level,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_lms', 'lms__students') }}
where coalesce(student_number, '') = ''
