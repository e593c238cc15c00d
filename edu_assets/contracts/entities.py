"""Canonical entities: the columns to which staging views map source tables.

Terms are those of Ed-Fi and CEDS. Identifiers here are natural keys that hold across the feeds of a
network: a student's number of the authority where the source gives one, else `<feed>:<source key>`.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData, Precedence

ORGANIZATION = Entity(
    name="organization",
    definition="Ed-Fi EducationOrganization; OneRoster org",
    columns=(
        EntityColumn(
            name="organization_id",
            type="text",
            description="authority's identifier, else feed and source key",
        ),
        EntityColumn(name="organization_name", type="text"),
        EntityColumn(name="organization_type", type="text", description="OneRoster org type"),
        EntityColumn(name="parent_organization_id", type="text"),
    ),
)

STUDENT = Entity(
    name="student",
    definition="Ed-Fi Student with the grade level of StudentSchoolAssociation, as of the term",
    columns=(
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="given_name", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="family_name", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="grade_level", type="text", description="CEDS grade level code"),
        EntityColumn(name="primary_school_id", type="text"),
        EntityColumn(
            name="is_enabled",
            type="boolean",
            description="whether the source keeps the account in use; null where it does not say",
        ),
    ),
)

COURSE = Entity(
    name="course",
    definition="Ed-Fi Course; OneRoster course",
    columns=(
        EntityColumn(name="course_id", type="text"),
        EntityColumn(name="course_title", type="text"),
        EntityColumn(name="course_code", type="text"),
        EntityColumn(name="subject", type="text", description="first subject named by the source"),
    ),
)

CLASS = Entity(
    name="class",
    definition="Ed-Fi Section; OneRoster class. Stands in each term that it overlaps",
    columns=(
        EntityColumn(name="class_id", type="text"),
        EntityColumn(name="class_title", type="text"),
        EntityColumn(name="class_type", type="text", description="homeroom or scheduled"),
        EntityColumn(
            name="source_class_id",
            type="text",
            description="the roster's own identifier, without its feed, by which other systems name the class",
        ),
        EntityColumn(name="course_id", type="text"),
        EntityColumn(name="school_id", type="text"),
    ),
)

CLASS_ENROLLMENT = Entity(
    name="class_enrollment",
    definition="Ed-Fi StudentSectionAssociation; OneRoster enrollment with role student",
    columns=(
        EntityColumn(name="class_enrollment_id", type="text"),
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="class_id", type="text"),
        EntityColumn(name="school_id", type="text"),
        EntityColumn(name="begin_date", type="date"),
        EntityColumn(name="end_date", type="date", description="exclusive; null while open"),
        EntityColumn(name="final_result", type="text", description="the class's outcome where the source gives one"),
    ),
)

SCHOOL_ENROLLMENT = Entity(
    name="school_enrollment",
    definition=(
        "Ed-Fi StudentSchoolAssociation: one unbroken membership of a student in a school. Where the "
        "source has class enrolments only, their union per student and school"
    ),
    columns=(
        # who was expected and never came stands in no roster
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT, may_be_unregistered=True),
        EntityColumn(name="school_id", type="text"),
        EntityColumn(name="entry_date", type="date"),
        EntityColumn(
            name="exit_date",
            type="date",
            description="exclusive: the first day no longer enrolled; null while open",
        ),
        EntityColumn(name="is_primary", type="boolean"),
        EntityColumn(name="is_no_show", type="boolean"),
        EntityColumn(name="exit_reason", type="text"),
        EntityColumn(name="grade_level", type="text"),
    ),
    # who holds entry, exit, reason and no-show as records comes before who has only classes to work them out of
    precedence=Precedence(systems=("sis", "edfi", "sds", "oulad", "oneroster", "contoso"), per=("school_id",)),
)

DAILY_ATTENDANCE = Entity(
    name="daily_attendance",
    definition="Ed-Fi StudentSchoolAttendanceEvent, one a student, school and day",
    columns=(
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="school_id", type="text"),
        EntityColumn(name="attendance_date", type="date"),
        EntityColumn(
            name="attendance_code",
            type="text",
            description="the source's code; the seed attendance_codes says what it means",
        ),
        EntityColumn(name="system", type="text"),
        EntityColumn(
            name="absent_portion",
            type="numeric",
            description="share of the school day missed as the source states it, 0 to 1; null: the code's default",
        ),
    ),
)

ASSESSMENT_RESULT = Entity(
    name="assessment_result",
    definition="Ed-Fi StudentAssessment with its overall score: one a student and test event",
    columns=(
        EntityColumn(name="assessment_result_id", type="text", description="feed and the source's key of the result"),
        EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT),
        EntityColumn(name="school_id", type="text", description="null where the source gives a name only"),
        EntityColumn(name="assessment_id", type="text", description="the vendor's test, e.g. nwea:Growth: Algebra 2"),
        EntityColumn(name="subject", type="text", description="as the source calls it"),
        EntityColumn(
            name="administration_date",
            type="date",
            description="in the network's zone; null where the source gives a month only",
        ),
        EntityColumn(name="grade_level", type="text", description="CEDS grade level code when tested"),
        EntityColumn(
            name="score",
            type="numeric",
            description="overall score on score_scale; null where the source gives none",
            personal=PersonalData.INDIRECT,
        ),
        EntityColumn(name="score_scale", type="text", description="scores compare within one scale only"),
        EntityColumn(
            name="performance_level",
            type="text",
            description="the source's own band or placement",
            personal=PersonalData.INDIRECT,
        ),
        EntityColumn(
            name="objective_id", type="text", description="the learning objective that the score is for; null: the test"
        ),
        EntityColumn(name="attempt", type="integer", description="number of the attempt; null where not given"),
        EntityColumn(
            name="reason_not_tested",
            type="text",
            description="why there is no score, or why it does not count; null where not given",
            personal=PersonalData.SENSITIVE,
        ),
    ),
)
