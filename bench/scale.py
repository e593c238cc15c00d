"""`make scale`: what a night costs in a network of a hundred schools and 60,000 students with ten years behind it.

Belongs here: that network's file, its history, its night. Does not belong here: ratios of one measure to another
(run.py, terms.py).

The sample's writer gives every file. Of the last term it writes all hundred schools, of the twenty-nine before it five,
since none of them is read by the run of a term: what grows with years is the catalogue of partitions, and the
dimensions, to which the students, guardians and classes of the other ninety-five schools' years are added as copies.
Each run of the writer numbers from the beginning, so the last term's records get numbers of their own: what
came under a known number would have moved into the last term, and left the one in which it was.

A night brings whatever is sent on the term's last days: changed rosters, a last sheet of attendance of each school, and
the state of every other table.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import tempfile
import time
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from psycopg import sql

from edu_assets.gold.plans import profile
from edu_assets.network import Network
from edu_assets.orchestration.pipeline import PipelineReport, pipeline
from edu_assets.raw_zone import deploy, load_waiting, release
from edu_assets.raw_zone.held import listed
from edu_assets.sample import write_exports
from edu_assets.settings import PROJECT
from edu_assets.warehouse import Role, Warehouse
from edu_assets_tests.testbed import settings_for

SCHOOLS_OF_AN_LEA = 50
STUDENTS_OF_A_SCHOOL = 600
FIRST_YEAR, YEARS = 2016, 10
IN_HISTORY = ("01001", "01050", "02001", "02002", "02050")
"""The first and the last school of each LEA, which the writer treats apart, and one more."""
NIGHT = timedelta(days=4)
"""How long before the term's last day what comes is of the night that is measured."""
BAR_SECONDS = 600
WEEKS_BEFORE = 5
MOST_HELD = 0.01
"""The share of a night's rows that may wait for a person: the curriculum of a year of one term is smaller than the one
before, as the writer's runs have different numbers of terms."""
HELD = """
select coalesce(sum(l.held), 0) from etl.held_slice h join etl.load_log l
on l.delivery_id = h.delivery_id and l.term_key = h.term_key and l.status = 'held' where h.status = 'open'
"""
OF_ALL_TERMS = "dim_student_number"
"""A merge of any term tells which number of a student holds."""
PER_YEAR_ENTER = 0.03
"""Students that the writer lets enter late, by year."""
NUMBERS = ("PaymentID", "EnrollmentID", "AttemptID", "CertificateID", "RecordID", "CoverID", "LearnerID")
"""Headers under which systems of the whole network number their records and learners."""
OTHER_SCHOOLS_YEARS = {"dim_student": 80_000, "dim_guardian": 40_000, "dim_class": 60_000}
"""Rows that the years of schools outside IN_HISTORY would have left in dimensions."""

Declared = dict[str, Any]


def main() -> None:
    """Build the network, measure the night, and say in bench/results.json what it took."""
    with tempfile.TemporaryDirectory(prefix="edu_scale_") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        declared = network()
        network_file = home / "scale.yaml"
        network_file.write_text(yaml.safe_dump(declared), encoding="utf-8")
        warehouse = Warehouse.of(settings_for(home, network_file, EDU_PG_FSYNC=True))
        try:
            _write_results(_measured(warehouse, declared, Path(folder) / "night"))
        finally:
            warehouse.down(purge=True)


def _measured(warehouse: Warehouse, declared: Declared, night: Path) -> dict[str, Any]:
    _write_files(warehouse.settings.landing, declared, night)
    _say("loading them")
    warehouse.up()
    deploy(warehouse, warehouse.settings.network)
    load_waiting(warehouse, warehouse.settings, settled=True)
    _say(f"{_release(warehouse)} slices released, as at a roll-over")
    _demand(pipeline(warehouse, _say))
    for table, rows in OTHER_SCHOOLS_YEARS.items():
        _say(f"{rows:,} rows of other schools' years into {table}")
        _add_copies(warehouse, table, rows)
    arrived = [path for path in sorted(night.rglob("*")) if path.is_file()]
    for path in arrived:
        shutil.move(path, warehouse.settings.landing / path.relative_to(night))
    _say(f"the night: {len(arrived)} files")
    report = pipeline(warehouse, _say)
    _demand(report)
    return figures(warehouse, declared, report)


