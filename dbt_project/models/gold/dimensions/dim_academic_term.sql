{# Previous terms come from the order of terms, never from arithmetic on labels. #}
select
    term.term_key,
    term.academic_year,
    term.term,
    term.ordinal,
    term.instructional_start,
    term.instructional_end,
    term.administrative_start,
    term.administrative_end,
    term.count_date,
    lag(term.term_key) over (order by term.ordinal) as previous_term_key,
    lag(term.term_key) over (partition by term.term order by term.ordinal) as previous_year_term_key
from {{ source('etl', 'term') }} as term
