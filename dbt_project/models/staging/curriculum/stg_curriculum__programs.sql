select
    program.program_id,
    program.title as program_title,
    program.framework,
    coalesce(first_alias.grade_level, nullif(trim(program.first_grade_level), '')) as first_grade_level,
    coalesce(last_alias.grade_level, nullif(trim(program.last_grade_level), '')) as last_grade_level,
    program.term_key,
    program._feed,
    program._load_id,
    program._ingested_at
from {{ source('raw_zone', 'curriculum__programs') }} as program
left join {{ ref('grade_level_aliases') }} as first_alias
    on upper(trim(program.first_grade_level)) = first_alias.source_grade
left join {{ ref('grade_level_aliases') }} as last_alias
    on upper(trim(program.last_grade_level)) = last_alias.source_grade
