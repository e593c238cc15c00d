"""Canonical entities of marks, ratings, tests and the curriculum.

Belongs here: columns alone, in the terms of Ed-Fi, CEDS and CASE. Does not belong here: enrolment and attendance
(entities.py), what a mark or a score is worth where no source says so (rules, in seeds).

A system that marks names a class by the roster's identifier, without the roster's feed.
"""

from edu_assets.contracts.base import Entity, EntityColumn, PersonalData

STUDENT_ID = EntityColumn(name="student_id", type="text", personal=PersonalData.DIRECT)
SCHOOL_ID = EntityColumn(name="school_id", type="text")
SOURCE_CLASS_ID = EntityColumn(name="source_class_id", type="text", description="the class as its roster names it")


def _of_person(name: str, kind: str, description: str) -> EntityColumn:
    return EntityColumn(name=name, type=kind, description=description, personal=PersonalData.INDIRECT)


COURSE_GRADE = Entity(
    name="course_grade",
    definition="Ed-Fi Grade: the mark of a student in a class for a grading period",
    columns=(
        STUDENT_ID,
        SCHOOL_ID,
        SOURCE_CLASS_ID,
        EntityColumn(name="grading_period", type="text", description="the period that the mark is for"),
        _of_person("grade", "text", "the mark, as its scale spells it"),
        EntityColumn(name="grade_scale_id", type="text", description="feed and the source's scale"),
        _of_person("percent", "numeric", "points reached of those possible, 0 to 100"),
        _of_person("credits_attempted", "numeric", "credits that the class can earn"),
        _of_person("credits_earned", "numeric", "credits earned"),
        EntityColumn(name="graded_on", type="date", description="day on which it was entered"),
    ),
)

COURSE_GRADE_CRITERION = Entity(
    name="course_grade_criterion",
    definition="level that a student reached in a criterion of a class for a grading period (IB MYP: A to D)",
    columns=(
        STUDENT_ID,
        SCHOOL_ID,
        SOURCE_CLASS_ID,
        EntityColumn(name="grading_period", type="text", description="the period that the level is for"),
        EntityColumn(name="criterion", type="text"),
        _of_person("criterion_level", "integer", "level reached"),
    ),
)

GRADE_SCALE = Entity(
    name="grade_scale",
    definition="a mark of a grade scale, as the term's own sheet states it (Ed-Fi GradingScale by mark)",
    columns=(
        EntityColumn(name="grade_scale_id", type="text", description="feed and the source's scale"),
        EntityColumn(name="grade", type="text", description="the mark"),
        EntityColumn(name="grade_points", type="numeric", description="null: not in an average"),
        EntityColumn(name="lowest_percent", type="numeric", description="percent from which it is given"),
        EntityColumn(name="is_passing", type="boolean"),
        EntityColumn(name="grade_rank", type="integer", description="place in the scale, 1 the lowest"),
    ),
)

ASSESSMENT = Entity(
    name="assessment",
    definition="Ed-Fi Assessment: a test, its scale, its cut scores and what it compares with",
    columns=(
        EntityColumn(name="assessment_id", type="text", description="feed and the source's test"),
        EntityColumn(name="assessment_title", type="text"),
        EntityColumn(name="assessment_category", type="text", description="what it is for"),
        EntityColumn(name="subject", type="text", description="as the source calls it"),
        EntityColumn(name="grade_level", type="text", description="grade level that it is made for; null: several"),
        EntityColumn(name="score_scale", type="text", description="scores compare within one scale only"),
        EntityColumn(name="min_score", type="numeric"),
        EntityColumn(name="max_score", type="numeric"),
        EntityColumn(name="cut_score_version", type="text", description="published cut scores; null: it has none"),
        EntityColumn(
            name="comparable_group",
            type="text",
            description="tests of one group compare over years and grades; null: with itself alone",
        ),
    ),
)

ASSESSMENT_WINDOW = Entity(
    name="assessment_window",
    definition="the days on which a grade of a school takes a test, and the day whose members are expected to",
    columns=(
        SCHOOL_ID,
        EntityColumn(name="assessment_id", type="text", description="feed and the source's test"),
        EntityColumn(name="grade_level", type="text", description="CEDS grade level code"),
        EntityColumn(name="first_day", type="date"),
        EntityColumn(name="last_day", type="date", description="inclusive"),
        EntityColumn(name="expected_on", type="date", description="who is enrolled on this day is expected"),
    ),
)

ATL_RATING = Entity(
    name="atl_rating",
    definition="a student's approach to learning (IB ATL skill) as rated in a class for a grading period",
    columns=(
        STUDENT_ID,
        SCHOOL_ID,
        SOURCE_CLASS_ID,
        EntityColumn(name="grading_period", type="text", description="the period that the rating is for"),
        EntityColumn(name="skill_category", type="text", description="one of the five categories of the IB"),
        EntityColumn(name="skill", type="text", description="the skill, in the school's words"),
        _of_person("rating", "text", "how far it is reached, in the school's code"),
        EntityColumn(name="system", type="text"),
    ),
)

PROGRAM = Entity(
    name="program",
    definition="a programme of study of the network, whose numbers hold in every feed",
    columns=(
        EntityColumn(name="program_id", type="text"),
        EntityColumn(name="program_title", type="text"),
        EntityColumn(name="framework", type="text", description="framework that it follows"),
        EntityColumn(name="first_grade_level", type="text", description="CEDS grade level code"),
        EntityColumn(name="last_grade_level", type="text", description="CEDS grade level code"),
    ),
)

CURRICULUM_UNIT = Entity(
    name="curriculum_unit",
    definition="a unit of a programme: what is taught together, in order",
    columns=(
        EntityColumn(name="unit_id", type="text"),
        EntityColumn(name="program_id", type="text"),
        EntityColumn(name="unit_title", type="text"),
        EntityColumn(name="subject", type="text", description="as the source calls it"),
        EntityColumn(name="grade_level", type="text", description="CEDS grade level code"),
        EntityColumn(name="unit_sequence", type="integer", description="place in the year, from 1"),
        EntityColumn(name="planned_weeks", type="numeric"),
    ),
)

LEARNING_OBJECTIVE = Entity(
    name="learning_objective",
    definition="CASE CFItem; Ed-Fi LearningStandard: what students are to know or do after a unit",
    columns=(
        EntityColumn(name="objective_id", type="text"),
        EntityColumn(name="unit_id", type="text"),
        EntityColumn(name="objective_code", type="text", description="its code in the framework"),
        EntityColumn(name="objective_statement", type="text"),
        EntityColumn(name="mastery_score", type="numeric", description="score from which it is mastered"),
    ),
)
