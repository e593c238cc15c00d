select
    unit.unit_id,
    unit.program_id,
    unit.title as unit_title,
    unit.subject,
    coalesce(alias.grade_level, nullif(trim(unit.grade_level), '')) as grade_level,
    unit.sequence as unit_sequence,
    unit.planned_weeks,
    unit.term_key,
    unit._feed,
    unit._load_id,
    unit._ingested_at
from {{ source('raw_zone', 'curriculum__units') }} as unit
left join {{ ref('grade_level_aliases') }} as alias
    on upper(trim(unit.grade_level)) = alias.source_grade
