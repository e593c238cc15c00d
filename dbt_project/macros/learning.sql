{# Names that several models of learning share; what they mean stands in the seeds and contracts. #}

{% macro proficiency_bands() -%}
    {{ return(['low_performer', 'approaching', 'proficient', 'high_performer']) }}
{%- endmacro %}

{% macro reasons_not_tested() -%}
    {{ return(['absent', 'refusal', 'medical', 'first_year_el', 'exempt', 'invalidated']) }}
{%- endmacro %}

{% macro atl_levels() -%}
    {{ return(['beginning', 'developing', 'meeting', 'exceeding']) }}
{%- endmacro %}
