"""Results files of assessment vendors, as their portals export them: one line a student and test.

These files have up to 860 columns, most of them sub-scores that change every year. Declared are who was
tested, when, and the overall results; the rest is kept in `_extra`, where it bears no personal-data class of
its own: treat it as sensitive. Birth dates stay text: vendors write them in ways that do not tell the century,
or day from month. `files` are the names that whoever fetches an export from the portal gives it. Layouts: the
samples of edanalytics/earthmover_edfi_bundles (Apache-2.0).
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    Csv,
    DateFormat,
    PersonalData,
    System,
    TermByDate,
    TermByDelivery,
)

_OWNER = "assessment-office"
_US_OR_ISO = (DateFormat.US, DateFormat.ISO)


def _key(header: str, description: str = "identifies the result") -> Column:
    return Column(header=header, required=True, description=description)


def _student(header: str) -> Column:
    return Column(
        header=header,
        required=True,
        description="the vendor's or the authority's number of the student",
        personal=PersonalData.DIRECT,
    )


def _person(header: str, description: str = "who was tested", aliases: tuple[str, ...] = ()) -> Column:
    return Column(header=header, description=description, personal=PersonalData.DIRECT, aliases=aliases)


def _about(header: str, description: str = "of the student") -> Column:
    return Column(header=header, description=description, personal=PersonalData.INDIRECT)


def _sensitive(header: str) -> Column:
    return Column(header=header, description="of the student", personal=PersonalData.SENSITIVE)


def _day(header: str, formats: tuple[DateFormat, ...] = (DateFormat.US,), *, required: bool = False) -> Column:
    return Column(
        header=header, type=ColumnType.DATE, formats=formats, required=required, description="day of the test"
    )


def _number(header: str) -> Column:
    return Column(header=header, type=ColumnType.NUMERIC, description="result", personal=PersonalData.INDIRECT)


def _result(header: str) -> Column:
    return Column(header=header, description="result", personal=PersonalData.INDIRECT)


ACCESS = System(name="access", title="ACCESS for ELLs (WIDA)")

_ACCESS_STUDENT = (
    Column(header="State Name Abbreviation", required=True, description="state"),
    Column(header="District Number", required=True, description="district"),
    Column(header="School Number", description="school"),
    _student("Unique DRC Student ID"),
    _person("State Student ID"),
    _person("District Student ID"),
    _person("Student Last Name"),
    _person("Student First Name"),
    _person("Student Middle Name"),
    _person("Birth Date"),
    _about("Gender"),
    _about("Grade"),
    _about("Native Language"),
    _sensitive("IEP Status"),
    _sensitive("504 Plan"),
    _sensitive("Migrant"),
    _result("Reported Record"),
)

_ACCESS_DOMAINS = ("Listening", "Reading", "Speaking", "Writing", "Comprehension", "Literacy", "Oral", "Overall")

ACCESS_RESULTS = Contract(
    system=ACCESS.name,
    table="results",
    description="a student's ACCESS for ELLs result of a year",
    owner=_OWNER,
    columns=(
        *_ACCESS_STUDENT,
        *(_result(f"Proficiency Level - {domain}") for domain in _ACCESS_DOMAINS),
    ),
    key=("state_name_abbreviation", "district_number", "unique_drc_student_id"),
    term=TermByDelivery(),
    person=("unique_drc_student_id",),
    files=("access*.csv",),
    freshness_days=400,
)

ALTERNATE_ACCESS_RESULTS = Contract(
    system=ACCESS.name,
    table="alternate_results",
    description="a student's WIDA Alternate ACCESS result of a year",
    owner=_OWNER,
    columns=_ACCESS_STUDENT,
    key=("state_name_abbreviation", "district_number", "unique_drc_student_id"),
    term=TermByDelivery(),
    person=("unique_drc_student_id",),
    files=("alternate_access*.csv",),
    freshness_days=400,
)

ACT = System(name="act", title="ACT")

ACT_RESULTS = Contract(
    system=ACT.name,
    table="results",
    description="a student's ACT of one test date",
    owner=_OWNER,
    columns=(
        _student("ID_ACT"),
        _key("Test_Dte", "month and year of the test, MMYYYY"),
        _person("ID_StateAssign"),
        _person("ID_Local"),
        _person("F_Name"),
        _person("M_Initial"),
        _person("L_Name"),
        _person("Address1"),
        _person("Address2"),
        _person("Phone"),
        _person("DOB", "MMDDYYYY"),
        _about("Gender"),
        _about("HS_GradeLev"),
        Column(header="HS_Code", description="the high school's ACT code"),
    ),
    key=("id_act", "test_dte"),
    term=TermByDelivery(),
    person=("id_act",),
    files=("act*.csv",),
    freshness_days=400,
)

COLLEGE_BOARD = System(name="collegeboard", title="College Board: AP, PSAT, SAT")

_COLLEGE_BOARD_STUDENT = (
    _student("CB_ID"),
    Column(header="AI_CODE", required=True, description="the school's attending-institution code"),
    Column(header="AI_NAME", description="school"),
    Column(header="COHORT_YEAR", description="expected year of graduation"),
    _person("SECONDARY_ID"),
    _person("NAME_LAST"),
    _person("NAME_FIRST"),
    _person("NAME_MI"),
    _person("BIRTH_DATE"),
    _person("ADDRESS_LINE1"),
    _person("ADDRESS_LINE2"),
    _about("GENDER"),
    _about("DERIVED_AGGREGATE_RACE_ETH"),
)


def _college_board(table: str, test: str, files: tuple[str, ...]) -> Contract:
    scores = ("TOTAL", "EBRW", "MATH_SECTION")
    return Contract(
        system=COLLEGE_BOARD.name,
        table=table,
        description=f"a student's latest {test} of one test date",
        owner=_OWNER,
        columns=(
            *_COLLEGE_BOARD_STUDENT,
            _day(f"LATEST_{test}_DATE", _US_OR_ISO, required=True),
            _about(f"LATEST_{test}_GRADE"),
            *(_number(f"LATEST_{test}_{score}") for score in scores),
            Column(header="REPORT_DATE", type=ColumnType.DATE, formats=_US_OR_ISO, description="day of the report"),
        ),
        key=("cb_id", f"latest_{test.lower()}_date"),
        term=TermByDelivery(),
        person=("cb_id",),
        files=files,
        freshness_days=400,
    )


SAT_RESULTS = _college_board("sat", "SAT", ("sat*.csv",))
PSAT_RESULTS = _college_board("psat", "PSAT", ("psat*.csv",))

AP_RESULTS = Contract(
    system=COLLEGE_BOARD.name,
    table="ap",
    description="a student's AP exams, up to thirty on one line",
    owner=_OWNER,
    columns=(
        _student("AP Number / AP ID"),
        Column(header="AI Code", required=True, description="the school's attending-institution code"),
        _person("Last Name"),
        _person("First Name"),
        _person("Middle Initial"),
        _person("Student Street Address 1"),
        _person("Date of Birth", "MMDDYY"),
        _about("Gender"),
        _about("Grade Level"),
        Column(header="Admin Year 01", description="year of the first exam, YY"),
        _result("Exam Code 01"),
        _result("Exam Grade 01"),
    ),
    key=("ap_number_ap_id", "ai_code"),
    term=TermByDelivery(),
    person=("ap_number_ap_id",),
    files=("ap*.csv",),
    freshness_days=400,
)

DIBELS = System(name="dibels", title="DIBELS 8th Edition (mCLASS)")

DIBELS_BENCHMARKS = Contract(
    system=DIBELS.name,
    table="benchmarks",
    description="a student's DIBELS benchmark of one period of a year",
    owner=_OWNER,
    columns=(
        _key("School Year", "2023-2024"),
        _key("Benchmark Period", "BOY, MOY or EOY"),
        _key("Assessment", "the product"),
        _student("Student Primary ID"),
        Column(header="Primary School ID", description="school"),
        _person("Student Last Name"),
        _person("Student First Name"),
        _person("Student Middle Name"),
        _person("Date of Birth"),
        _about("Gender"),
        _about("Race"),
        _about("Home Language"),
        _sensitive("Special Education"),
        _sensitive("Disability"),
        _sensitive("Meal Status"),
        _day("Client Date", (DateFormat.ISO,)),
        _result("Composite Level"),
        _number("Composite Score"),
    ),
    key=("school_year", "benchmark_period", "assessment", "student_primary_id"),
    term=TermByDelivery(),
    person=("student_primary_id",),
    files=("dibels*.csv",),
    freshness_days=200,
)

IB = System(name="ib", title="International Baccalaureate: Diploma Programme results")

IB_RESULTS = Contract(
    system=IB.name,
    table="results",
    description="a candidate's grade in a subject of an examination session",
    owner=_OWNER,
    columns=(
        _key("YEAR", "year of the session"),
        _key("MONTH", "month of the session"),
        _student("CANDIDATE"),
        _key("SUBJECT"),
        _key("LEVEL", "HL, SL, or TK and EE"),
        Column(header="SCHOOL_CODE", required=True, description="the school's IB code"),
        _person("FIRST_NAME"),
        _person("LAST_NAME"),
        _person("DOB"),
        _person("student_unique_id"),
        _about("GENDER"),
        _result("PREDICTED_GRADE"),
        _result("SUBJECT_GRADE"),
        _result("TOTAL_POINTS"),
        _result("RESULT_CODE"),
    ),
    key=("year", "month", "school_code", "candidate", "subject", "level"),
    term=TermByDelivery(),
    person=("candidate",),
    conforms_to=("assessment_result",),
    files=("ib*.csv",),
    freshness_days=400,
)

ILEARN = System(name="ilearn", title="ILEARN (Indiana)")

ILEARN_RESULTS = Contract(
    system=ILEARN.name,
    table="results",
    description="a student's result in one ILEARN, IREAD-3 or I AM test",
    owner=_OWNER,
    columns=(
        _student("STN"),
        _key("Test name"),
        Column(header="Enrolled School ID", description="school"),
        Column(header="Enrolled Corporation ID", description="district"),
        _person("Student First Name"),
        _person("Student Last Name"),
        _person("Student DOB", "MMDDYYYY"),
        _about("Gender"),
        _about("Ethnicity"),
        _about("Enrolled Grade"),
        _sensitive("Special Education Status"),
        _sensitive("Section 504 Status"),
        _sensitive("Free/Reduced Price Meals"),
        _result("Overall scale score"),
        _result("Overall proficiency level"),
    ),
    key=("stn", "test_name"),
    term=TermByDelivery(),
    person=("stn",),
    files=("ilearn*.csv",),
    freshness_days=400,
)

IREADY = System(name="iready", title="i-Ready Diagnostic (Curriculum Associates)")


def _iready(subject: str, measure: str) -> Contract:
    return Contract(
        system=IREADY.name,
        table=f"diagnostic_{subject}",
        description=f"a student's i-Ready diagnostic in {subject}",
        owner=_OWNER,
        columns=(
            _student("Student ID"),
            _key("Academic Year", "2025-2026"),
            _day("Start Date", required=True),
            _day("Completion Date"),
            Column(header="School", description="school"),
            _person("Last Name"),
            _person("First Name"),
            _person("User Name"),
            _person("Student State ID"),
            _about("Student Grade"),
            _about("Sex"),
            _about("Race"),
            _sensitive("Special Education"),
            _sensitive("Economically Disadvantaged"),
            _number("Overall Scale Score"),
            _result("Overall Placement"),
            _number("Percentile"),
            Column(header=measure, required=True, description="result", personal=PersonalData.INDIRECT),
        ),
        key=("student_id", "academic_year", "start_date"),
        term=TermByDate(column="start_date"),
        person=("student_id",),
        conforms_to=("assessment_result",),
        state_numbers=True,
        files=(f"diagnostic_results_{subject}*.csv",),
        freshness_days=200,
    )


IREADY_ELA = _iready("ela", "Lexile Measure")
IREADY_MATH = _iready("math", "Quantile Measure")

NWEA = System(name="nwea", title="MAP Growth (NWEA), combined data file")

MAP_GROWTH = Contract(
    system=NWEA.name,
    table="map_growth",
    description="a student's MAP Growth test event",
    owner=_OWNER,
    columns=(
        _key("TermName", "the vendor's term, Fall 2021-2022"),
        _student("StudentID"),
        _key("TestID"),
        _day("TestStartDate", required=True),
        Column(header="School_StateID", description="school"),
        _person("Student_StateID"),
        Column(header="Subject", description="subject"),
        Column(header="Course", description="course"),
        Column(header="TestName", description="test"),
        Column(header="GrowthMeasureYN", description="whether it counts for growth"),
        _number("TestDurationMinutes"),
        _number("TestRITScore"),
        _number("TestStandardError"),
        _number("TestPercentile"),
    ),
    key=("term_name", "student_id", "test_id", "test_start_date"),
    term=TermByDate(column="test_start_date"),
    person=("student_id",),
    conforms_to=("assessment_result",),
    state_numbers=True,
    files=("map_growth*.csv",),
    freshness_days=200,
)

STAR = System(name="star", title="Star assessments (Renaissance)")

_STAR_RESULT = (
    _student("StudentRenaissanceID"),
    _key("AssessmentID"),
    _person("StudentSourcedID"),
    _person("StudentIdentifier"),
    _person("StudentStateID"),
    Column(header="SchoolYear", description="2023-2024"),
    Column(
        header="CompletedDate",
        type=ColumnType.TIMESTAMP,
        formats=(DateFormat.ISO_INSTANT,),
        description="when the test was completed",
    ),
)


def _star(
    table: str,
    files: tuple[str, ...],
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    conforms_to: tuple[str, ...] = (),
) -> Contract:
    return Contract(
        system=STAR.name,
        table=table,
        description=f"Star Reading: {table.replace('_', ' ')} of a test event",
        owner=_OWNER,
        columns=(*_STAR_RESULT, *columns),
        key=("assessment_id", *key),
        term=TermByDelivery(),
        person=("student_renaissance_id",),
        conforms_to=conforms_to,
        state_numbers=bool(conforms_to),
        files=files,
        freshness_days=200,
    )


STAR_READING = _star(
    "reading",
    ("SR_v*.csv",),
    (
        _person("StudentFirstName"),
        _person("StudentLastName"),
        _person("StudentEmail"),
        _person("BirthDate"),
        _about("Gender"),
        _about("CurrentGrade"),
        _person("TeacherFirstName", "teacher"),
        _person("TeacherLastName", "teacher"),
        Column(header="SchoolIdentifier", description="school"),
        _result("ScaledScore"),
        _result("PercentileRank"),
    ),
    (),
    ("assessment_result",),
)
STAR_STANDARDS = _star(
    "standards",
    ("SR_Dashboard_Standards*.csv",),
    (_key("StandardName"), _number("StandardPercentMastery"), _result("StandardMasteryLevel")),
    ("standard_name",),
)
STAR_SKILLS = _star(
    "skill_areas",
    ("SR_SkillArea*.csv",),
    (_key("SkillAreaName"), _number("SkillAreaMasteryScore"), _number("DomainScore")),
    ("skill_area_name",),
)

TX_KEA = System(name="txkea", title="Texas Kindergarten Entry Assessment")

TX_KEA_RESULTS = Contract(
    system=TX_KEA.name,
    table="results",
    description="a student's results of a wave",
    owner=_OWNER,
    columns=(
        _key("Wave"),
        _key("School_Year", "23-24"),
        _student("Student_Engage_ID"),
        _person("Local_Student ID"),
        _person("Student_State_ID"),
        _person("Student_First_Name"),
        _person("Student_Middle_Name"),
        _person("Student_Last_Name"),
        _person("Student_DOB"),
        _person("Teacher_PrimaryEmail", "teacher"),
        Column(header="School_Number", description="school"),
        _about("Student_Gender"),
        _about("Student_Race"),
        _sensitive("Special_Ed"),
        _sensitive("Econ_Disadvantaged"),
        _result("TXKEA_Letter_Names_1"),
        _result("TXKEA_Letter_Names_1 (2)"),
        _result("TXKEA_Letter_Names_1 (3)"),
    ),
    key=("wave", "school_year", "student_engage_id"),
    term=TermByDelivery(),
    person=("student_engage_id",),
    files=("txkea*.csv",),
    written=(Csv(header_line=3),),
    freshness_days=200,
)
