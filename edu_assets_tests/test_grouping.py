"""Tests of one built network are one worker's: two workers would build it twice, and a run take half as long again."""

from __future__ import annotations

import pytest


def test_workers_are_given_groups(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("one process runs all tests, or they are not spread by groups")
    assert request.node.nodeid.endswith("@test_grouping")