def _write_files(landing: Path, declared: Declared, night: Path) -> None:
    _say("writing nine years of five schools")
    write_exports(landing, Network.model_validate(history(declared)))
    _say("writing a term of a hundred schools")
    written = write_exports(landing, Network.model_validate(one_term(declared)))
    year, _ = last_term(declared)
    begins, ends = (date.fromisoformat(str(declared["calendar"]["years"][year]["terms"]["T3"][day])) for day in _BOUNDS)
    for file in written.files:
        path = landing / file.path
        if file.sent < begins:
            path.unlink()  # of the weeks that the writer needs before it
            continue
        _number_apart(path)
        if file.sent > ends - NIGHT:
            (night / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, night / file.path)


def figures(warehouse: Warehouse, declared: Declared, report: PipelineReport) -> dict[str, Any]:
    """What a night took and what stands after it. Raises RuntimeError where it was not the night that is meant: another
    term was built, much was held, a plan looks into partitions of another term."""
    _, term = last_term(declared)
    built = [stage for stage in report.stages if stage.name.startswith("gold 2")]
    if [stage.name for stage in built] != [f"gold {term}"]:
        raise RuntimeError(f"the night was to build {term} alone, not {[stage.name for stage in built]}")
    read = sum(stage.rows_read or 0 for stage in report.stages)
    held = int(_value(warehouse, HELD))
    if held > read * MOST_HELD:
        raise RuntimeError(f"{held:,} of {read:,} rows are held, so it is not all of a night")
    plans = profile(warehouse, warehouse.settings, term)
    astray = {plan.model: plan.terms for plan in plans if set(plan.terms) - {term} and plan.model != OF_ALL_TERMS}
    if astray:
        raise RuntimeError(f"these look into partitions of other terms: {astray}")
    return {
        "seconds": round(report.seconds, 1),
        "bar_seconds": BAR_SECONDS,
        "stages": {stage.name: round(stage.seconds, 1) for stage in report.stages},
        "files": sum(stage.files or 0 for stage in report.stages),
        "rows_read": read,
        "rows_held": held,
        "slowest": {plan.model: plan.seconds for plan in plans[:8]},
        "schools": len(declared["schools"]),
        "terms": sum(len(year["terms"]) for year in declared["calendar"]["years"].values()),
        "database_gb": round(_value(warehouse, "select pg_database_size(current_database())") / 1e9, 1),
        "partitions": _value(warehouse, "select count(*) from pg_class where relispartition and relkind = 'r'"),
        "students_of_the_term": _value(
            warehouse, "select count(distinct student_key) from gold.fct_enrollment where term_key = %s", term
        ),
        "students_ever": _value(warehouse, "select count(*) from gold.dim_student"),
    }


def last_term(declared: Declared) -> tuple[str, str]:
    """The year and the term of the night."""
    year = list(declared["calendar"]["years"])[-1]
    return year, f"{year}|T3"


# -- the network --------------------------------------------------------------------------------------

_BOUNDS = ("first_day", "last_day")


