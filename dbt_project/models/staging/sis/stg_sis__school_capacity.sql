select
    capacity.school_id,
    coalesce(alias.grade_level, trim(capacity.grade_level)) as grade_level,
    capacity.seats,
    capacity.reserved_seats,
    capacity.term_key,
    capacity._feed,
    capacity._load_id,
    capacity._ingested_at
from {{ source('raw_zone', 'sis__school_capacity') }} as capacity
left join {{ ref('grade_level_aliases') }} as alias on upper(trim(capacity.grade_level)) = alias.source_grade
