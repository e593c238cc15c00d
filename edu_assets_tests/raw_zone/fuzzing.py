"""Broken files by the thousand: mutations of real and generated exports; each loads lawfully or is refused.

Belongs here: how a file is broken, and the law that holds whatever arrives. Does not belong here: files broken in one
known way (test_hostile_files.py). `make fuzz` runs ten thousand inputs, the tests a few hundred.

The law: a delivery never raises; every record read is accepted, a duplicate, quarantined or held, by the loader's own
figures and by counting the tables; a refused file leaves everything as it was; what was there and was not sent again
stands; no sentence of a report holds a value of a record.
"""

from __future__ import annotations

import random
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from psycopg import sql

from edu_assets.contracts import registry
from edu_assets.raw_zone import DeliveryReport
from edu_assets_tests.raw_zone.exports import attendance, org, package, students
from edu_assets_tests.testbed import Platform, network_declaration, shared_data

SECRET = "Zyxwvut"
"""A value of persons' columns in every generated file, which no report may repeat."""
SPECIAL = (
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b";",
    b"\t",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    b"\\.",
    b"\\",
    b'""',
)
VALUES = (
    b"",
    b"NaN",
    b"1e9",
    b"0000-00-00",
    b"2013-02-30",
    b"9" * 40,
    b"'; drop table x; --",
    "\u2028".encode(),
    b"x" * 3000,
)
SYSTEMS = ("contoso", "sds", "act", "nwea", "star", "iready")


@dataclass(frozen=True)
class Input:
    """A file on its way: where it comes from, under which name."""

    feed: str
    name: str
    content: bytes


def sound_inputs() -> list[Input]:
    """Files that load as they are, of which the others are made."""
    rows = [f"0{n % 2 + 1},{SECRET}{n},2013-0{n % 3 + 2}-0{n % 9 + 1},{'PAT'[n % 3]},0" for n in range(40)]
    people = students(12)
    for person in people:
        person |= {"givenName": SECRET}
    real = {
        "sds": ("users.csv", "sds_v2_1/users.csv"),
        "contoso": ("students.csv", "contoso/day1/students/part1.csv"),
        "act": ("act.csv", "vendor_assessments/ACT/sample_anonymized_file.csv"),
        "nwea": ("map_growth.csv", "vendor_assessments/MAP_Growth/sample_anonymized_file.csv"),
        "star": ("SR_v3.csv", "vendor_assessments/STAR/SR_sample_anonymized_file.csv"),
        "iready": ("diagnostic_results_ela.csv", "vendor_assessments/i-Ready/sample_anonymized_file_ela.csv"),
    }
    folder = shared_data(".")
    return [
        Input("attendance", "attendance_daily_1.csv", attendance(*rows).encode()),
        Input("sis", "roster_2013-02-05.zip", package({"orgs": [org("s1"), org("s2")], "users": people})),
        *(Input(feed, name, (folder / path).read_bytes()) for feed, (name, path) in real.items()),
    ]


def broken(source: Input, random: random.Random) -> Input:
    """A file with one to five things done to it; of a zip, to a member or to the zip itself."""
    content = source.content
    if source.name.endswith(".zip") and random.random() < 0.7:
        content = _with_broken_member(content, random)
    else:
        for _ in range(random.randint(1, 5)):
            content = _mutated(content, random)
    return Input(source.feed, source.name, content)


def _with_broken_member(content: bytes, random: random.Random) -> bytes:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    chosen = random.choice(sorted(members))
    for _ in range(random.randint(1, 4)):
        members[chosen] = _mutated(members[chosen], random)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return packed.getvalue()


def _mutated(content: bytes, random: random.Random) -> bytes:
    return random.choice((_splice, _splice, _lines, _spelling))(content, random)


def _splice(content: bytes, random: random.Random) -> bytes:
    """Bytes put in, taken out, doubled, cut off or written over."""
    at = random.randrange(len(content) + 1)
    end = min(len(content), at + random.choice([1, 3, 30, 300]))
    put = random.choice((b"", random.choice(SPECIAL), content[at:end] * 2, random.randbytes(random.choice([1, 4, 40]))))
    return content[:at] + put + random.choice((content[at:], content[end:], content[end:], b""))


def _lines(content: bytes, random: random.Random) -> bytes:
    """Lines shuffled, doubled, preceded by a title, or with a value changed."""
    lines = content.split(b"\n")
    n = random.randrange(len(lines))
    cells = lines[n].split(b",")
    cells[random.randrange(len(cells))] = random.choice(VALUES)
    shuffled = random.sample(lines, len(lines))
    changed = [*lines[:n], b",".join(cells), *lines[n + 1 :]]
    return b"\n".join(random.choice((changed, changed, shuffled, [*lines, lines[n]], [b"A title", b"", *lines])))