def network() -> Declared:
    """A hundred schools in the sample's two LEAs, ten years by three terms."""
    declared: Declared = yaml.safe_load((PROJECT / "networks" / "sample.yaml").read_text(encoding="utf-8"))
    del declared["sample"]
    years = {f"{year}-{year % 100 + 1:02}": _year(year) for year in range(FIRST_YEAR, FIRST_YEAR + YEARS)}
    list(years.values())[-1]["last_day"] = date(FIRST_YEAR + YEARS, 6, 30)
    templates = {school["school_id"]: school for school in declared["schools"]}
    schools = []
    for lea, like, lasts_like in (("010", "01001", "01002"), ("020", "01001", "02001")):
        for number in range(1, SCHOOLS_OF_AN_LEA + 1):
            is_last = number == SCHOOLS_OF_AN_LEA
            school = deepcopy(templates[lasts_like if is_last else like])
            grades = school["capacity"]
            schools.append(
                {
                    "school_id": f"{lea}{number:02}",
                    "name": f"School {number} of {lea}",
                    "lea_id": lea,
                    "lea_name": f"LEA {lea}",
                    "capacity": {grade: -(-STUDENTS_OF_A_SCHOOL // len(grades)) for grade in grades},
                }
                | {key: school[key] for key in ("daily_attendance",) if key in school}
            )
    return declared | {"name": "scale", "calendar": {"terms": ["T1", "T2", "T3"], "years": years}, "schools": schools}


def _year(year: int) -> Declared:
    """Three terms of thirteen weeks, a week between the first and the second."""
    first = date(year, 8, 25)
    first += timedelta(-first.weekday() % 7)
    begins = {"T1": first, "T2": first + timedelta(weeks=14), "T3": first + timedelta(weeks=28)}
    return {
        "count_date": first + timedelta(weeks=6, days=2),
        "terms": {
            term: {
                "starts": date(year, 7, 1) if term == "T1" else day,
                "first_day": day,
                "last_day": day + timedelta(weeks=13 if term != "T2" else 14, days=-3),
            }
            for term, day in begins.items()
        },
    }


def history(declared: Declared) -> Declared:
    """All years but the last, of a few schools, for the writer."""
    years = dict(list(declared["calendar"]["years"].items())[:-1])
    list(years.values())[-1]["last_day"] = date(FIRST_YEAR + YEARS - 1, 6, 30)
    schools = [school for school in declared["schools"] if school["school_id"] in IN_HISTORY]
    return _sampled(declared, years, schools, yearly_intake=0.135)


def one_term(declared: Declared) -> Declared:
    """The last term, and some weeks before it, of all schools: the writer plants what is wrong in a second term."""
    label, year = list(deepcopy(declared["calendar"]["years"]).items())[-1]
    monday = year["terms"]["T2"]["last_day"] - timedelta(weeks=WEEKS_BEFORE, days=-3)
    year["terms"] = {
        "T2": {**year["terms"]["T2"], "starts": year["terms"]["T1"]["starts"], "first_day": monday},
        "T3": year["terms"]["T3"],
    }
    return _sampled(declared, {label: year}, declared["schools"], yearly_intake=0)


def _sampled(declared: Declared, years: Declared, schools: list[Declared], *, yearly_intake: float) -> Declared:
    """A network file for the writer. Its number of students is that of all years together."""
    ever = 1 + PER_YEAR_ENTER * len(years) + yearly_intake * (len(years) - 1)
    terms = [term for term in ("T1", "T2", "T3") if any(term in year["terms"] for year in years.values())]
    return declared | {
        "calendar": {"terms": terms, "years": deepcopy(years)},
        "schools": schools,
        "sample": {"students": round(STUDENTS_OF_A_SCHOOL * len(schools) * ever), "seed": len(schools)},
    }


def _number_apart(path: Path) -> None:
    """Put a letter before the numbers of a sheet's records."""
    if path.suffix != ".csv":
        return
    with path.open(encoding="utf-8", newline="") as sheet:
        header, *rows = csv.reader(sheet)
    places = [place for place, name in enumerate(header) if name in NUMBERS]
    if not places:
        return
    for row in rows:
        for place in places:
            row[place] = f"N{row[place]}"
    sent = path.stat().st_mtime
    with path.open("w", encoding="utf-8", newline="") as sheet:
        csv.writer(sheet, lineterminator="\n").writerows([header, *rows])
    os.utime(path, (sent, sent))


# -- the years of other schools -----------------------------------------------------------------------


def _add_copies(warehouse: Warehouse, table: str, rows: int) -> None:
    """Rows of a dimension again under keys and identifiers of their own."""
    key = table.replace("dim_", "") + "_key"
    with warehouse.connect(Role.DBT, autocommit=True) as connection:
        columns = [
            name
            for (name,) in connection.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
                " and attgenerated = '' order by attnum",
                [f"gold.{table}"],
            )
        ]
        own = {key: sql.SQL("md5({} || n)").format(sql.Identifier(key))}
        natural = table.replace("dim_", "") + "_id"
        own[natural] = sql.SQL("{} || '~' || n").format(sql.Identifier(natural))
        connection.execute(
            sql.SQL(
                "insert into {table} ({names}) select {values} from {table}, generate_series(1, 40) n limit {rows}"
            ).format(
                table=sql.Identifier("gold", table),
                names=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(own.get(name, sql.Identifier(name)) for name in columns),
                rows=sql.Literal(rows),
            )
        )


# -- small words --------------------------------------------------------------------------------------


def _say(line: str, *, minor: bool = False) -> None:
    if not minor:
        sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {line}\n")
        sys.stdout.flush()


def _release(warehouse: Warehouse) -> int:
    """Release what is held, the oldest first, as a person does who sees that another year begins."""
    released = 0
    while True:
        with warehouse.connect(Role.ETL, autocommit=True) as connection:
            held = listed(connection)
        if not held:
            return released
        release(warehouse, warehouse.settings, held[0].held_id)
        released += 1


def _demand(report: PipelineReport) -> None:
    if not report.succeeded:
        raise RuntimeError(f"not built: {report.errors[:3]}, {report.findings[:5]}")
    _say("  ".join(f"{stage.name} {stage.seconds:.0f} s" for stage in report.stages))


def _value(warehouse: Warehouse, statement: str, *parameters: Any) -> Any:
    with warehouse.connect(Role.ADMIN, autocommit=True) as connection:
        row = connection.execute(statement.encode(), parameters or None).fetchone()
    assert row is not None
    return row[0]


def _write_results(found: dict[str, Any]) -> None:
    path = PROJECT / "bench" / "results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    results["scale"] = found
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
