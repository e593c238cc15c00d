{# Ed-Fi keeps employment apart from the person; who sends none has no dates of it. #}
select
    person.staff_unique_id as staff_id,
    person.first_name as given_name,
    person.last_surname as family_name,
    cast(null as text) as employment_type,
    cast(null as date) as hire_date,
    cast(null as date) as separation_date,
    person.term_key,
    person._feed,
    person._load_id,
    person._ingested_at
from {{ source('raw_zone', 'edfi__staffs') }} as person
where {{ edfi_stands('person') }}
