"""What the district's Ed-Fi ODS has of the register: schools, students, memberships, families, as its API returns them.

Belongs here: the translation of the register's sheets into items of the data standard. Does not belong here: what the
register says (records.py), what Ed-Fi is (contracts).

The network began with Ed-Fi in its last year, so the ODS knows that year alone. It is a second witness of what the
register states; of a second school's membership, and of who never came, it is not told. Organisations have integers,
without the zeros with which others write them: those of schools stand in the network file (`also`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from edu_assets.network import School
from edu_assets.sample.records import ENROLLMENTS, GUARDIANS, STUDENTS, Records
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, Header, TableFile, World

SYSTEM = "edfi"
GRADES = {"KG": "Kindergarten"} | {
    f"{number:02d}": f"{word} grade"
    for number, word in enumerate(
        (
            *("First", "Second", "Third", "Fourth", "Fifth", "Sixth"),
            *("Seventh", "Eighth", "Ninth", "Tenth", "Eleventh", "Twelfth"),
        ),
        start=1,
    )
}
SEXES = {"F": "Female", "M": "Male", "X": "Non-binary"}
RACES = {
    "W": "White",
    "B": "Black - African American",
    "A": "Asian",
    "I": "American Indian - Alaska Native",
    "P": "Native Hawaiian - Pacific Islander",
    "M": "Other",
}
LANGUAGES = {"en": "eng", "es": "spa", "pt": "por", "zh": "zho", "ar": "ara", "vi": "vie"}
ENTRIES = {
    "E1": "Original entry into a United States school",
    "R1": "Re-entry from the same school with no interruption of schooling",
    "T1": "Transfer from a public school in the same local education agency",
}
EXITS = {"W1": "Transferred", "W2": "Withdrawn"}
RELATIONS = {"mother": "Mother", "father": "Father", "parent": "Other"}

AGENCY_ITEMS = ("localEducationAgencyId", "nameOfInstitution", "localEducationAgencyCategoryDescriptor")
SCHOOL_ITEMS = (
    *("schoolId", "nameOfInstitution", "localEducationAgencyReference.localEducationAgencyId", "gradeLevels"),
    *("schoolTypeDescriptor", "operationalStatusDescriptor"),
)
STUDENT_ITEMS = (
    *("studentUniqueId", "firstName", "middleName", "lastSurname", "generationCodeSuffix", "preferredFirstName"),
    "birthDate",
)
MEMBERSHIP_ITEMS = (
    *("studentReference.studentUniqueId", "schoolReference.schoolId", "entryDate"),
    *("schoolYearTypeReference.schoolYear", "entryGradeLevelDescriptor", "entryTypeDescriptor", "primarySchool"),
    *("fullTimeEquivalency", "exitWithdrawDate", "exitWithdrawTypeDescriptor"),
)
CHARACTERISTIC_ITEMS = (
    *("studentReference.studentUniqueId", "educationOrganizationReference.educationOrganizationId", "sexDescriptor"),
    *("hispanicLatinoEthnicity", "races", "languages", "studentIdentificationCodes"),
)
CONTACT_ITEMS = ("contactUniqueId", "firstName", "lastSurname", "electronicMails")
FAMILY_ITEMS = (
    *("studentReference.studentUniqueId", "contactReference.contactUniqueId", "relationDescriptor"),
    *("primaryContactStatus", "livesWith", "contactPriority", "contactRestrictions"),
)
Row = dict[str, Any]


@dataclass(frozen=True)
class ItemFile(TableFile):
    """Items of one resource: `<resource>_<sent>.jsonl`. A dot in the header leads into a reference or another object.

    keys: how many of the first properties are the natural key of an item.
    """

    keys: int

    @property
    def name(self) -> str:
        return f"{self.table}_{self.sent}.jsonl"

    def text(self) -> str:
        return "".join(f"{json.dumps(self._item(row), default=str)}\n" for row in self.rows)

    def _item(self, row: Sequence[Cell]) -> Row:
        """An item leaves out what is not there; its id is of its natural key, its version of all that it says."""
        key = [self.table, *map(str, row[: self.keys])]
        item: Row = {"id": sha256("|".join(key).encode()).hexdigest()[:32]}
        for header, cell in zip(self.header, row, strict=True):
            if cell is None or cell in ("", []):
                continue
            *path, name = header.split(".")
            place = item
            for step in path:
                place = place.setdefault(step, {})
            place[name] = cell
        return item | {"_etag": sha256(json.dumps(item, default=str).encode()).hexdigest()[:18]}


def tables(world: World) -> Iterator[TableFile]:
    """One file a resource and term, as the API returns it on the term's last day."""
    ods = _Ods(world)
    for resource, keys, header, rows_of in (
        ("localEducationAgencies", 1, AGENCY_ITEMS, ods.agencies),
        ("schools", 1, SCHOOL_ITEMS, ods.schools),
        ("students", 1, STUDENT_ITEMS, ods.students),
        ("studentSchoolAssociations", 3, MEMBERSHIP_ITEMS, ods.memberships),
        ("studentEducationOrganizationAssociations", 2, CHARACTERISTIC_ITEMS, ods.characteristics),
        ("contacts", 1, CONTACT_ITEMS, ods.contacts),
        ("studentContactAssociations", 2, FAMILY_ITEMS, ods.families),
    ):
        for sheet in world.standing(SYSTEM, resource, header, rows_of):
            if world.term_of(sheet.sent) in world.population.years[-1].terms:
                yield ItemFile(**vars(sheet), keys=keys)


