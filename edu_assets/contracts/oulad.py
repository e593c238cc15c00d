"""Open University Learning Analytics Dataset (Kuzilek et al. 2017, Sci Data 4:170171), its CSV files.

`id_student` names a person, not an enrolment: 28,785 students hold 32,593 enrolments. Days are
offsets from the start of the presentation. `imd_band` is text: one band is spelled `10-20` by the
publisher, the others with a per cent sign.
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    PersonalData,
    System,
    TermByColumn,
    TermVia,
)

OULAD = System(name="oulad", title="Open University Learning Analytics Dataset")

_PRESENTATION = TermByColumn(column="code_presentation", pattern=r"(?P<year>\d{4})(?P<term>[BJ])")
_OWNER = "learning-analytics"

_MODULE = Column(header="code_module", required=True, pattern=r"[A-Z]{3}", description="module, i.e. the course")
_PRESENTATION_CODE = Column(
    header="code_presentation",
    required=True,
    description="presentation: year and B (February) or J (October)",
)
_STUDENT = Column(
    header="id_student",
    required=True,
    pattern=r"\d+",
    description="the student",
    personal=PersonalData.DIRECT,
)


def _day(header: str, description: str) -> Column:
    return Column(
        header=header,
        type=ColumnType.INTEGER,
        description=f"{description}; days from the presentation's start",
    )


COURSES = Contract(
    system=OULAD.name,
    table="courses",
    description="module presentation",
    owner=_OWNER,
    columns=(
        _MODULE,
        _PRESENTATION_CODE,
        Column(
            header="module_presentation_length",
            type=ColumnType.INTEGER,
            required=True,
            description="length in days",
        ),
    ),
    key=("code_module", "code_presentation"),
    term=_PRESENTATION,
    files=("courses.csv",),
    freshness_days=400,
    conforms_to=("course", "class"),
)

STUDENT_INFO = Contract(
    system=OULAD.name,
    table="student_info",
    description="a student's enrolment in a module presentation with demographics and result",
    owner=_OWNER,
    columns=(
        _MODULE,
        _PRESENTATION_CODE,
        _STUDENT,
        Column(header="gender", allowed=("M", "F"), description="sex", personal=PersonalData.INDIRECT),
        Column(header="region", description="region of residence", personal=PersonalData.INDIRECT),
        Column(header="highest_education", description="education at entry", personal=PersonalData.INDIRECT),
        Column(
            header="imd_band",
            pattern=r"\d+-\d+%?",
            description="index of multiple deprivation, band of the area",
            personal=PersonalData.INDIRECT,
        ),
        Column(
            header="age_band",
            allowed=("0-35", "35-55", "55<="),
            description="age band",
            personal=PersonalData.INDIRECT,
        ),
        Column(
            header="num_of_prev_attempts",
            type=ColumnType.INTEGER,
            description="earlier attempts at the module",
        ),
        Column(header="studied_credits", type=ColumnType.INTEGER, description="credits studied at the time"),
        Column(
            header="disability",
            allowed=("Y", "N"),
            description="declared disability",
            personal=PersonalData.SENSITIVE,
        ),
        Column(
            header="final_result",
            required=True,
            allowed=("Pass", "Withdrawn", "Fail", "Distinction"),
            description="result",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("code_module", "code_presentation", "id_student"),
    term=_PRESENTATION,
    person=("id_student",),
    files=("studentInfo.csv",),
    freshness_days=400,
    conforms_to=("student", "class_enrollment", "learner"),
)

STUDENT_REGISTRATION = Contract(
    system=OULAD.name,
    table="student_registration",
    description="registration and withdrawal of a student in a module presentation",
    owner=_OWNER,
    columns=(
        _MODULE,
        _PRESENTATION_CODE,
        _STUDENT,
        _day("date_registration", "registration"),
        _day("date_unregistration", "withdrawal"),
    ),
    key=("code_module", "code_presentation", "id_student"),
    term=_PRESENTATION,
    person=("id_student",),
    files=("studentRegistration.csv",),
    freshness_days=400,
    conforms_to=("school_enrollment",),
)

ASSESSMENTS = Contract(
    system=OULAD.name,
    table="assessments",
    description="assessment of a module presentation",
    owner=_OWNER,
    columns=(
        _MODULE,
        _PRESENTATION_CODE,
        Column(header="id_assessment", required=True, pattern=r"\d+", description="the assessment"),
        Column(
            header="assessment_type",
            required=True,
            allowed=("TMA", "CMA", "Exam"),
            description="tutor marked, computer marked, final exam",
        ),
        _day("date", "cut-off day"),
        Column(header="weight", type=ColumnType.NUMERIC, required=True, description="weight in per cent"),
    ),
    key=("id_assessment",),
    term=_PRESENTATION,
    files=("assessments.csv",),
    freshness_days=400,
    conforms_to=("assessment",),
)

STUDENT_ASSESSMENT = Contract(
    system=OULAD.name,
    table="student_assessment",
    description="a student's submission of an assessment",
    owner=_OWNER,
    columns=(
        Column(header="id_assessment", required=True, pattern=r"\d+", description="the assessment"),
        _STUDENT,
        _day("date_submitted", "submission"),
        Column(
            header="is_banked",
            type=ColumnType.BOOLEAN,
            true_values=("1",),
            false_values=("0",),
            required=True,
            description="whether the result was transferred from an earlier presentation",
        ),
        Column(
            header="score",
            type=ColumnType.NUMERIC,
            description="score, 0 to 100",
            personal=PersonalData.INDIRECT,
        ),
    ),
    key=("id_assessment", "id_student"),
    term=TermVia(parent="assessments", key={"id_assessment": "id_assessment"}),
    person=("id_student",),
    files=("studentAssessment.csv",),
    freshness_days=400,
    conforms_to=("assessment_result", "exam_attempt"),
)

VLE = Contract(
    system=OULAD.name,
    table="vle",
    description="resource of the virtual learning environment",
    owner=_OWNER,
    columns=(
        Column(header="id_site", required=True, pattern=r"\d+", description="the resource"),
        _MODULE,
        _PRESENTATION_CODE,
        Column(header="activity_type", required=True, description="kind of resource"),
        Column(header="week_from", type=ColumnType.INTEGER, description="planned first week"),
        Column(header="week_to", type=ColumnType.INTEGER, description="planned last week"),
    ),
    key=("id_site",),
    term=_PRESENTATION,
    files=("vle.csv",),
    freshness_days=400,
)
