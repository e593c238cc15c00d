{#
    Headcount and movement of the term. A student with two memberships at once is counted at one school:
    the primary one, of two primary ones the one entered last.
#}
with {{ membership_ctes() }},

headcount_count_date as (
    {{ headcount_on('count_date') }}
),

headcount_term_end as (
    {{ headcount_on('last_day') }}
),

-- memberships with a day between the school's first and last, each with the one before and after
stay as (
    select
        membership.*,
        lag(membership.school_key) over path as previous_school_key,
        lag(membership.exit_date) over path as previous_exit_date,
        lead(membership.school_key) over path as next_school_key,
        lead(membership.entry_date) over path as next_entry_date
    from membership
    where
        membership.counts
        and membership.enrolled_from <= least(membership.enrolled_until, membership.last_day)
        and membership.enrolled_until >= membership.first_day
    window path as (
        partition by membership.student_key
        order by membership.enrolled_from, membership.enrolled_until, membership.school_key
    )
),

transfer as (
    select
        stay.enrollment_key,
        stay.enrolled_from > stay.first_day as begins_late,
        stay.enrolled_until < stay.last_day as ends_early,
        coalesce(
            stay.previous_school_key <> stay.school_key and stay.entry_date >= stay.previous_exit_date, false
        ) as is_transfer_in,
        coalesce(
            stay.next_school_key <> stay.school_key and stay.next_entry_date >= stay.exit_date, false
        ) as is_transfer_out
    from stay
),

-- who moves to a school that begins later or ends later than the other is an entry and an exit too
movement as (
    select
        transfer.enrollment_key,
        transfer.begins_late or transfer.is_transfer_in as is_entry,
        transfer.ends_early or transfer.is_transfer_out as is_exit,
        transfer.is_transfer_in,
        transfer.is_transfer_out
    from transfer
),

counted as (
    select
        membership.school_key,
        membership.grade_level,
        case
            when bool_or(membership.count_date is not null)
                then count(headcount_count_date.enrollment_key)
        end as headcount_count_date,
        count(headcount_term_end.enrollment_key) as headcount_term_end,
        count(*) filter (where membership.counts) as memberships,
        count(*) filter (where not membership.is_primary) as memberships_secondary,
        count(*) filter (where membership.is_no_show) as no_shows,
        count(*) filter (where movement.is_entry) as entries,
        count(*) filter (where movement.is_exit) as exits,
        count(*) filter (where movement.is_transfer_in) as transfers_in,
        count(*) filter (where movement.is_transfer_out) as transfers_out
    from membership
    left join headcount_count_date on membership.enrollment_key = headcount_count_date.enrollment_key
    left join headcount_term_end on membership.enrollment_key = headcount_term_end.enrollment_key
    left join movement on membership.enrollment_key = movement.enrollment_key
    group by membership.school_key, membership.grade_level
),

reason as (
    select
        exits.school_key,
        exits.grade_level,
        jsonb_object_agg(exits.exit_reason, exits.students) as exits_by_reason
    from (
        select
            membership.school_key,
            membership.grade_level,
            coalesce(membership.exit_reason, 'not_given') as exit_reason,
            count(*) as students
        from membership
        inner join movement on membership.enrollment_key = movement.enrollment_key
        where movement.is_exit
        group by membership.school_key, membership.grade_level, coalesce(membership.exit_reason, 'not_given')
    ) as exits
    group by exits.school_key, exits.grade_level
),

-- two spellings of a grade are one grade; of several feeds that state a school's seats the one loaded last counts
registered as (
    select
        stated.school_id,
        stated.grade_level,
        cast(sum(stated.seats) as integer) as seats
    from (
        select
            seat.*,
            first_value(seat._feed) over (
                partition by seat.school_id
                order by seat._load_id desc, seat._feed asc
            ) as counted_feed
        from {{ ref('conformed_school_capacity') }} as seat
        where {{ in_term('seat') }}
    ) as stated
    where stated._feed = stated.counted_feed
    group by stated.school_id, stated.grade_level
),

capacity as (
    select
        {{ edu_key('school', 'registered.school_id') }} as school_key,
        registered.grade_level,
        registered.seats
    from registered
    union all
    select
        {{ edu_key('school', 'seat.school_id') }} as school_key,
        seat.grade_level,
        seat.seats
    from {{ source('etl', 'school_capacity') }} as seat
    where seat.school_id not in (select registered.school_id from registered)
),

-- a grade that has seats and no student is shown, in a school that has students
place as (
    select
        counted.school_key,
        counted.grade_level
    from counted
    union
    select
        capacity.school_key,
        capacity.grade_level
    from capacity
    where capacity.school_key in (select counted.school_key from counted)
)

select
    term.term_key,
    place.school_key,
    place.grade_level,
    case
        when term.count_date >= term.administrative_start and term.count_date < term.administrative_end
            then coalesce(counted.headcount_count_date, 0)
    end as headcount_count_date,
    coalesce(counted.headcount_term_end, 0) as headcount_term_end,
    coalesce(counted.memberships, 0) as memberships,
    coalesce(counted.memberships_secondary, 0) as memberships_secondary,
    coalesce(counted.no_shows, 0) as no_shows,
    coalesce(counted.entries, 0) as entries,
    coalesce(counted.exits, 0) as exits,
    coalesce(reason.exits_by_reason, '{}') as exits_by_reason,
    coalesce(counted.transfers_in, 0) as transfers_in,
    coalesce(counted.transfers_out, 0) as transfers_out,
    capacity.seats as capacity,
    rule.rule_version
from place
inner join {{ source('etl', 'term') }} as term on {{ in_term('term') }}
left join rule on true
left join counted on place.school_key = counted.school_key and place.grade_level = counted.grade_level
left join reason on place.school_key = reason.school_key and place.grade_level = reason.grade_level
left join capacity on place.school_key = capacity.school_key and place.grade_level = capacity.grade_level
