{{ config(severity='warn', meta={
    'what': 'the student information system reads each attendance code as the seed attendance_codes does',
    'why': 'a code that the school means otherwise than the seed is counted under the wrong kind of absence, or as'
        ~ ' another share of the day',
    'mend': 'ask the school what it means; correct the seed attendance_codes with its source, or have the code corrected'
        ~ ' in the system',
    'names': ['attendance_code', 'difference'],
}) }}

{#
    Codes are those of the systems that have sent attendance of the term: one that could and does not has a list of its
    own. A code that no row of the seed knows differs too.
#}
with stated as (
    select distinct on (code.school_id, code.attendance_code)
        code.school_id,
        code.attendance_code,
        code.code_category,
        code.is_excused,
        code.absent_portion
    from {{ ref('conformed_attendance_code') }} as code
    where {{ in_term('code') }}
    order by code.school_id asc, code.attendance_code asc, code._load_id desc, code._feed asc
),

sent as (
    select
        daily.term_key,
        daily._feed
    from {{ ref('conformed_daily_attendance') }} as daily
    where {{ in_term('daily') }}
    union all
    select
        marked.term_key,
        marked._feed
    from {{ ref('conformed_section_attendance') }} as marked
    where {{ in_term('marked') }}
),

attendance_system as (
    select distinct feed.system
    from {{ source('etl', 'feed') }} as feed
    cross join lateral (
        select 1
        from sent
        where sent._feed = feed.feed
        limit 1 -- noqa: AM09
    ) as any_row
),

known as (
    {{ rows_in_force('attendance_codes') }}
),

agreeing as (
    {{ rows_in_force('sis_attendance_categories') }}
)

select
    stated.attendance_code,
    case
        when known.attendance_code is null then 'the seed does not know it'
        when stated.absent_portion <> known.default_absent_portion then 'another share of the day'
        else 'another category'
    end as difference,
    count(distinct stated.school_id) as schools
from stated
cross join attendance_system
left join known
    on attendance_system.system = known.system and stated.attendance_code = known.attendance_code
where
    known.attendance_code is null
    or stated.absent_portion <> known.default_absent_portion
    or not exists (
        select 1
        from agreeing
        where
            stated.code_category = agreeing.code_category
            and known.category = agreeing.category
            and coalesce(stated.is_excused = agreeing.is_excused, true)
    )
group by stated.attendance_code, difference
-- the check is one of the days that rest on the codes; depends_on: {{ ref('fct_attendance') }}
