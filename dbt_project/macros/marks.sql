{# What a mark weighs in a grade point average by a rule (seed rule_subject_performance). #}
{% macro gpa_weight_of(mark, rule) -%}
    case {{ rule }}.gpa_weight when 'credits_attempted' then {{ mark }}.credits_attempted when 'each_mark' then 1 end
{%- endmacro %}
