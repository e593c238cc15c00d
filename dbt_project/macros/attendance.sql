{# Definitions that several attendance models share; sources in docs and in the rule seeds. #}

{% macro attendance_part_names() -%}
    {{ return([
        'days_enrolled', 'days_reported', 'days_unreported', 'days_present', 'days_absent',
        'days_absent_excused', 'days_absent_unexcused', 'days_suspended_out_of_school', 'days_absent_other',
        'days_tardy', 'days_counted_absent',
    ]) }}
{%- endmacro %}

{% macro weekdays() -%}
    {{ return(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']) }}
{%- endmacro %}

{#
    The additive parts of a set of days. Absence is summed as the share of the day missed, so two half days
    are one day; days_counted_absent counts whole days that the authority's rule calls absent.
#}
{% macro attendance_parts(day) -%}
    count(*) as days_enrolled,
        count(*) filter (where {{ day }}.is_reported) as days_reported,
        count(*) filter (where not {{ day }}.is_reported) as days_unreported,
        coalesce(sum(1 - {{ day }}.absent_portion), 0) as days_present,
        coalesce(sum({{ day }}.absent_portion), 0) as days_absent,
        {{ absent_by(day, 'absent_excused') }} as days_absent_excused,
        {{ absent_by(day, 'absent_unexcused') }} as days_absent_unexcused,
        {{ absent_by(day, 'suspension_out_of_school') }} as days_suspended_out_of_school,
        coalesce(sum({{ day }}.absent_portion) filter (
            where {{ day }}.attendance_category not in (
                'absent_excused', 'absent_unexcused', 'suspension_out_of_school'
            )
        ), 0) as days_absent_other,
        count(*) filter (where {{ day }}.attendance_category = 'tardy') as days_tardy,
        count(*) filter (where {{ day }}.is_absent_day) as days_counted_absent
{%- endmacro %}

{% macro absent_by(day, category) -%}
    coalesce(sum({{ day }}.absent_portion) filter (where {{ day }}.attendance_category = '{{ category }}'), 0)
{%- endmacro %}

{#
    Whether days make a student chronically absent under a rule: null where the student was enrolled for
    fewer days than the rule asks, or where no day counts. Compared as integers, so that exactly one tenth is.
#}
{% macro chronically_absent(days, rule) -%}
    case
        when {{ days }}.days_enrolled < {{ rule }}.min_days_enrolled then null
        when {{ days_that_count(days, rule) }} = 0 then null
        else
            {{ days }}.days_counted_absent * {{ rule }}.absent_share_denominator
            >= {{ days_that_count(days, rule) }} * {{ rule }}.absent_share_numerator
    end
{%- endmacro %}

{% macro days_that_count(days, rule) -%}
    case when {{ rule }}.unreported_days_count then {{ days }}.days_enrolled else {{ days }}.days_reported end
{%- endmacro %}

{# The first and the last day on which a membership holds; whether the exit day itself does is the network's rule. #}
{% macro enrolled_from(membership) -%}
    coalesce({{ membership }}.entry_date, '-infinity')
{%- endmacro %}

{% macro enrolled_until(membership, network) -%}
    coalesce(
        {{ membership }}.exit_date - case when {{ network }}.exit_day = 'enrolled' then 0 else 1 end, 'infinity'
    )
{%- endmacro %}
