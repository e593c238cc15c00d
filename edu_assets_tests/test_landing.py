"""What the network file may say of a remote landing place, and what it refuses before anything is connected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edu_assets.landing import S3Landing, SftpLanding
from edu_assets.network import load_network
from edu_assets.school_calendar import DeclarationError
from edu_assets.settings import PROJECT
from edu_assets_tests.testbed import network_declaration, settings_for

S3 = {"url": "s3://exports/north", "secrets": {"key": "NORTH_S3_KEY", "secret": "NORTH_S3_SECRET"}}
SFTP = {
    "url": "sftp://district@sftp.example.org:2222/outgoing/",
    "known_hosts": "known_hosts",
    "secrets": {"password": "SOUTH_SFTP_PASSWORD"},
}


def declared(folder: Path, landing: Any) -> Any:
    feeds = {"attendance": {"system": "attendance", "landing": landing}}
    path = folder / "network.yaml"
    path.write_text(yaml.safe_dump(network_declaration(feeds=feeds)), encoding="utf-8")
    return load_network(path).feeds["attendance"].landing


def test_a_folder_a_bucket_and_a_server_are_told_apart(tmp_path: Path) -> None:
    assert declared(tmp_path, "attendance") == "attendance"
    assert declared(tmp_path, "s3://exports/north/") == S3Landing(url="s3://exports/north")
    assert isinstance(declared(tmp_path, SFTP), SftpLanding)
    assert declared(tmp_path, SFTP).url == "sftp://district@sftp.example.org:2222/outgoing"


@pytest.mark.parametrize(
    ("landing", "said"),
    [
        ("ftp://host/folder", "s3:// or sftp://"),
        ({"folder": "x"}, "s3:// or sftp://"),
        ("sftp://district@host/folder", "known_hosts"),
        (S3 | {"url": "s3://AKIA:hunter2@exports/north"}, "does not belong in the URL"),
        (SFTP | {"url": "sftp://district:hunter2@host/x"}, "does not belong in the URL"),
        (S3 | {"secret": "hunter2"}, "Extra inputs"),
        (SFTP | {"password": "hunter2"}, "Extra inputs"),
        (S3 | {"secrets": {"key": "AKIAHUNTER2", "secret": "NORTH_S3_SECRET"}}, "should match pattern"),
        (S3 | {"secrets": {"key": "NORTH_S3_KEY", "secret": "hunter2/abc+def"}}, "should match pattern"),
        (S3 | {"endpoint_url": "http://s3.example.org"}, "must be https"),
        (S3 | {"endpoint_url": "http://10.0.0.8:9000"}, "must be https"),
        (S3 | {"endpoint_url": "https://me:hunter2@s3.example.org"}, "without user or password"),
        (SFTP | {"url": "sftp://host/x"}, "name the user"),
        (SFTP | {"secrets": {}}, "say how to log in"),
    ],
    ids=str,
)
def test_what_is_unsafe_or_unclear_is_refused_without_telling_it_again(tmp_path: Path, landing: Any, said: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        declared(tmp_path, landing)
    assert said in str(refusal.value)
    assert "hunter2" not in str(refusal.value).lower()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost:9000"])
def test_an_endpoint_on_this_machine_needs_no_tls(tmp_path: Path, endpoint: str) -> None:
    assert declared(tmp_path, S3 | {"endpoint_url": endpoint}).endpoint_url == endpoint


def test_a_remote_place_has_no_folder(tmp_path: Path) -> None:
    declared(tmp_path, S3)
    with pytest.raises(DeclarationError, match="remote place"):
        settings_for(tmp_path, tmp_path / "network.yaml").landing_of("attendance")


def test_paths_are_beside_the_network_file(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, tmp_path / "network.yaml")
    assert settings.beside_network_file(Path("known_hosts")) == tmp_path / "known_hosts"
    assert settings.beside_network_file(Path("~/x")) == Path.home() / "x"


def test_the_example_of_the_readme_can_be_declared(tmp_path: Path) -> None:
    [example] = (PROJECT / "README.md").read_text(encoding="utf-8").split("```yaml\n")[1:]
    feeds = yaml.safe_load(example.split("```")[0])["feeds"]
    for feed in feeds.values():
        declared(tmp_path, feed["landing"])
