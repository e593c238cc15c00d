"""OneRoster CSV, persons: users, and what they are, who they are and with which accounts.

Belongs here: declarations of these files alone; what the package's tables share is in oneroster.py.

1.2 took role and organisations out of users, because a person may be several things at several places.
"""

from edu_assets.contracts.base import Column, ColumnType, PersonalData, RowRule
from edu_assets.contracts.oneroster import EXTENSIBLE, V1_1, V1_2, ends_after_it_begins, flag, guid, interval, table

USER_ROLES = ("administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher")

USERS = table(
    "users",
    "users",
    "user: student, teacher, guardian or other person. Role and organisations stand here in 1.1, in roles in 1.2",
    (
        flag("enabledUser", "whether the account is active", required=True),
        guid(
            "orgSourcedIds",
            "list of organisations, the first is the primary one",
            required=False,
            versions=(V1_1,),
            required_in=(V1_1,),
            is_list=True,
            references="orgs",
        ),
        Column(
            header="role",
            versions=(V1_1,),
            required_in=(V1_1,),
            allowed=USER_ROLES,
            description="role of the person",
        ),
        Column(header="username", required=True, description="account name", personal=PersonalData.DIRECT),
        Column(
            header="userIds",
            description="list of {type:id}: the person's keys in other systems",
            pattern=r"\{[^:{}]+:[^{}]+\}",
            is_list=True,
            personal=PersonalData.DIRECT,
        ),
        Column(header="givenName", required=True, description="given name", personal=PersonalData.DIRECT),
        Column(header="familyName", required=True, description="family name", personal=PersonalData.DIRECT),
        Column(header="middleName", description="middle name", personal=PersonalData.DIRECT),
        Column(
            header="identifier",
            description="number of the person given by the authority, e.g. the state student number",
            personal=PersonalData.DIRECT,
        ),
        Column(header="email", description="e-mail address", personal=PersonalData.DIRECT),
        Column(header="sms", description="number for text messages", personal=PersonalData.DIRECT),
        Column(header="phone", description="telephone number", personal=PersonalData.DIRECT),
        guid(
            "agentSourcedIds",
            "list of related persons, e.g. a student's guardians",
            required=False,
            is_list=True,
            references="users",
            personal=PersonalData.INDIRECT,
        ),
        Column(
            header="grades",
            description="grade level of a student (CEDS code)",
            is_list=True,
            personal=PersonalData.INDIRECT,
        ),
        Column(header="password", description="initial password", secret=True, personal=PersonalData.SENSITIVE),
        Column(
            header="userMasterIdentifier",
            description="number that identifies the person beyond this organisation",
            versions=(V1_2,),
            personal=PersonalData.DIRECT,
        ),
        guid(
            "resourceSourcedIds",
            "list of resources open to the person; left out by the later binding of 1.2",
            required=False,
            versions=(V1_2,),
            is_list=True,
            references="resources",
            may_be_absent=True,
        ),
        Column(
            header="preferredGivenName",
            description="given name by which the person is called",
            versions=(V1_2,),
            personal=PersonalData.DIRECT,
        ),
        Column(
            header="preferredMiddleName",
            description="middle name by which the person is called",
            versions=(V1_2,),
            personal=PersonalData.DIRECT,
        ),
        Column(
            header="preferredFamilyName",
            description="family name by which the person is called",
            versions=(V1_2,),
            personal=PersonalData.DIRECT,
        ),
        guid(
            "primaryOrgSourcedId",
            "the organisation to which the person belongs first",
            required=False,
            versions=(V1_2,),
            references="orgs",
        ),
        Column(
            header="pronouns",
            description="pronouns that the person asks to be used",
            versions=(V1_2,),
            personal=PersonalData.SENSITIVE,
        ),
    ),
    personal=PersonalData.INDIRECT,
    school="org_sourced_ids",
    person=("sourced_id",),
    conforms_to=("student",),
)

