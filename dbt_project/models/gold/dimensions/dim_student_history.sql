{# Students as they were at a time: the versions of snap_students, type 2. #}
{{ config(materialized='view') }}

select
    version.dbt_scd_id as student_history_key,
    version.student_key,
    version.student_id,
    version.given_name,
    version.family_name,
    version.grade_level,
    version.primary_school_key,
    version.dbt_valid_from as valid_from,
    version.dbt_valid_to as valid_to,
    version.dbt_valid_to is null as is_current,
    version._term_key,
    version._feed,
    version._load_id
from {{ ref('snap_students') }} as version