def descriptor(kind: str, code: str | None) -> str | None:
    """A code with its namespace; None stays so."""
    return code and f"uri://ed-fi.org/{kind}Descriptor#{code}"


class _Ods:
    def __init__(self, world: World) -> None:
        self.world = world
        self.records = Records(world)
        self.number_of = {school.school_id: _number(school) for school in world.network.schools}
        self.agency_of = {school.school_id: _integer(school.lea_id) for school in world.network.schools}

    # -- organisations --------------------------------------------------------------------------

    def agencies(self, _year: SchoolYear, _day: date) -> Iterator[tuple[Cell, ...]]:
        named = {school.lea_id: school.lea_name for school in self.world.network.schools}
        for agency, name in named.items():
            yield _integer(agency), name, descriptor("LocalEducationAgencyCategory", "Regular public school district")

    def schools(self, _year: SchoolYear, _day: date) -> Iterator[tuple[Any, ...]]:
        for school in self.world.network.schools:
            levels = [{"gradeLevelDescriptor": descriptor("GradeLevel", GRADES[grade])} for grade in school.capacity]
            yield (
                *(self.number_of[school.school_id], school.name, self.agency_of[school.school_id], levels),
                descriptor("SchoolType", "Regular"),
                descriptor("OperationalStatus", "Active"),
            )

    # -- students -------------------------------------------------------------------------------

    def _register(self, year: SchoolYear, day: date) -> Iterator[Row]:
        return _named(STUDENTS, self.records.students(year, day))

    def students(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for row in self._register(year, day):
            yield (
                *(row["StudentNumber"], row["LegalFirstName"], row["LegalMiddleName"], row["LegalLastName"]),
                *(row["GenerationSuffix"], row["PreferredFirstName"], row["BirthDate"]),
            )

    def characteristics(self, year: SchoolYear, day: date) -> Iterator[tuple[Any, ...]]:
        for row in self._register(year, day):
            language = descriptor("Language", LANGUAGES[row["HomeLanguage"]])
            use = {"languageUseDescriptor": descriptor("LanguageUse", "Home language")}
            yield (
                *(row["StudentNumber"], self.agency_of[row["SchoolID"]], descriptor("Sex", SEXES[row["Sex"]])),
                row["HispanicLatinoEthnicity"],
                [{"raceDescriptor": descriptor("Race", RACES[race])} for race in row["Races"].split(",")],
                [{"languageDescriptor": language, "uses": [use]}],
                [
                    {
                        "studentIdentificationSystemDescriptor": descriptor("StudentIdentificationSystem", "State"),
                        "assigningOrganizationIdentificationCode": "State",
                        "identificationCode": row["StateStudentID"],
                    }
                ],
            )

    def memberships(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for row in _named(ENROLLMENTS, self.records.enrollments(year, day)):
            if row["NoShow"] or row["EnrollmentType"] != "primary":
                continue
            yield (
                *(row["StudentNumber"], self.number_of[row["SchoolID"]], row["EntryDate"], int(year.label[:4]) + 1),
                descriptor("GradeLevel", GRADES[row["GradeLevel"]]),
                *(descriptor("EntryType", ENTRIES[row["EntryCode"]]), True, row["FTE"], row["ExitDate"]),
                descriptor("ExitWithdrawType", EXITS.get(row["ExitCode"])),
            )

    # -- families -------------------------------------------------------------------------------

    def _guardians(self, year: SchoolYear, day: date) -> Iterator[Row]:
        return _named(GUARDIANS, self.records.guardians(year, day))

    def contacts(self, year: SchoolYear, day: date) -> Iterator[tuple[Any, ...]]:
        """Each guardian once, though siblings have the same."""
        known = {row["GuardianNumber"]: row for row in self._guardians(year, day)}
        for number, row in known.items():
            kind = descriptor("ElectronicMailType", "Home/Personal")
            mails = [{"electronicMailAddress": row["Email"], "electronicMailTypeDescriptor": kind}]
            yield number, row["FirstName"], row["LastName"], mails

    def families(self, year: SchoolYear, day: date) -> Iterator[tuple[Cell, ...]]:
        for row in self._guardians(year, day):
            yield (
                *(row["StudentNumber"], row["GuardianNumber"], descriptor("Relation", RELATIONS[row["Relationship"]])),
                *(row["ContactPriority"] == 1, row["LivesWith"], row["ContactPriority"]),
                None if row["ContactAllowed"] else "no contact, by order of a court",
            )


def _number(school: School) -> Cell:
    """What the ODS calls a school: the integer among its other names, where the network file has one."""
    return next((_integer(name) for name in school.also if name.isdecimal()), school.school_id)


def _integer(name: str) -> Cell:
    return int(name) if name.isdecimal() else name


def _named(header: Header, rows: Iterable[Sequence[Cell]]) -> Iterator[Row]:
    return (dict(zip(header, row, strict=True)) for row in rows)
