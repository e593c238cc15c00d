"""Files that arrive in a bucket or on an SFTP server are loaded like local ones, from real servers on loopback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from psycopg import sql

from edu_assets.orchestration.backfill import Session, dagster_session
from edu_assets.orchestration.sensors import landing_sensor
from edu_assets.raw_zone import DeliveryReport, waiting_files
from edu_assets.sources.places import MOST_FAULTS, PlaceUnusable
from edu_assets.warehouse import Role
from edu_assets_tests.integration.servers import Place, S3Server, SftpServer
from edu_assets_tests.orchestration.test_sensors import look as tick
from edu_assets_tests.raw_zone.exports import attendance
from edu_assets_tests.testbed import NETWORK, MakeNetwork, Platform

NAME = "attendance_daily_1.csv"
SHEET = attendance("01,1,2013-03-01,P,0", "01,2,2013-03-01,P,0")
HALF = SHEET[: len(SHEET) // 2]
ROWS = "select count(*) from raw_zone.attendance__attendance_daily"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    yield from _served(S3Server(), monkeypatch)


@pytest.fixture
def sftp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SftpServer]:
    yield from _served(SftpServer(tmp_path), monkeypatch)


def _served(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for variable, secret in server.secrets.items():
        monkeypatch.setenv(variable, secret)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(params=["s3", "sftp"])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


@pytest.fixture
def network(make_network: MakeNetwork, place: Place) -> Platform:
    return landing_at(make_network, place.declaration)


def landing_at(make_network: MakeNetwork, declaration: dict[str, Any]) -> Platform:
    """The network of the tests, where `attendance` arrives at a remote place."""
    return make_network(
        feeds=NETWORK["feeds"] | {"attendance": {"system": "attendance", "landing": declaration}},
    )


def look(platform: Platform) -> list[DeliveryReport]:
    """What the arrivals job does."""
    return platform.load_waiting(settled=False)


def archived(platform: Platform) -> list[Path]:
    return [path for path in platform.settings.archive.rglob("*") if path.is_file()]


def refused(platform: Platform) -> str:
    """The one sentence that a look gives."""
    [report] = look(platform)
    assert report.unreachable
    [sentence] = report.problems
    assert "\n" not in sentence
    return sentence


# -- what works -----------------------------------------------------------------------------------


def test_a_file_arrives_and_is_loaded_once_two_looks_saw_it_alike(network: Platform, place: Place) -> None:
    place.put(f"2013/{NAME}", SHEET)
    assert look(network) == []
    [report] = look(network)
    assert (report.status, report.feed, report.source_file, report.rows_read) == ("applied", "attendance", NAME, 2)
    assert network.value("select path from etl.landing_file") == f"{place.declaration['url']}/2013/{NAME}"
    assert [path.read_text() for path in archived(network)] == [SHEET]
    assert place.contents() == {f"2013/{NAME}": SHEET}


def test_what_is_known_is_not_fetched_again_and_a_look_is_one_listing(network: Platform, place: Place) -> None:
    for number in range(5):
        place.put(f"attendance_daily_{number}.csv", attendance(f"01,1,2013-03-0{number + 1},P,0"))
    assert [report.status for report in network.load_waiting()] == ["applied"] * 5
    fetched, sent = place.asked["read"], place.sent_bytes
    assert fetched == 5
    assert sent == sum(len(content) for content in place.contents().values())
    place.asked.clear()
    assert look(network) == []
    assert {kind: times for kind, times in place.asked.items() if kind != "login"} == {"list": 1}
    assert place.sent_bytes == sent


def test_a_half_written_file_waits(network: Platform, place: Place) -> None:
    place.put(NAME, HALF)
    assert look(network) == []
    place.put(NAME, SHEET)
    assert look(network) == []
    assert place.asked["read"] == 0
    assert [report.status for report in look(network)] == ["applied"]


def test_a_file_that_grows_while_it_is_fetched_waits(network: Platform, place: Place) -> None:
    place.put(NAME, HALF)
    look(network)
    place.before_reading = lambda: place.put(NAME, SHEET)
    [report] = look(network)
    assert (report.status, report.rows_read) == ("failed", 0)
    assert "changed while it was read" in report.problems[-1]
    assert archived(network) == []
    assert network.query(ROWS) == [(0,)]
    assert look(network) == []
    assert [report.status for report in look(network)] == ["applied"]


def test_the_same_content_under_another_name_changes_nothing(network: Platform, place: Place) -> None:
    place.put(NAME, SHEET)
    network.load_waiting()
    place.put("attendance_daily_again.csv", SHEET)
    assert [report.status for report in network.load_waiting()] == ["unchanged"]
    assert len(archived(network)) == 1


def test_hidden_files_and_folders_are_no_deliveries(network: Platform, place: Place) -> None:
    place.put(f".{NAME}.part", HALF)
    place.put(f".tmp/{NAME}", HALF)
    assert waiting_files(network.warehouse, network.settings).waiting == []


def test_a_url_is_loaded_like_a_path(network: Platform, place: Place) -> None:
    place.put(f"2013/{NAME}", SHEET)
    place.put("attendance_daily_other.csv", SHEET)
    url = f"{place.declaration['url']}/2013"
    assert [report.status for report in network.load(url)] == ["applied"]
    assert [report.status for report in network.load(f"{url}/{NAME}")] == ["unchanged"]
    [missing] = network.load(f"{url}/none.csv")
    assert (missing.status, "no such file" in missing.problems[0]) == ("refused", True)
    with pytest.raises(PlaceUnusable, match="declare it there as the `landing` of a feed"):
        network.load("s3://elsewhere/x.csv")


def test_a_key_with_a_passphrase_opens_the_door(
    make_network: MakeNetwork, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sftp.let_in_by_key("open sesame")
    monkeypatch.setenv("SOUTH_SFTP_PASSPHRASE", "open sesame")
    by_key = {"client_keys": [str(sftp.client_key)], "secrets": {"passphrase": "SOUTH_SFTP_PASSPHRASE"}}
    platform = landing_at(make_network, sftp.declaration | by_key)
    sftp.put(NAME, SHEET)
    assert [report.status for report in platform.load_waiting()] == ["applied"]
    monkeypatch.setenv("SOUTH_SFTP_PASSPHRASE", "open barley")
    assert "its `passphrase` declared" in refused(platform)


def test_the_sensor_looks_at_remote_places_over_one_connection(network: Platform, place: Place) -> None:
    sensor = landing_sensor()
    with dagster_session(network.warehouse) as session:
        place.put(NAME, SHEET)
        assert tick(session, sensor).run_requests == []
        assert len(tick(session, sensor).run_requests or []) == 1
        assert (place.asked["list"], place.asked["login"]) == (2, 1 if isinstance(place, SftpServer) else 0)
        assert run_arrivals(session).success
        assert tick(session, sensor).run_requests == []
    assert network.query(ROWS) == [(2,)]


def run_arrivals(session: Session) -> Any:
    return session.defs.resolve_job_def("arrivals").execute_in_process(instance=session.instance)


# -- what fails -----------------------------------------------------------------------------------


def test_a_fault_that_passes_is_tried_again(network: Platform, place: Place) -> None:
    place.put(NAME, SHEET)
    place.refusals, place.breaks = 1, 1
    assert [report.status for report in network.load_waiting()] == ["applied"]


def test_a_server_that_goes_during_the_fetch_leaves_nothing_half(network: Platform, place: Place) -> None:
    place.put(NAME, SHEET)
    place.put("attendance_daily_2.csv", attendance("01,3,2013-03-04,P,0"))
    place.breaks = 1000
    reports = network.load_waiting()
    assert [report.status for report in reports] == ["failed", "failed"]
    assert all("does not answer" in report.problems[-1] for report in reports)
    assert place.asked["read"] <= MOST_FAULTS * 2  # s3fs asks twice; the second file is not even tried
    assert archived(network) == []
    assert network.query("select count(*) from etl.delivery") == [(0,)]
    place.breaks = 0
    assert [report.status for report in look(network)] == ["applied", "applied"]


def test_a_place_that_cannot_be_used_keeps_no_other_feed_waiting(
    network: Platform, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in place.secrets:
        monkeypatch.setenv(variable, "wrong")
    network.drop("ou", "courses.csv", "code_module,code_presentation,module_presentation_length\nAAA,2013J,268\n")
    reports = {report.feed: report for report in network.load_waiting()}
    assert reports["ou"].status == "applied"
    assert reports["attendance"].status == "unreachable"
    assert any(variable in reports["attendance"].problems[0] for variable in place.secrets)


def test_the_sensor_asks_a_place_that_refuses_less_and_less_often_and_the_job_goes_on(
    network: Platform, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in place.secrets:
        monkeypatch.setenv(variable, "wrong")
    sensor = landing_sensor()
    with dagster_session(network.warehouse) as session:
        first = tick(session, sensor)
        asked = sum(place.asked.values())
        assert asked > 0
        assert "refuses" in str(first.skip_message)
        assert tick(session, sensor).skip_message == first.skip_message
        assert sum(place.asked.values()) == asked
        network.change("update etl.landing_place set looked_at = looked_at - interval '61 seconds'")
        tick(session, sensor)
        assert sum(place.asked.values()) > asked
        assert network.query("select feed, failures from etl.landing_place") == [("attendance", 2)]
        assert run_arrivals(session).success
    for variable, secret in place.secrets.items():
        monkeypatch.setenv(variable, secret)
    look(network)
    assert network.query("select failures, problem from etl.landing_place") == [(0, None)]


def test_a_secret_that_is_not_set_is_named(network: Platform, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = list(place.secrets)[-1]
    monkeypatch.delenv(variable)
    assert f"environment variable {variable}, which the network file names, is not set" in refused(network)
    assert sum(place.asked.values()) == 0


def test_a_bucket_that_is_not_there_is_said(make_network: MakeNetwork, s3: S3Server) -> None:
    platform = landing_at(make_network, s3.declaration | {"url": "s3://nowhere/north"})
    assert "s3://nowhere/north" in (said := refused(platform))
    assert "no such bucket" in said


def test_a_folder_that_is_not_there_is_said(make_network: MakeNetwork, sftp: SftpServer) -> None:
    platform = landing_at(make_network, sftp.declaration | {"url": f"{sftp.declaration['url']}/none"})
    assert "no such folder" in refused(platform)


def test_nobody_at_the_address_is_said(make_network: MakeNetwork, s3: S3Server) -> None:
    platform = landing_at(make_network, s3.declaration | {"endpoint_url": "http://127.0.0.1:1"})
    assert "does not answer" in refused(platform)


@pytest.mark.parametrize("known", [False, True], ids=["unknown", "changed"])
@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_host_key_that_is_not_trusted_ends_it_before_the_password(
    make_network: MakeNetwork, sftp: SftpServer, known: bool, algorithm: str
) -> None:
    platform = landing_at(make_network, sftp.declaration)
    sftp.put(NAME, SHEET)
    sftp.trust(*[asyncssh.generate_private_key(algorithm)] * known)
    before = sftp.known_hosts.read_text()
    said = refused(platform)
    assert ("is not the one in" if known else "is not known") in said
    assert str(sftp.known_hosts) in said
    assert sftp.asked["login"] == 0
    assert sftp.known_hosts.read_text() == before


def test_no_known_hosts_is_no_reason_to_trust(make_network: MakeNetwork, sftp: SftpServer, tmp_path: Path) -> None:
    platform = landing_at(make_network, sftp.declaration | {"known_hosts": str(tmp_path / "none")})
    assert "which should hold the key" in refused(platform)


def test_secrets_are_in_no_output_and_no_table(
    network: Platform,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither right nor wrong ones, whether all goes well, or the log-in or a fetch fails."""
    caplog.set_level(logging.DEBUG)
    right, wrong = list(place.secrets.values()), [f"wrong-{name}-horse" for name in place.secrets]
    place.put(NAME, SHEET)
    said = ""
    with dagster_session(network.warehouse) as session:
        for secrets in (wrong, right):
            for variable, secret in zip(place.secrets, secrets, strict=True):
                monkeypatch.setenv(variable, secret)
            said += str(tick(session, landing_sensor()).skip_message)
            run_arrivals(session)
        run_arrivals(session)  # its second look that is not refused
        place.breaks = 1000
        place.put("attendance_daily_2.csv", SHEET)
        said += str([report.model_dump() for report in network.load_waiting()])
        dumped = dump(network, network.warehouse.database) + dump(network, network.warehouse.dagster_database)
    assert all(text in said for text in ("refuses", "does not answer"))
    assert network.query(ROWS) == [(2,)]
    files = [path.read_bytes() for path in network.settings.network_home.rglob("*") if path.is_file()]
    captured = capfd.readouterr()
    everything = {
        "reports": said,
        "tables": dumped,
        "files": b"".join(files).decode("utf-8", "replace"),
        "output": captured.out + captured.err,
        # the id of an access key is no secret: botocore writes it, at DEBUG, where it shows what it signs
        "logs": "".join(each.getMessage() for each in caplog.records if each.levelno > logging.DEBUG),
    }
    found = {where for where, text in everything.items() for secret in right + wrong if secret in text}
    found |= {"debug" for each in caplog.records for secrets in (right, wrong) if secrets[-1] in each.getMessage()}
    assert found == set()


def dump(platform: Platform, database: str) -> str:
    """Every row of every table of a database as text."""
    with platform.warehouse.connect(Role.ADMIN, database=database, autocommit=True) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        texts = [
            row[0]
            for table in tables
            for row in connection.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(*table)))
        ]
    return "\n".join(texts)
