{#
    The assignments of the term, one row each: the latest load's. They say which role somebody has at a school on a
    day; days are inclusive. Of two at once the one of more time counts, then the one that began last.
#}
{% macro assignments_of_term() -%}
    select distinct on (stated.assignment_id)
        stated.assignment_id,
        stated.staff_id,
        stated.school_id,
        stated.role,
        stated.fte,
        coalesce(stated.begin_date, '-infinity') as begin_date,
        coalesce(stated.end_date, 'infinity') as end_date
    from {{ ref('conformed_staff_assignment') }} as stated
    where {{ in_term('stated') }}
    order by stated.assignment_id asc, stated._load_id desc, stated._feed asc
{%- endmacro %}

{% macro assigned_on(assignment, row, day) -%}
    {{ row }}.staff_id = {{ assignment }}.staff_id
            and {{ row }}.school_id = {{ assignment }}.school_id
            and {{ day }} >= {{ assignment }}.begin_date
            and {{ day }} <= {{ assignment }}.end_date
{%- endmacro %}

{% macro foremost(assignment) -%}
    {{ assignment }}.fte desc nulls last, {{ assignment }}.begin_date desc, {{ assignment }}.assignment_id asc
{%- endmacro %}

{# The rows of a relation with the last instructional day of the term at their school. #}
{% macro as_of_term_end(stated) -%}
    select
        {{ stated }}.*,
        coalesce(at_school.instructional_end, term.instructional_end) - 1 as as_of_date
    from {{ stated }}
    inner join {{ source('etl', 'term') }} as term on {{ stated }}.term_key = term.term_key
    left join {{ source('etl', 'school_term') }} as at_school
        on {{ stated }}.term_key = at_school.term_key and {{ stated }}.school_id = at_school.school_id
{%- endmacro %}
