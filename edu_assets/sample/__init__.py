"""A synthetic school network that writes what real systems export. Nobody in it exists.

Belongs here: the simulation of three schools over two years, the writing of their systems' exports,
and the faults planted in them. Does not belong here: anything that loads or judges them; the sample
knows neither contracts nor tables.

Read in this order: school_years → population → timetable, absence and traits (what is true), districts →
oneroster and attendance (how rosters and days are written), world (what every other system is told, and its
sheets: records, ods, admissions, conduct, reference, periods, curriculum, assessing, finance, survey, hr, platform),
faults (what goes wrong), exports (what is sent when).
"""

from edu_assets.sample.exports import ExportedFile, ExportSummary, FileKind, write_exports
from edu_assets.sample.faults import Outcome, PlantedFault

__all__ = ["ExportSummary", "ExportedFile", "FileKind", "Outcome", "PlantedFault", "write_exports"]
