"""Ed-Fi's resources of learning: assessments, grades, transcripts, gradebooks.

Belongs here: declarations alone, in the words of edfi.py. Does not belong here: what a score or a mark is
worth (rules).
"""

from edu_assets.contracts.base import Column, ColumnType, DateFormat, PersonalData, TermVia
from edu_assets.contracts.edfi import (
    GRADING_PERIODS,
    collection,
    day,
    descriptor,
    key,
    names,
    number,
    of_day,
    organization,
    resource,
    school,
    section,
    student,
    text,
)

_OF_PERSON = PersonalData.INDIRECT

ASSESSMENTS = resource(
    "assessments",
    "test",
    (key("assessmentIdentifier", "the test"), key("namespace", "who publishes it")),
    (
        key("assessmentTitle", "title"),
        collection("academicSubjects", "subjects"),
        collection("assessedGradeLevels", "grade levels that it is made for"),
        descriptor("assessmentCategoryDescriptor", "what it is for"),
        text("assessmentFamily", "tests that it belongs to"),
        collection("scores", "scores that it gives, with their bounds"),
        collection("performanceLevels", "bands that it gives, with their bounds"),
        number("maxRawScore", "highest raw score"),
    ),
    table="assessments",
    owner="assessment-office",
    conforms_to=("assessment",),
)

OBJECTIVE_ASSESSMENTS = resource(
    "objectiveAssessments",
    "part of a test with scores of its own",
    (
        key("assessmentReference.assessmentIdentifier", "the test"),
        key("assessmentReference.namespace", "who publishes it"),
        key("identificationCode", "the part"),
    ),
    (text("description"), collection("learningStandards", "standards that it tests")),
    table="objective_assessments",
    owner="assessment-office",
)

STUDENT_ASSESSMENTS = resource(
    "studentAssessments",
    "result of a student in a test. It is of the term of the day that is written, in UTC: a day without a time is sent "
    "as midnight there. A result without a day has no term and is set aside",
    (
        key("assessmentReference.assessmentIdentifier", "the test"),
        key("assessmentReference.namespace", "who publishes it"),
        key("studentAssessmentIdentifier", "the result", _OF_PERSON),
        student(),
    ),
    (
        Column(
            header="administrationDate",
            type=ColumnType.TIMESTAMP,
            formats=(DateFormat.ISO_INSTANT, DateFormat.ISO_UTC),
            description="when it was taken, in UTC",
            personal=_OF_PERSON,
            required=True,
        ),
        text("schoolYearTypeReference.schoolYear", "the school year"),
        text("reportedSchoolReference.schoolId", "the school that the result counts for"),
        descriptor("whenAssessedGradeLevelDescriptor", "grade level when tested", _OF_PERSON),
        descriptor("reasonNotTestedDescriptor", "why there is no score", PersonalData.SENSITIVE),
        descriptor("retestIndicatorDescriptor", "which attempt it is", _OF_PERSON),
        collection("scoreResults", "scores", _OF_PERSON),
        collection("performanceLevels", "bands", _OF_PERSON),
        collection("studentObjectiveAssessments", "results of parts", _OF_PERSON),
    ),
    table="student_assessments",
    term=of_day("administration_date", None),
    person=("student_reference_student_unique_id",),
    owner="assessment-office",
    conforms_to=("assessment_result",),
)

_ENROLMENT = "studentSectionAssociationReference."
_PERIOD = "gradingPeriodReference."
_PERIODS_KEY = (
    school(f"{_PERIOD}schoolId"),
    key(f"{_PERIOD}schoolYear", "the school year"),
    descriptor(f"{_PERIOD}gradingPeriodDescriptor", "kind of period", required=True),
    key(f"{_PERIOD}gradingPeriodName", "the period"),
)

