"""Assessment systems: tests, who is expected to take them, their results, and marks of courses.

Belongs here: declarations alone. Does not belong here: the exports of vendors that tests come from
(vendor_assessments.py), bands and grade points by which marks are read (rules, in seeds).
"""

from edu_assets.contracts.base import Column, ColumnType, PersonalData, System, TermByDate
from edu_assets.contracts.sheets import (
    GRADING_PERIOD,
    OF_ITS_GRADING_PERIOD,
    STANDING,
    YEAR_LONG,
    day,
    flag,
    number,
    of_person,
    school,
    sensitive,
    sheet,
    student,
)

ASSESSMENT = System(name="assessment", title="Assessment and grading systems")

_OFFICE = "assessment-office"
_GRADEBOOK = "gradebook"


def _of_class() -> Column:
    return Column(header="ClassID", required=True, description="the class: its identifier in the roster")


ASSESSMENTS = sheet(
    ASSESSMENT,
    "assessments",
    f"test that results are of: its scale, the version of its cut scores, and what it compares with. {STANDING}",
    (
        number("AssessmentID", "the test", required=True),
        Column(header="Title", required=True, description="what it is called"),
        Column(
            header="Category",
            required=True,
            allowed=("state", "benchmark", "diagnostic", "formative", "exam"),
            description="what it is for (CEDS AssessmentPurpose, by kind)",
        ),
        Column(header="Subject", required=True, description="subject, in the system's spelling"),
        Column(header="GradeLevel", description="grade level that it is made for; empty: several"),
        Column(header="Scale", required=True, description="scale of its scores: scores compare within one only"),
        Column(header="MinScore", type=ColumnType.NUMERIC, description="lowest score of the scale"),
        Column(header="MaxScore", type=ColumnType.NUMERIC, description="highest score of the scale"),
        Column(
            header="CutScoreVersion",
            description="the published cut scores by which its bands are read; empty: it has none",
        ),
        Column(
            header="ComparableGroup",
            description="tests of one group have comparable scores over years and grades; empty: compares with itself",
        ),
    ),
    ("assessment_id",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("assessment",),
)

ASSESSMENT_WINDOWS = sheet(
    ASSESSMENT,
    "assessment_windows",
    "window in which a grade of a school takes a test: who is enrolled there on the expected day is expected to be "
    "tested, which is the denominator of participation. It is of the term of its first day",
    (
        school(),
        number("AssessmentID", "the test", required=True),
        Column(header="GradeLevel", required=True, description="grade level, in the system's spelling"),
        day("FirstDay", "first day of the window", required=True),
        day("LastDay", "last day of the window", required=True),
        day("ExpectedOn", "who is enrolled on this day is expected to be tested", required=True),
    ),
    ("school_id", "assessment_id", "grade_level", "first_day"),
    term=TermByDate(column="first_day", school="school_id"),
    scope=("school_id",),
    school="school_id",
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("assessment_window",),
)

ASSESSMENT_RESULTS = sheet(
    ASSESSMENT,
    "assessment_results",
    "result of a student in a test, or the reason why there is none (Ed-Fi StudentAssessment; with an objective "
    "StudentAssessmentStudentObjectiveAssessment). It is of the term of its day; a sheet states a school's results of "
    "a test whole, so that one taken back is gone",
    (
        number("ResultID", "the result", required=True),
        number("AssessmentID", "the test", required=True),
        school("the authority's number of the school that answers for the student when tested"),
        student(),
        day("AdministeredOn", "day of the test, or on which it was marked as not taken", required=True),
        of_person("GradeLevel", "grade level when tested, in the system's spelling"),
        of_person("ScaleScore", "score on the test's scale", type=ColumnType.NUMERIC),
        of_person("PerformanceLevel", "the vendor's own band"),
        number("ObjectiveID", "the learning objective that the score is for; empty: the whole test"),
        of_person("Attempt", "number of the attempt", type=ColumnType.INTEGER),
        sensitive(
            "ReasonNotTested",
            "why there is no score",
            allowed=("absent", "refusal", "medical", "first_year_el", "exempt", "invalidated"),
        ),
        flag("Accommodated", "whether the student was given accommodations", personal=PersonalData.SENSITIVE),
    ),
    ("result_id",),
    term=TermByDate(column="administered_on", school="school_id"),
    scope=("school_id", "assessment_id"),
    school="school_id",
    person=("student_number",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("assessment_result",),
)

COURSE_GRADES = sheet(
    ASSESSMENT,
    "course_grades",
    "mark of a student in a class for a grading period (Ed-Fi Grade and CourseTranscript). It is of the period that it "
    "is for, whenever it is entered",
    (
        school(),
        student(),
        _of_class(),
        GRADING_PERIOD,
        of_person("Grade", "the mark, as the scale spells it", required=True),
        Column(header="ScaleID", required=True, description="the grade scale"),
        of_person("Percent", "points reached of those possible, 0 to 100", type=ColumnType.NUMERIC),
        of_person("CreditsAttempted", "credits that the class can earn in the period", type=ColumnType.NUMERIC),
        of_person("CreditsEarned", "credits that the student has earned", type=ColumnType.NUMERIC),
        day("GradedOn", "day on which it was entered"),
    ),
    ("school_id", "student_number", "class_id", "grading_period"),
    term=OF_ITS_GRADING_PERIOD,
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner=_GRADEBOOK,
    freshness_days=YEAR_LONG,
    conforms_to=("course_grade",),
)

COURSE_GRADE_CRITERIA = sheet(
    ASSESSMENT,
    "course_grade_criteria",
    "level that a student reached in a criterion of a class (IB MYP: criteria A to D, 0 to 8 each). It is of the "
    "period that it is for",
    (
        school(),
        student(),
        _of_class(),
        GRADING_PERIOD,
        of_person("Criterion", "the criterion", required=True, pattern=r"[A-Z]"),
        of_person("Level", "level reached", required=True, type=ColumnType.INTEGER),
    ),
    ("school_id", "student_number", "class_id", "grading_period", "criterion"),
    term=OF_ITS_GRADING_PERIOD,
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner=_GRADEBOOK,
    freshness_days=YEAR_LONG,
    conforms_to=("course_grade_criterion",),
)

GRADE_SCALES = sheet(
    ASSESSMENT,
    "grade_scales",
    f"mark of a grade scale: what it is worth and whether it passes. {STANDING}",
    (
        Column(header="ScaleID", required=True, description="the grade scale"),
        Column(header="Grade", required=True, description="the mark, as courses spell it"),
        Column(header="Points", type=ColumnType.NUMERIC, description="grade points; empty: not in an average"),
        Column(header="LowestPercent", type=ColumnType.NUMERIC, description="percent from which it is given"),
        flag("Passing", "whether it passes the course", required=True),
        Column(header="Rank", type=ColumnType.INTEGER, required=True, description="place in the scale, 1 the lowest"),
    ),
    ("scale_id", "grade"),
    owner=_GRADEBOOK,
    freshness_days=YEAR_LONG,
    conforms_to=("grade_scale",),
)

ATL_SKILL_RATINGS = sheet(
    ASSESSMENT,
    "atl_skill_ratings",
    "rating of a student's approaches to learning in a class (IB: five categories). It is of the period that it is for",
    (
        school(),
        student(),
        _of_class(),
        GRADING_PERIOD,
        of_person(
            "Category",
            "category of skills",
            required=True,
            allowed=("communication", "social", "self-management", "research", "thinking"),
        ),
        of_person("Skill", "the skill, in the school's words", required=True),
        of_person("Rating", "how far it is reached, in the school's code", required=True),
    ),
    ("school_id", "student_number", "class_id", "grading_period", "category", "skill"),
    term=OF_ITS_GRADING_PERIOD,
    scope=("school_id",),
    school="school_id",
    person=("student_number",),
    owner=_GRADEBOOK,
    freshness_days=YEAR_LONG,
    conforms_to=("atl_rating",),
)

USAGE_RECORDS = sheet(
    ASSESSMENT,
    "usage_records",
    "a student's day in a learning product, for a class. It is of its day's term; a sheet states a school's day of a "
    "product whole",
    (
        school(),
        student(),
        number("ProductID", "the product", required=True),
        _of_class(),
        day("UsedOn", "the day, in the school's own zone", required=True),
        of_person("Minutes", "minutes of use", type=ColumnType.NUMERIC, required=True),
        of_person("Sessions", "number of sessions", type=ColumnType.INTEGER),
        of_person("ItemsCompleted", "number of items completed", type=ColumnType.INTEGER),
    ),
    ("school_id", "student_number", "product_id", "class_id", "used_on"),
    term=TermByDate(column="used_on", school="school_id"),
    scope=("school_id", "product_id", "used_on"),
    school="school_id",
    person=("student_number",),
    owner="learning-technology",
    freshness_days=14,
    conforms_to=("product_usage",),
)
