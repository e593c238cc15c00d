select
    _feed || ':' || concat_ws('|', term_name, student_id, test_id, test_start_date) as assessment_result_id,
    coalesce('state:' || nullif(student_state_id, ''), _feed || ':' || student_id) as student_id,
    nullif(school_state_id, '') as school_id,
    'nwea:' || test_name as assessment_id,
    nullif(subject, '') as subject,
    test_start_date as administration_date,
    cast(null as text) as grade_level,
    test_rit_score as score,
    'RIT' as score_scale,
    cast(null as text) as performance_level,
    cast(null as text) as objective_id,
    cast(null as integer) as attempt,
    cast(null as text) as reason_not_tested,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'nwea__map_growth') }}
