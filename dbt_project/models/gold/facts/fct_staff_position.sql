{# One row a post, as it stood on the term's last instructional day at its school. Its days are inclusive. #}
with stated as (
    select distinct on (post.position_id) post.*
    from {{ ref('conformed_staff_position') }} as post
    where {{ in_term('post') }}
    order by post.position_id asc, post._load_id desc, post._feed asc
),

dated as (
    {{ as_of_term_end('stated') }}
),

standing as (
    select
        dated.*,
        dated.begin_date <= dated.as_of_date and coalesce(dated.end_date, 'infinity') >= dated.as_of_date as is_open
    from dated
)

select
    standing.term_key,
    {{ edu_key('position', 'standing.position_id') }} as position_key,
    {{ edu_key('school', 'standing.school_id') }} as school_key,
    standing.role,
    standing.subject,
    standing.fte,
    standing.begin_date,
    standing.end_date,
    standing.vacant_since,
    standing.as_of_date,
    standing.is_open,
    standing.is_open and coalesce(standing.vacant_since, 'infinity') <= standing.as_of_date as is_vacant,
    standing._load_id,
    standing.school_id
from standing