def _spelling(content: bytes, random: random.Random) -> bytes:
    """Other line ends, or another encoding."""
    if random.random() < 0.5:
        return content.replace(b"\n", random.choice([b"\r\n", b"\r", b"\n\n"]))
    encoding = random.choice(["utf-16", "cp1252", "utf-8-sig"])
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def fuzz(platform: Platform, inputs: int, seed: int) -> Counter[str]:
    """Deliver broken files and require the law of each; how many ended in which status."""
    chance = random.Random(seed)
    sources = sound_inputs()
    ended: Counter[str] = Counter()
    for n in range(inputs):
        if n % len(sources) == 0:
            _clear(platform)
            for source in sources:
                platform.deliver(source.feed, source.name, source.content, term=_term(source))
        sent = broken(chance.choice(sources), chance)
        before = _state(platform)
        try:
            report = platform.deliver(sent.feed, sent.name, sent.content, term=_term(sent))
            _require_law(platform, report, before)
        except BaseException:
            kept = Path(tempfile.gettempdir()) / f"edu_fuzz_{seed}_{n}_{sent.name}"
            kept.write_bytes(sent.content)
            sys.stderr.write(f"input {n} of seed {seed}, kept as {kept}\n")
            raise
        ended[report.status] += 1
    return ended


def _term(sent: Input) -> str | None:
    return "2013|B" if sent.feed in ("contoso", "sds", *SYSTEMS) else None


def _tables() -> list[sql.Identifier]:
    return [
        sql.Identifier(schema, contract.name)
        for contract in registry().contracts.values()
        if contract.system in ("attendance", "oneroster", *SYSTEMS)
        for schema in (contract.raw_schema, "raw_history")
    ]


def _clear(platform: Platform) -> None:
    tables = sql.SQL(", ").join(_tables())
    platform.query(
        sql.SQL("truncate {}, etl.quarantine, etl.load_log, etl.held_slice, etl.delivery cascade").format(tables)
    )


def _state(platform: Platform) -> list[tuple]:
    """Rows of every raw and history table with a digest of their content, and what is in quarantine."""
    each = [
        sql.SQL("select {}, count(*), coalesce(sum(_row_hash), 0) from {}").format(
            sql.Literal(table.as_string(None)), table
        )
        for table in _tables()
    ]
    each.append(sql.SQL("select 'quarantine', count(*), count(distinct content_hash) from etl.quarantine"))
    return platform.query(sql.SQL(" union all ").join(each))


def _require_law(platform: Platform, report: DeliveryReport, before: list[tuple]) -> None:
    assert report.status in ("applied", "unchanged", "held", "refused"), report
    assert SECRET not in report.model_dump_json(), "a report repeats a person's value"
    if report.status == "refused":
        assert report.problems
        assert _state(platform) == before
        return
    for part in report.slices:
        assert part.rows_read == part.accepted + part.duplicates + part.quarantined + part.held + part.withheld, part
    with_term = sum(part.rows_read for part in report.slices)
    assert report.quarantined >= sum(part.quarantined for part in report.slices)
    without_term = report.quarantined - sum(part.quarantined for part in report.slices)
    assert report.rows_read == with_term + without_term, report
    open_now, closed_now = _rows(_state(platform))
    open_then, closed_then = _rows(before)
    inserted = sum(part.inserted + part.changed for part in report.slices)
    gone = sum(part.closed + part.changed for part in report.slices)
    assert (open_now - open_then, closed_now - closed_then) == (inserted - gone, gone), report


def _rows(state: list[tuple]) -> tuple[int, int]:
    open_rows = sum(count for name, count, _ in state if name != "quarantine" and "raw_history" not in name)
    return open_rows, sum(count for name, count, _ in state if "raw_history" in name)


def declaration(name: str) -> dict:
    """A network of the systems whose files are broken."""
    declared = network_declaration(name=name)
    feeds = declared["feeds"] | {system: {"system": system, "landing": system} for system in SYSTEMS}
    return declared | {"feeds": feeds}


if __name__ == "__main__":
    count, start = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    with tempfile.TemporaryDirectory(prefix="edu_fuzz_") as home:
        network = Platform.create(Path(home), declaration("fuzz"))
        try:
            sys.stdout.write(f"{count} inputs, seed {start}: {dict(fuzz(network, count, start))}\n")
        finally:
            network.warehouse.down(purge=True)
