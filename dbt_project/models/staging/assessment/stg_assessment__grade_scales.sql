select
    _feed || ':' || scale_id as grade_scale_id,
    grade,
    points as grade_points,
    lowest_percent,
    passing as is_passing,
    rank as grade_rank,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'assessment__grade_scales') }}
