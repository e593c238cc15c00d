"""OneRoster CSV, resources: teaching materials of vendors, and the courses, classes and persons that use them.

Belongs here: declarations of these files alone; what the package's tables share is in oneroster.py.
"""

from edu_assets.contracts.base import Column, PersonalData
from edu_assets.contracts.oneroster import EXTENSIBLE, V1_2, guid, table
from edu_assets.contracts.oneroster_people import USER_ROLES

_OWNER = "curriculum"

RESOURCES = table(
    "resources",
    "resources",
    "resource: a teaching material of a vendor",
    (
        Column(header="vendorResourceId", required=True, description="the vendor's identifier of the material"),
        Column(header="title", description="name of the material"),
        Column(
            header="roles",
            allowed=USER_ROLES,
            allowed_in=EXTENSIBLE,
            is_list=True,
            description="list of the roles for which it is meant",
        ),
        Column(
            header="importance",
            allowed=("primary", "secondary"),
            description="whether it is the chief material or an addition",
        ),
        Column(header="vendorId", description="the vendor"),
        Column(header="applicationId", description="the application that shows it"),
    ),
    owner=_OWNER,
)

CLASS_RESOURCES = table(
    "class_resources",
    "classResources",
    "class resource: a material used in a class",
    (
        Column(header="title", description="name of the association"),
        guid("classSourcedId", "the class", references="classes"),
        guid("resourceSourcedId", "the material", references="resources"),
    ),
    owner=_OWNER,
)

COURSE_RESOURCES = table(
    "course_resources",
    "courseResources",
    "course resource: a material used in a course",
    (
        Column(header="title", description="name of the association"),
        guid("courseSourcedId", "the course", references="courses"),
        guid("resourceSourcedId", "the material", references="resources"),
    ),
    owner=_OWNER,
)

USER_RESOURCES = table(
    "user_resources",
    "userResources",
    "user resource: a material open to a person; 1.2 only",
    (
        guid("userSourcedId", "the person", references="users", personal=PersonalData.INDIRECT),
        guid("orgSourcedId", "the organisation for which it is open", required=False, references="orgs"),
        guid("classSourcedId", "the class for which it is open", required=False, references="classes"),
        guid("resourceSourcedId", "the material", references="resources"),
    ),
    owner=_OWNER,
    versions=(V1_2,),
    school="org_sourced_id",
    person=("user_sourced_id",),
)
