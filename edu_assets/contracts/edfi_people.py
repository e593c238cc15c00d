"""Ed-Fi's resources of staff, contacts, programmes, cohorts and conduct.

Belongs here: declarations alone, in the words of edfi.py. Does not belong here: what a code means (seeds).
"""

from edu_assets.contracts.base import PersonalData, TermVia
from edu_assets.contracts.edfi import (
    collection,
    count,
    day,
    descriptor,
    flag,
    key,
    number,
    of_day,
    organization,
    resource,
    school,
    section,
    staff,
    student,
    text,
)

_OF_PERSON = PersonalData.INDIRECT
_SENSITIVE = PersonalData.SENSITIVE

STAFFS = resource(
    "staffs",
    "member of staff",
    (staff("staffUniqueId"),),
    (
        key("firstName", "given name", PersonalData.DIRECT),
        key("lastSurname", "family name", PersonalData.DIRECT),
        text("loginId", "account", PersonalData.DIRECT),
        collection("electronicMails", "addresses", PersonalData.DIRECT),
    ),
    table="staffs",
    person=("staff_unique_id",),
    owner="human-resources",
    conforms_to=("staff",),
)

STAFF_SECTION_ASSOCIATIONS = resource(
    "staffSectionAssociations",
    "a member of staff in a section",
    (*section(), staff(), day("beginDate", "first day", _OF_PERSON, required=True)),
    (
        descriptor("classroomPositionDescriptor", "teacher of record, assistant and so on", _OF_PERSON),
        day("endDate", "last day", _OF_PERSON),
    ),
    table="staff_section_associations",
    person=("staff_reference_staff_unique_id",),
    owner="human-resources",
)

STAFF_ASSIGNMENTS = resource(
    "staffEducationOrganizationAssignmentAssociations",
    "a member of staff's assignment at a school or an agency",
    (
        staff(),
        organization(),
        descriptor("staffClassificationDescriptor", "the role", required=True),
        day("beginDate", "first day", _OF_PERSON, required=True),
    ),
    (
        day("endDate", "last day", _OF_PERSON),
        text("positionTitle", "title of the position", _OF_PERSON),
        number("fullTimeEquivalency", "share of full time, 0 to 1", _OF_PERSON),
    ),
    table="staff_assignments",
    person=("staff_reference_staff_unique_id",),
    owner="human-resources",
    conforms_to=("staff_assignment",),
)

CONTACTS = resource(
    "contacts",
    "guardian or another contact of students; Data Standard 4 and before call it parent",
    (key("contactUniqueId", "the contact's number", PersonalData.DIRECT),),
    (
        key("firstName", "given name", PersonalData.DIRECT),
        key("lastSurname", "family name", PersonalData.DIRECT),
        collection("languages", "languages and their use", _SENSITIVE),
    ),
    table="contacts",
    person=("contact_unique_id",),
)

STUDENT_CONTACT_ASSOCIATIONS = resource(
    "studentContactAssociations",
    "a contact of a student",
    (student(), key("contactReference.contactUniqueId", "the contact", PersonalData.DIRECT)),
    (
        descriptor("relationDescriptor", "what the contact is to the student", _OF_PERSON),
        flag("primaryContactStatus", "whether called first", _OF_PERSON),
        flag("legalGuardian", "whether the guardian by law", _SENSITIVE),
        flag("livesWith", "whether the student lives there", _SENSITIVE),
        text("contactRestrictions", "what the school must not do, in words", _SENSITIVE),
        count("contactPriority", "place in the order of calls"),
    ),
    table="student_contact_associations",
    person=("student_reference_student_unique_id", "contact_reference_contact_unique_id"),
    conforms_to=("student_guardian",),
)

PROGRAMS = tuple(
    f"student{kind}ProgramAssociations"
    for kind in (
        "Cte",
        "Homeless",
        "LanguageInstruction",
        "MigrantEducation",
        "NeglectedOrDelinquent",
        "SchoolFoodService",
        "Section504",
        "SpecialEducation",
        "TitleIPartA",
    )
)

STUDENT_PROGRAM_ASSOCIATIONS = resource(
    "studentProgramAssociations",
    "participation of a student in a programme, of whatever kind",
    (
        student(),
        organization(),
        key("programReference.educationOrganizationId", "who runs the programme"),
        descriptor("programReference.programTypeDescriptor", "kind of programme", _SENSITIVE, required=True),
        key("programReference.programName", "the programme", _SENSITIVE),
        day("beginDate", "first day", _SENSITIVE, required=True),
    ),
    (
        day("endDate", "last day", _SENSITIVE),
        descriptor("reasonExitedDescriptor", "why it ended", _SENSITIVE),
    ),
    table="student_program_associations",
    others=PROGRAMS,
    person=("student_reference_student_unique_id",),
    conforms_to=("student_program",),
)

