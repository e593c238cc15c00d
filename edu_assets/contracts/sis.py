"""Student information systems, what OneRoster lacks: the system, and who is enrolled.

Belongs here: students, their membership of schools, merged numbers, admissions. Does not belong here:
services and families (sis_support.py), conduct (sis_conduct.py), calendars and codes (sis_reference.py),
columns that sheets share (sheets.py).
"""

from edu_assets.contracts.base import Column, ColumnType, LoadMode, PersonalData, System, TermByDate, TermVia
from edu_assets.contracts.sheets import STANDING, day, flag, named, number, of_person, school, sensitive, sheet, student

SIS = System(name="sis", title="Student information system, beyond OneRoster")

STUDENTS = sheet(
    SIS,
    "students",
    f"student: legal and preferred names, birth, race and language as the school's register has them. {STANDING}",
    (
        school("the authority's number of the school that keeps the record"),
        student(),
        number("StateStudentID", "number given by the state", personal=PersonalData.DIRECT),
        named("LegalFirstName", "given name in law"),
        named("LegalMiddleName", "middle name in law"),
        named("LegalLastName", "family name in law"),
        named("GenerationSuffix", "what follows the family name, e.g. Jr."),
        named("PreferredFirstName", "given name by which the student is called"),
        named("PreferredLastName", "family name by which the student is called"),
        day("BirthDate", "day of birth", personal=PersonalData.INDIRECT),
        of_person("Sex", "sex as registered, in the system's code"),
        sensitive("Pronouns", "pronouns that the student asks to be used"),
        flag("HispanicLatinoEthnicity", "whether Hispanic or Latino, of any race", personal=PersonalData.SENSITIVE),
        sensitive("Races", "list of races, in the system's codes"),
        sensitive("CountryOfBirth", "country of birth"),
        of_person("HomeLanguage", "language spoken at home", pattern=r"[a-z]{2,3}"),
        of_person("GradeLevel", "grade level, in the system's spelling"),
        day("FirstEntryDate", "first day in a school of the authority", personal=PersonalData.INDIRECT),
    ),
    ("student_number",),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner="student-information",
    conforms_to=("student_demographic",),
)

STUDENT_ENROLLMENTS = sheet(
    SIS,
    "student_enrollments",
    "enrolment of a student in a school, one row an unbroken stay (Ed-Fi StudentSchoolAssociation). An enrolment "
    f"lasts through terms and gets its end later. {STANDING}",
    (
        school(),
        student(),
        day("EntryDate", "first day of membership", required=True, personal=PersonalData.INDIRECT),
        of_person("EntryCode", "how the student came, in the system's code"),
        day("ExitDate", "day of withdrawal; empty while enrolled", personal=PersonalData.INDIRECT),
        of_person("ExitCode", "why the student left, in the system's code"),
        of_person(
            "EnrollmentType",
            "primary: counts in headcounts; secondary: takes part beside it; dual: of two institutions",
            required=True,
            allowed=("primary", "secondary", "dual"),
        ),
        of_person("GradeLevel", "grade level at entry, in the system's spelling", required=True),
        of_person("FTE", "share of full time, 0 to 1", type=ColumnType.NUMERIC),
        number("HomeSchoolID", "the school of the student's attendance area"),
        number("ServingSchoolID", "the school that teaches the student, where it is another"),
        of_person("ResidencyStatus", "where the student lives as enrolment law sees it, in the system's code"),
        flag("NoShow", "whether the student was expected and never came", personal=PersonalData.INDIRECT),
    ),
    ("school_id", "student_number", "entry_date"),
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner="student-information",
    conforms_to=("school_enrollment",),
)

STUDENT_ID_MERGES = sheet(
    SIS,
    "student_id_merges",
    "merge of two numbers that turned out to be one student's. An event: its term is that of the day on which the "
    "numbers were merged, and a sheet without it takes nothing back",
    (
        Column(
            header="OldStudentNumber",
            required=True,
            pattern=r"[0-9A-Za-z\-_.:]{1,80}",
            description="the number given up; of another system's identifier as gold spells it, e.g. state:9001234",
            personal=PersonalData.DIRECT,
        ),
        number("NewStudentNumber", "the number that stays", required=True, personal=PersonalData.DIRECT),
        day("MergedOn", "day of the merge", required=True),
        Column(header="Reason", description="why, in words", personal=PersonalData.INDIRECT),
    ),
    ("old_student_number",),
    term=TermByDate(column="merged_on"),
    mode=LoadMode.INCREMENTAL,
    person=("old_student_number", "new_student_number"),
    freshness_days=400,
    owner="student-information",
    conforms_to=("student_id_merge",),
)

ADMISSION_APPLICATIONS = sheet(
    SIS,
    "admission_applications",
    "application for a place at a school. Its term is that of the day on which it was made, so that next year's "
    "applications are counted in the season in which they came",
    (
        number("ApplicationID", "the application", required=True),
        school("the authority's number of the school applied to"),
        number("ApplicantNumber", "number of the applicant", required=True, personal=PersonalData.DIRECT),
        number("StudentNumber", "the authority's student number, once there is one", personal=PersonalData.DIRECT),
        Column(header="EntryYear", description="academic year applied for", required=True),
        of_person("GradeLevel", "grade level applied for, in the system's spelling", required=True),
        day("AppliedOn", "day of the application", required=True),
        of_person("Channel", "how the family heard of the school, in the system's code"),
        of_person("Priority", "ground of a preference, e.g. a sibling, in the system's code"),
    ),
    ("application_id",),
    term=TermByDate(column="applied_on", school="school_id"),
    scope=("school_id",),
    school="school_id",
    person=("applicant_number", "student_number"),
    owner="admissions",
    conforms_to=("admission_application",),
)

ADMISSION_STAGE_EVENTS = sheet(
    SIS,
    "admission_stage_events",
    "step of an application. It is of its application's term, not of the day's: a funnel follows those who applied "
    "in one season to the end",
    (
        number("ApplicationID", "the application", required=True),
        of_person(
            "Stage",
            "the stage that was reached",
            required=True,
            allowed=("applied", "reviewed", "offered", "waitlisted", "accepted", "enrolled", "declined", "withdrawn"),
        ),
        day("ReachedOn", "day on which it was reached", required=True),
        of_person("Reason", "why, in the system's code"),
    ),
    ("application_id", "stage", "reached_on"),
    term=TermVia(parent="admission_applications", key={"application_id": "application_id"}),
    mode=LoadMode.INCREMENTAL,
    owner="admissions",
    conforms_to=("admission_stage_event",),
)
