"""Files that nobody on this project wrote load as they are, by the contracts of their systems."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from edu_assets.contracts import registry
from edu_assets_tests.testbed import MakeNetwork, Platform, network_declaration, shared_data

SYSTEMS = (
    "contoso",
    "sds",
    "canvas",
    "access",
    "act",
    "collegeboard",
    "dibels",
    "ib",
    "ilearn",
    "iready",
    "nwea",
    "star",
    "txkea",
)
YEARS = ("2019", "2020", "2021", "2022", "2023", "2024", "2025")
CALENDAR = {
    "terms": ["F", "S"],
    "years": {
        year: {
            "last_day": f"{int(year) + 1}-07-31",
            "terms": {
                "F": {"starts": f"{year}-08-01", "first_day": f"{year}-08-15", "last_day": f"{year}-12-20"},
                "S": {
                    "starts": f"{int(year) + 1}-01-01",
                    "first_day": f"{int(year) + 1}-01-08",
                    "last_day": f"{int(year) + 1}-06-15",
                },
            },
        }
        for year in YEARS
    },
}


@pytest.fixture(scope="module")
def network(make_session_network: MakeNetwork) -> Platform:
    """A network of every system that the samples are of."""
    declared = network_declaration()
    schools = [{key: value for key, value in school.items() if key != "calendar"} for school in declared["schools"]]
    # The samples are of a few rows each, so that a share of them says nothing: no load is held.
    feeds = {system: {"system": system, "landing": system, "hold_share": 1} for system in SYSTEMS}
    return make_session_network(calendar=CALENDAR, schools=schools, feeds=feeds)


VENDORS = {
    "access_2024.csv": ("access", "ACCESS/2021_to_2025_sample_anonymized_file_ACCESS.csv", "results", 5),
    "access_2025.csv": ("access", "ACCESS/sample_anonymized_file_ACCESS.csv", "results", 4),
    "alternate_access_2024.csv": (
        "access",
        "ACCESS/2021_to_2025_sample_anonymized_file_Alternate_ACCESS.csv",
        "alternate_results",
        5,
    ),
    "alternate_access_2025.csv": (
        "access",
        "ACCESS/sample_anonymized_file_alternate_Alternate_ACCESS.csv",
        "alternate_results",
        3,
    ),
    "act.csv": ("act", "ACT/sample_anonymized_file.csv", "results", 5),
    "ap.csv": ("collegeboard", "AP/SAMPLE_AP_2324.csv", "ap", 6),
    "dibels.csv": ("dibels", "Dibels_8_Benchmark/sample_anonymized_file.csv", "benchmarks", 5),
    "ib.csv": ("ib", "IB/sample_anonymized_file.csv", "results", 5),
    "ilearn_checkpoint.csv": ("ilearn", "IN_ILEARN/ilearn_checkpoint_sample_data.csv", "results", 2),
    "ilearn.csv": ("ilearn", "IN_ILEARN/ilearn_sample_data.csv", "results", 5),
    "map_growth.csv": ("nwea", "MAP_Growth/sample_anonymized_file.csv", "map_growth", 6),
    "psat_10.csv": ("collegeboard", "PSAT_SAT/sample_anonymized_file_psat_10.csv", "psat", 5),
    "psat_89.csv": ("collegeboard", "PSAT_SAT/sample_anonymized_file_psat_89.csv", "psat", 5),
    "psat_nmsqt.csv": ("collegeboard", "PSAT_SAT/sample_anonymized_file_psat_nmsqt.csv", "psat", 5),
    "sat.csv": ("collegeboard", "PSAT_SAT/sample_anonymized_file_sat.csv", "sat", 5),
    "SR_Dashboard_Standards_v2.csv": (
        "star",
        "STAR/SR_Dashboard_Standards_v2_sample_anonymized_file.csv",
        "standards",
        5,
    ),
    "SR_SkillArea_v1.csv": ("star", "STAR/SR_SkillArea_v1_sample_anonymized_file.csv", "skill_areas", 5),
    "SR_v3.csv": ("star", "STAR/SR_sample_anonymized_file.csv", "reading", 5),
    "txkea.csv": ("txkea", "TX_KEA/sample_anonymized_file.csv", "results", 6),
    "diagnostic_results_ela.csv": ("iready", "i-Ready/sample_anonymized_file_ela.csv", "diagnostic_ela", 5),
    "diagnostic_results_math.csv": ("iready", "i-Ready/sample_anonymized_file_math.csv", "diagnostic_math", 5),
}


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendors_file_loads_as_it_is(network: Platform, name: str) -> None:
    system, path, table, rows = VENDORS[name]
    content = (shared_data("vendor_assessments") / path).read_bytes()
    terms = network.terms
    term = terms[list(VENDORS).index(name) % len(terms)]  # one for each file of a table, so that none closes another's
    report = network.deliver(system, name, content, term=term)
    assert report.status == "applied", report.problems
    assert [part.raw_table for part in report.slices] == [f"{system}__{table}"] * len(report.slices)
    lost = 1 if system == "nwea" else 0
    assert (report.rows_read, report.quarantined) == (rows + lost, lost)
    held = network.value(
        f"select count(*) from raw_zone.{system}__{table} where _load_id = any(%s)",  # noqa: S608
        [[part.load_id for part in report.slices]],
    )
    assert held == rows


@pytest.mark.parametrize("file", sorted(path.name for path in shared_data("sds_v2_1").iterdir()))
def test_a_file_of_school_data_sync_loads_as_it_is(network: Platform, file: str) -> None:
    content = (shared_data("sds_v2_1") / file).read_bytes()
    report = network.deliver("sds", file, content, term=network.terms[0])
    assert (report.status, report.quarantined) == ("applied", 0), report.problems
    assert report.rows_read == content.count(b"\r\n") - 1
    assert report.problems == []


@pytest.mark.parametrize("file", sorted(path.name for path in shared_data("canvas").iterdir()))
def test_a_file_of_canvas_loads_as_it_is(network: Platform, file: str) -> None:
    content = (shared_data("canvas") / file).read_bytes()
    report = network.deliver("canvas", file, content, term=network.terms[0])
    assert (report.status, report.quarantined, report.problems) == ("applied", 0, [])
    theirs = [json.loads(line) for line in content.decode().splitlines() if line.strip()]
    table = f"raw_zone.canvas__{Path(file).stem}"
    assert network.value(f"select count(*) from {table}") == report.rows_read == len(theirs)  # noqa: S608
    names = {row[0] for row in network.query(f"select distinct _source_row from {table}")}  # noqa: S608
    assert len(names) == len(theirs)


def test_two_days_of_contoso_load_as_they_are(network: Platform) -> None:
    """The files of three tables are all called part1.csv; the second day holds the first."""
    landing = network.settings.landing_of("contoso")
    counts = {"students": (1, 2), "studentsectionmark": (12, 24), "studentattendance": (1_464, 2_928)}
    for day, place in (("day1", 0), ("day2", 1)):
        for folder, rows in counts.items():
            path = landing / day / folder / "part1.csv"
            path.parent.mkdir(parents=True)
            path.write_bytes((shared_data("contoso") / day / folder / "part1.csv").read_bytes())
            [report] = network.load(path, term="2019|F")
            assert (report.status, report.rows_read, report.quarantined) == ("applied", rows[place], 0), report.problems
    tables = {"students": "students", "student_section_mark": "studentsectionmark"}
    for table, folder in tables.items():
        assert network.value(f"select count(*) from raw_zone.contoso__{table}") == counts[folder][1]  # noqa: S608
    rows = (shared_data("contoso") / "day2" / "studentattendance" / "part1.csv").read_text().splitlines()[1:]
    terms = Counter("2019|F" if row.split(",")[4].endswith("/2019") else "2019|S" for row in rows)
    attended = "raw_zone.contoso__student_attendance"
    assert dict(network.query(f"select term_key, count(*) from {attended} group by 1")) == terms  # noqa: S608
    assert network.query(f"select min(attendance_date)::text, max(attendance_date)::text from {attended}") == [  # noqa: S608
        ("2019-09-01", "2020-05-30")
    ]


def test_every_contract_of_the_samples_is_loaded_by_a_test() -> None:
    loaded = {f"{system}__{table}" for system, _, table, _ in VENDORS.values()}
    declared = {name for name in registry().contracts if name.split("__")[0] in SYSTEMS[3:]}
    assert declared == loaded