COHORTS = resource(
    "cohorts",
    "group of students that a school or an agency has made",
    (organization(), key("cohortIdentifier", "the group")),
    (descriptor("cohortTypeDescriptor", "kind of group"), text("cohortDescription", "what it is for")),
    table="cohorts",
)

STUDENT_COHORT_ASSOCIATIONS = resource(
    "studentCohortAssociations",
    "a student in a group",
    (
        student(),
        organization("cohortReference.educationOrganizationId"),
        key("cohortReference.cohortIdentifier", "the group"),
        day("beginDate", "first day", _OF_PERSON, required=True),
    ),
    (day("endDate", "last day", _OF_PERSON),),
    table="student_cohort_associations",
    person=("student_reference_student_unique_id",),
)

GRADUATION_PLANS = resource(
    "graduationPlans",
    "what a graduate has to reach",
    (
        organization(),
        descriptor("graduationPlanTypeDescriptor", "kind of plan", required=True),
        key("graduationSchoolYearTypeReference.schoolYear", "the school year of graduation"),
    ),
    (number("totalRequiredCredits", "credits that it asks for"),),
    table="graduation_plans",
)

# -- conduct ------------------------------------------------------------------------------------------

DISCIPLINE_INCIDENTS = resource(
    "disciplineIncidents",
    "incident. It is of its day's term",
    (key("incidentIdentifier", "the incident"), school()),
    (
        day("incidentDate", "day of the incident", required=True),
        collection("behaviors", "what happened"),
        descriptor("incidentLocationDescriptor", "where it happened"),
        flag("reportedToLawEnforcement", "whether the police was told"),
        text("incidentDescription", "what happened, in words", _SENSITIVE),
    ),
    table="discipline_incidents",
    term=of_day("incident_date"),
    school="school_reference_school_id",
    owner="student-services",
    conforms_to=("behavior_incident",),
)

_INCIDENT = (
    key("disciplineIncidentReference.incidentIdentifier", "the incident"),
    school("disciplineIncidentReference.schoolId"),
    student(),
)
_INCIDENTS_TERM = TermVia(
    parent="discipline_incidents",
    key={
        "discipline_incident_reference_incident_identifier": "incident_identifier",
        "discipline_incident_reference_school_id": "school_reference_school_id",
    },
)

BEHAVIOR_ASSOCIATIONS = resource(
    "studentDisciplineIncidentBehaviorAssociations",
    "what a student did in an incident, a row a behaviour. It is of the incident's term",
    (*_INCIDENT, descriptor("behaviorDescriptor", "what the student did", _SENSITIVE, required=True)),
    (collection("disciplineIncidentParticipationCodes", "the parts that the student had", _SENSITIVE),),
    table="student_discipline_incident_behaviors",
    term=_INCIDENTS_TERM,
    person=("student_reference_student_unique_id",),
    owner="student-services",
    conforms_to=("behavior_participant",),
)

NON_OFFENDER_ASSOCIATIONS = resource(
    "studentDisciplineIncidentNonOffenderAssociations",
    "a student's part in an incident that others caused. It is of the incident's term",
    _INCIDENT,
    (collection("disciplineIncidentParticipationCodes", "the parts that the student had", _SENSITIVE),),
    table="student_discipline_incident_non_offenders",
    term=_INCIDENTS_TERM,
    person=("student_reference_student_unique_id",),
    owner="student-services",
    conforms_to=("behavior_participant",),
)

DISCIPLINE_ACTIONS = resource(
    "disciplineActions",
    "measure taken against a student. It is of its own day's term",
    (
        key("disciplineActionIdentifier", "the measure", _SENSITIVE),
        day("disciplineDate", "day on which it begins", _SENSITIVE, required=True),
        student(),
    ),
    (
        key("responsibilitySchoolReference.schoolId", "the school that answers for it"),
        collection("disciplines", "what the measure is", _SENSITIVE),
        number("disciplineActionLength", "days as decided", _SENSITIVE),
        number("actualDisciplineActionLength", "days as served", _SENSITIVE),
        collection("studentDisciplineIncidentBehaviorAssociations", "what it follows", _SENSITIVE),
    ),
    table="discipline_actions",
    term=of_day("discipline_date", "responsibility_school_reference_school_id"),
    school="responsibility_school_reference_school_id",
    person=("student_reference_student_unique_id",),
    owner="student-services",
    conforms_to=("discipline_action",),
)
