{#
    How items of an Ed-Fi API are read. A collection is an array as JSON; one that is no JSON reads as none, since a
    view that fails would fail everybody's figures.
#}

{# The code of a descriptor, behind its namespace. #}
{% macro edfi_code(descriptor) -%}
    nullif(trim(split_part({{ descriptor }}, '#', 2)), '')
{%- endmacro %}

{% macro edfi_json(collection) -%}
    case when pg_input_is_valid({{ collection }}, 'jsonb') then cast({{ collection }} as jsonb) end
{%- endmacro %}

{# The text at a path of a collection's first element. #}
{% macro edfi_first(collection, path) -%}
    (jsonb_path_query_first({{ edfi_json(collection) }}, '$[0].{{ path }}') #>> '{}')
{%- endmacro %}

{# The texts at a path of all elements of a collection, with `", "` between them; null where there is none. #}
{% macro edfi_texts(collection, path) -%}
    nullif(trim(both '[]"' from cast(
        jsonb_path_query_array({{ edfi_json(collection) }}, '$[*].{{ path }}') as text
    )), '')
{%- endmacro %}

{# The codes of all elements of a collection of descriptors, by comma. #}
{% macro edfi_codes(collection, name) -%}
    nullif(
        trim(both '[]' from regexp_replace(
            cast(jsonb_path_query_array({{ edfi_json(collection) }}, '$[*].{{ name }}') as text),
            '"[^"#]*#([^"]*)"', '\1', 'g'
        )), ''
    )
{%- endmacro %}

{# Whether an item was not deleted, as far as its term's slices know. #}
{% macro edfi_stands(item) -%}
    not exists (
        select 1
        from {{ source('raw_zone', 'edfi__deletes') }} as gone
        where {{ item }}.term_key = gone.term_key and {{ item }}._feed = gone._feed and {{ item }}.id = gone.id
    )
{%- endmacro %}

{# The natural key of a section, inside a reference to it or to what it is part of; by it others name the class. #}
{% macro edfi_section(item, prefix, identifier=none) -%}
    concat_ws(
        '|', {{ item }}.{{ prefix }}school_id, {{ item }}.{{ prefix }}school_year, {{ item }}.{{ prefix }}session_name,
        {{ item }}.{{ prefix }}local_course_code, {{ item }}.{{ identifier or prefix ~ 'section_identifier' }}
    )
{%- endmacro %}

{# Days that a last day adds, so that ends are exclusive. #}
{% macro edfi_last_day_counts(feed) -%}
    case when {{ feed }}.end_dates = 'inclusive' then 1 else 0 end
{%- endmacro %}

{# A text as a number; null where it is none. #}
{% macro edfi_number(value) -%}
    case when {{ value }} ~ '^-?[0-9]+(\.[0-9]+)?$' then cast({{ value }} as numeric) end
{%- endmacro %}

{# A value of the element of a collection of scores that is of a reporting method. #}
{% macro edfi_of_method(collection, method, name) -%}
    (jsonb_path_query_first(
        {{ edfi_json(collection) }},
        '$[*] ? (@.assessmentReportingMethodDescriptor == $method).{{ name }}',
        jsonb_build_object('method', {{ method }})
    ) #>> '{}')
{%- endmacro %}

{# Scores compare within a family of tests and a method of reporting. #}
{% macro edfi_score_scale(test, method, prefix='') -%}
    {{ test }}.{{ prefix }}namespace || '|'
    || coalesce(nullif({{ test }}.assessment_family, ''), {{ test }}.{{ prefix }}assessment_identifier) || ':'
    || split_part({{ method }}, '#', 2)
{%- endmacro %}