ROLES = table(
    "roles",
    "roles",
    "role: what a person is at an organisation, and when; 1.2 only",
    (
        guid("userSourcedId", "the person", references="users", personal=PersonalData.INDIRECT),
        Column(
            header="roleType",
            required=True,
            allowed=("primary", "secondary"),
            description="whether it is the person's chief role at the organisation; one is",
        ),
        Column(
            header="role",
            required=True,
            allowed=(
                "aide",
                "counselor",
                "districtAdministrator",
                "guardian",
                "parent",
                "principal",
                "proctor",
                "relative",
                "siteAdministrator",
                "student",
                "systemAdministrator",
                "teacher",
            ),
            allowed_in=EXTENSIBLE,
            description="the role",
        ),
        *interval("role"),
        guid("orgSourcedId", "the organisation", references="orgs"),
        guid(
            "userProfileSourcedId",
            "the account with which the role is exercised",
            required=False,
            references="user_profiles",
            personal=PersonalData.INDIRECT,
        ),
    ),
    versions=(V1_2,),
    school="org_sourced_id",
    person=("user_sourced_id",),
    rules=(
        ends_after_it_begins(),
        RowRule(
            name="one_primary_role",
            column="role_type",
            holds="role_type = 'primary'",
            once_per=("user_sourced_id", "org_sourced_id"),
            hint="a person has one primary role at an organisation",
        ),
    ),
)

USER_PROFILES = table(
    "user_profiles",
    "userProfiles",
    "user profile: an account of a person in a vendor's application; 1.2 only",
    (
        guid("userSourcedId", "the person", references="users", personal=PersonalData.INDIRECT),
        Column(header="profileType", required=True, description="kind of account"),
        Column(header="vendorId", required=True, description="the vendor of the application"),
        Column(header="applicationId", description="the application"),
        Column(header="description", description="what the account is for, in words", personal=PersonalData.INDIRECT),
        Column(header="credentialType", required=True, description="kind of credential"),
        Column(header="username", required=True, description="account name", personal=PersonalData.DIRECT),
        Column(header="password", description="password of the account", secret=True, personal=PersonalData.SENSITIVE),
    ),
    personal=PersonalData.INDIRECT,
    versions=(V1_2,),
    person=("user_sourced_id",),
)


def _race(header: str, description: str) -> Column:
    return flag(header, description, personal=PersonalData.SENSITIVE)


DEMOGRAPHICS = table(
    "demographics",
    "demographics",
    "demographics: birth, sex, race and ethnicity of a person",
    (
        Column(
            header="birthDate",
            aliases=("birthdate",),
            type=ColumnType.DATE,
            description="day of birth",
            personal=PersonalData.INDIRECT,
        ),
        Column(
            header="sex",
            allowed=("male", "female"),
            allowed_in={V1_2: ("unspecified", "other", "ext:*")},
            description="sex as registered",
            personal=PersonalData.INDIRECT,
        ),
        _race("americanIndianOrAlaskaNative", "whether American Indian or Alaska Native"),
        _race("asian", "whether Asian"),
        _race("blackOrAfricanAmerican", "whether Black or African American"),
        _race("nativeHawaiianOrOtherPacificIslander", "whether Native Hawaiian or of another Pacific island"),
        _race("white", "whether White"),
        _race("demographicRaceTwoOrMoreRaces", "whether of two or more races"),
        _race("hispanicOrLatinoEthnicity", "whether Hispanic or Latino, of any race"),
        Column(header="countryOfBirthCode", description="country of birth, as a code", personal=PersonalData.SENSITIVE),
        Column(
            header="stateOfBirthAbbreviation",
            description="state of birth, abbreviated",
            personal=PersonalData.INDIRECT,
        ),
        Column(header="cityOfBirth", description="place of birth", personal=PersonalData.INDIRECT),
        Column(
            header="publicSchoolResidenceStatus",
            description="where the person lives as the school's funding sees it",
            personal=PersonalData.SENSITIVE,
        ),
    ),
    key=guid(
        "sourcedId",
        "the person: the users' sourcedId",
        aliases=("userSourcedId",),
        references="users",
        personal=PersonalData.INDIRECT,
    ),
    person=("sourced_id",),
)
