"""What lies behind a student's figures: means, ability, conduct and outlook, drawn so that they belong together.

Belongs here: the traits of students and how they correlate. Does not belong here: what comes of them (the modules
that write exports). Each trait is a standard score over the network: mean 0, standard deviation 1, roughly.

The model is one of causes: a household's means help ability, absence hurts it, and conduct and outlook follow from
both. Absence itself is `Student.tendency`, so that what was simulated without traits stays as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from statistics import fmean, pstdev

from edu_assets.sample.population import Student


@dataclass(frozen=True)
class Traits:
    """means: of the household, the same for siblings. conduct: high is troubled. outlook: high is favourable."""

    means: float
    ability: float
    conduct: float
    outlook: float


def traits(students: tuple[Student, ...], seed: int) -> dict[int, Traits]:
    """The traits of each student by index, the same for a seed."""
    absence = [math.log(student.tendency + 0.004) for student in students]
    mean, spread = fmean(absence), pstdev(absence) or 1.0
    return {
        student.index: _traits(student, (missed - mean) / spread, seed)
        for student, missed in zip(students, absence, strict=True)
    }


def _traits(student: Student, absence: float, seed: int) -> Traits:
    household = f"guardian:{student.guardian.index}" if student.guardian else f"student:{student.index}"
    means = Random(f"{seed}:means:{household}").gauss(0, 1)
    random = Random(f"{seed}:traits:{student.index}")
    ability = 0.4 * means - 0.35 * absence + 0.8 * random.gauss(0, 1)
    conduct = 0.45 * absence - 0.35 * ability + 0.8 * random.gauss(0, 1)
    outlook = 0.35 * ability - 0.3 * absence - 0.2 * conduct + 0.8 * random.gauss(0, 1)
    return Traits(means, ability, conduct, outlook)
