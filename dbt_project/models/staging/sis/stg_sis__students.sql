{# Codes of races come as a list by comma; the same code twice is one. #}
select
    student_number as student_id,
    birth_date,
    nullif(sex, '') as sex,
    hispanic_latino_ethnicity as is_hispanic,
    array_to_string(
        array(
            select distinct trim(code)
            from unnest(string_to_array(races, ',')) as code
            where trim(code) <> ''
            order by 1
        ), ','
    ) as races,
    nullif(home_language, '') as home_language,
    term_key,
    _feed,
    _load_id,
    _ingested_at
from {{ source('raw_zone', 'sis__students') }}
