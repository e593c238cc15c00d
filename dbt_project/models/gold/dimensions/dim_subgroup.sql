select
    {{ edu_key('subgroup', 'subgroup') }} as subgroup_key,
    subgroup,
    category,
    subgroup_name,
    ordinal
from {{ ref('subgroups') }}
