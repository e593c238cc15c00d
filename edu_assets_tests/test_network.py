"""What a network file says wrong is told by place, once for many of a kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from edu_assets.network import load_network
from edu_assets.school_calendar import DeclarationError
from edu_assets_tests.testbed import network_declaration


def refusal_of(path: Path, schools: list[dict[str, str]]) -> str:
    path.write_text(yaml.safe_dump(network_declaration(schools=schools)), encoding="utf-8")
    with pytest.raises(DeclarationError) as refusal:
        load_network(path)
    return str(refusal.value)


@pytest.mark.parametrize(("schools", "told", "rest"), [(5, 10, ""), (6, 10, "; and 2 more like these")])
def test_of_many_faults_the_first_are_told_and_the_rest_counted(
    tmp_path: Path, schools: int, told: int, rest: str
) -> None:
    """A school that lacks its LEA lacks two entries."""
    path = tmp_path / "many.yaml"
    refusal = refusal_of(path, [{"school_id": str(number), "name": "School"} for number in range(schools)])
    assert refusal.startswith(f"{path}: schools.0.lea_id: Field required; schools.0.lea_name: Field required; ")
    assert refusal.count("Field required") == told
    assert refusal.endswith(f"Field required{rest}")
