"""Curriculum systems: programmes, their units, and the learning objectives that units teach.

Belongs here: declarations alone. No person stands in them. Does not belong here: who reached an objective
(assessment.py).
"""

from edu_assets.contracts.base import Column, ColumnType, System
from edu_assets.contracts.sheets import STANDING, YEAR_LONG, number, sheet

CURRICULUM = System(name="curriculum", title="Curriculum management")

_OFFICE = "curriculum-office"

PROGRAMS = sheet(
    CURRICULUM,
    "programs",
    f"programme of study of the network. {STANDING}",
    (
        number("ProgramID", "the programme", required=True),
        Column(header="Title", required=True, description="what it is called"),
        Column(header="Framework", required=True, description="framework it follows, e.g. MYP, DP, state standards"),
        Column(header="FirstGradeLevel", description="lowest grade level, in the system's spelling"),
        Column(header="LastGradeLevel", description="highest grade level, in the system's spelling"),
    ),
    ("program_id",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("program",),
)

UNITS = sheet(
    CURRICULUM,
    "units",
    f"unit of a programme: what is taught together, in order. {STANDING}",
    (
        number("UnitID", "the unit", required=True),
        number("ProgramID", "its programme", required=True),
        Column(header="Title", required=True, description="what it is called"),
        Column(header="Subject", required=True, description="subject, in the system's spelling"),
        Column(header="GradeLevel", required=True, description="grade level, in the system's spelling"),
        Column(header="Sequence", type=ColumnType.INTEGER, required=True, description="place in the year, from 1"),
        Column(header="PlannedWeeks", type=ColumnType.NUMERIC, description="weeks of teaching"),
    ),
    ("unit_id",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("curriculum_unit",),
)

LEARNING_OBJECTIVES = sheet(
    CURRICULUM,
    "learning_objectives",
    f"what students are to know or do after a unit (CASE CFItem; Ed-Fi LearningStandard). {STANDING}",
    (
        number("ObjectiveID", "the objective", required=True),
        number("UnitID", "the unit that teaches it", required=True),
        Column(header="Code", description="its code in the framework"),
        Column(header="Statement", required=True, description="what is to be known or done"),
        Column(
            header="MasteryScore",
            type=ColumnType.NUMERIC,
            required=True,
            description="score from which the objective is mastered, on the scale of the tests of it",
        ),
    ),
    ("objective_id",),
    owner=_OFFICE,
    freshness_days=YEAR_LONG,
    conforms_to=("learning_objective",),
)
