"""Programmes, units and learning objectives of the network.

Belongs here: what is to be learned, in what order. Does not belong here: who learned it (assessing.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edu_assets.sample.world import Cell, Header, TableFile, World

PROGRAMS = (
    ("PRIMARY", "Primary programme", "state standards", "KG", "05"),
    ("MYP", "Middle years programme", "MYP", "06", "10"),
    ("DIPLOMA", "Diploma programme", "DP", "11", "12"),
)
GRADES = ("KG", *(f"{n:02d}" for n in range(1, 13)))
SUBJECTS = {"ELA": "English", "MATH": "Mathematics", "SCI": "Science"}
OBJECTIVES_OF_A_UNIT = 2
MASTERY = 70.0
PLANNED_WEEKS = 11.0


@dataclass(frozen=True)
class Unit:
    program: str
    subject: str
    grade: str
    sequence: int

    @property
    def key(self) -> str:
        return f"U-{self.subject}-{self.grade}-{self.sequence}"

    @property
    def objectives(self) -> list[str]:
        return [f"O-{self.key[2:]}{'abcdef'[number]}" for number in range(OBJECTIVES_OF_A_UNIT)]


def units(world: World) -> list[Unit]:
    """One unit a term of each core subject and grade; the n-th is taught in the n-th term."""
    terms = max(len(year.terms) for year in world.population.years)
    return [
        Unit(program, subject, grade, sequence)
        for program, _, _, first, last in PROGRAMS
        for grade in GRADES[GRADES.index(first) : GRADES.index(last) + 1]
        for subject in SUBJECTS
        for sequence in range(1, terms + 1)
    ]


def tables(world: World) -> Iterator[TableFile]:
    """Sheets of system curriculum."""
    taught = units(world)
    header: Header = ("ProgramID", "Title", "Framework", "FirstGradeLevel", "LastGradeLevel")
    yield from world.unchanging("curriculum", "programs", header, PROGRAMS)
    header = ("UnitID", "ProgramID", "Title", "Subject", "GradeLevel", "Sequence", "PlannedWeeks")
    yield from world.unchanging("curriculum", "units", header, _unit_rows(taught))
    header = ("ObjectiveID", "UnitID", "Code", "Statement", "MasteryScore")
    yield from world.unchanging("curriculum", "learning_objectives", header, _objective_rows(taught))


def _unit_rows(taught: list[Unit]) -> Iterator[tuple[Cell, ...]]:
    for unit in taught:
        title = f"{SUBJECTS[unit.subject]} {unit.grade}, unit {unit.sequence}"
        yield unit.key, unit.program, title, SUBJECTS[unit.subject], unit.grade, unit.sequence, PLANNED_WEEKS


def _objective_rows(taught: list[Unit]) -> Iterator[tuple[Cell, ...]]:
    for unit in taught:
        for objective in unit.objectives:
            statement = f"Objective {objective[-1]} of {SUBJECTS[unit.subject]} {unit.grade}, unit {unit.sequence}"
            yield objective, unit.key, objective[2:], statement, MASTERY