GRADES = resource(
    "grades",
    "mark of a student in a section for a grading period. It is of its grading period's term",
    (
        *section(_ENROLMENT),
        student(f"{_ENROLMENT}studentUniqueId"),
        day(f"{_ENROLMENT}beginDate", "first day in the section", _OF_PERSON, required=True),
        *_PERIODS_KEY,
        descriptor("gradeTypeDescriptor", "of what the mark is", required=True),
    ),
    (
        text("letterGradeEarned", "the mark", _OF_PERSON),
        number("numericGradeEarned", "the mark as a number", _OF_PERSON),
        day("currentGradeAsOfDate", "day on which it was entered"),
    ),
    table="grades",
    term=TermVia(parent="grading_periods", key=dict(zip(names(_PERIODS_KEY), GRADING_PERIODS.key, strict=True))),
    person=("student_section_association_reference_student_unique_id",),
    owner="registrar",
    conforms_to=("course_grade",),
)

_RECORD = (
    student("studentAcademicRecordReference.studentUniqueId"),
    organization("studentAcademicRecordReference.educationOrganizationId"),
    key("studentAcademicRecordReference.schoolYear", "the school year"),
    descriptor("studentAcademicRecordReference.termDescriptor", "kind of session", required=True),
)

STUDENT_ACADEMIC_RECORDS = resource(
    "studentAcademicRecords",
    "what a student has earned up to a session",
    (
        student(),
        organization(),
        key("schoolYearTypeReference.schoolYear", "the school year"),
        descriptor("termDescriptor", "kind of session", required=True),
    ),
    (
        number("cumulativeEarnedCredits", "credits earned so far", _OF_PERSON),
        collection("gradePointAverages", "averages of marks", _OF_PERSON),
    ),
    table="student_academic_records",
    person=("student_reference_student_unique_id",),
    owner="registrar",
)

COURSE_TRANSCRIPTS = resource(
    "courseTranscripts",
    "course on a student's transcript",
    (
        *_RECORD,
        key("courseReference.courseCode", "the course"),
        organization("courseReference.educationOrganizationId"),
        descriptor("courseAttemptResultDescriptor", "how it ended", _OF_PERSON, required=True),
    ),
    (
        number("attemptedCredits", "credits that it could earn", _OF_PERSON),
        number("earnedCredits", "credits earned", _OF_PERSON),
        text("finalLetterGradeEarned", "the mark", _OF_PERSON),
        number("finalNumericGradeEarned", "the mark as a number", _OF_PERSON),
        descriptor("whenTakenGradeLevelDescriptor", "grade level when taken", _OF_PERSON),
    ),
    table="course_transcripts",
    person=("student_academic_record_reference_student_unique_id",),
    owner="registrar",
)

REPORT_CARDS = resource(
    "reportCards",
    "report card of a student for a grading period",
    (
        student(),
        organization(),
        *_PERIODS_KEY,
    ),
    (
        number("numberOfDaysAbsent", "days absent", _OF_PERSON),
        number("numberOfDaysInAttendance", "days in attendance", _OF_PERSON),
        number("numberOfDaysTardy", "days tardy", _OF_PERSON),
    ),
    table="report_cards",
    person=("student_reference_student_unique_id",),
    owner="registrar",
)

GRADEBOOK_ENTRIES = resource(
    "gradebookEntries",
    "assignment of a section",
    (key("gradebookEntryIdentifier", "the assignment"), key("namespace", "the gradebook")),
    (
        key("sourceSectionIdentifier", "the section, as the gradebook calls it"),
        key("title", "title"),
        day("dateAssigned", "day on which it was set"),
        day("dueDate", "day on which it was due"),
        number("maxPoints", "points possible"),
    ),
    table="gradebook_entries",
    owner="digital-learning",
)

STUDENT_GRADEBOOK_ENTRIES = resource(
    "studentGradebookEntries",
    "what a student handed in for an assignment",
    (
        key("gradebookEntryReference.gradebookEntryIdentifier", "the assignment"),
        key("gradebookEntryReference.namespace", "the gradebook"),
        student(),
    ),
    (
        day("dateFulfilled", "day on which it was handed in", _OF_PERSON),
        number("pointsEarned", "points", _OF_PERSON),
        descriptor("submissionStatusDescriptor", "handed in, excused and so on", _OF_PERSON),
        descriptor("assignmentLateStatusDescriptor", "in time or late", _OF_PERSON),
    ),
    table="student_gradebook_entries",
    person=("student_reference_student_unique_id",),
    owner="digital-learning",
)
