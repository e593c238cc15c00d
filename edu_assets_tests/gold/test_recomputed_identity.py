"""Whose each identifier is in gold against the same worked out from the exported files, for two networks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from edu_assets.gold.identity import identifiers
from edu_assets.sample import write_exports
from edu_assets_tests.gold.building import MADE_BY_A_TERM
from edu_assets_tests.gold.recomputing import Recomputed
from edu_assets_tests.gold.recomputing_identity import Identifiers
from edu_assets_tests.gold.test_recomputed import STUDENT, _compare
from edu_assets_tests.testbed import Platform

OLD_NUMBERS = "select student_number from gold.dim_student_number where not _is_dropped"


@pytest.fixture(scope="module")
def base(seeded: Platform) -> Recomputed:
    network, landing = seeded.settings.network, seeded.settings.landing
    return Recomputed(network, landing, write_exports(landing, network))


@pytest.fixture(scope="module")
def bridge(base: Recomputed) -> dict[tuple, dict]:
    return Identifiers(base).bridge()


def test_identifiers_are_those_of_the_files_with_their_students(seeded: Platform, bridge: dict[tuple, dict]) -> None:
    expected = {key: row | {"confidence": Decimal(row["confidence"])} for key, row in bridge.items()}
    _compare(seeded, "term_key, identifier, feed", f"gold.bridge_student_identifier {STUDENT}", expected)


def test_the_sample_has_identifiers_worth_comparing(base: Recomputed, bridge: dict[tuple, dict]) -> None:
    rules = {row["matched_by"] for row in bridge.values()}
    assert rules == {"register_number", "merged_number", "state_number", "unmatched"}
    assert len({feed for (_, _, feed), row in bridge.items() if row["is_merged"]}) > 1
    assert len(base.given_up) > len(set(base.given_up.values())), "a number that was given up twice over"


def test_numbers_given_up_are_those_of_the_sheets_of_merges(seeded: Platform, base: Recomputed) -> None:
    stored = "select student_number, student_id from gold.dim_student_number where not _is_dropped"
    assert dict(seeded.query(stored)) == base.given_up
    assert dict(seeded.query("select student_number, student_id from staging.student_number_in_force")) == base.given_up


def test_nothing_is_of_a_number_that_was_given_up(seeded: Platform) -> None:
    for table in MADE_BY_A_TERM:
        named = seeded.value(
            "select count(*) from pg_attribute where attrelid = %s::regclass and attname = 'student_key'",
            [f"gold.{table}"],
        )
        if named:
            held = f"select count(*) from gold.{table} {STUDENT} where student_id in ({OLD_NUMBERS})"  # noqa: S608
            assert seeded.value(held) == 0, table
    standing = f"select count(*) from gold.dim_student where not _is_dropped and student_id in ({OLD_NUMBERS})"  # noqa: S608
    assert seeded.value(standing) == 0


def test_the_counts_of_a_feed_are_those_of_its_identifiers(seeded: Platform, bridge: dict[tuple, dict]) -> None:
    term = seeded.terms[0]
    told = {feed.feed: feed for feed in identifiers(seeded.warehouse, seeded.settings, term).feeds}
    of_term = {(identifier, feed): row for (at, identifier, feed), row in bridge.items() if at == term}
    for feed in {feed for _, feed in of_term}:
        rows = [row for (_, of_feed), row in of_term.items() if of_feed == feed]
        assert told[feed].identifiers == len(rows)
        assert told[feed].matched == sum(row["matched_by"] != "unmatched" for row in rows)
        assert told[feed].merged == sum(row["is_merged"] for row in rows)
        assert told[feed].by_state == sum(row["matched_by"] == "state_number" for row in rows)
        # what else waits in the platform's feed are accounts without a number, which are none of the bridge
        waiting = told[feed].unmatched + (0 if feed == "lms" else told[feed].ambiguous)
        assert waiting == sum(row["matched_by"] == "unmatched" and row["must_be_registered"] for row in rows)
        assert told[feed].is_believed
    assert identifiers(seeded.warehouse, seeded.settings, None).term_key == seeded.terms[-1]


def test_an_account_without_a_number_is_proposed_to_the_student_of_its_name(seeded: Platform) -> None:
    last = seeded.terms[-1]
    proposed = seeded.query(
        "select identifier, candidate_id, matched_by, confidence from gold.student_identifier_review"
        " where term_key = %s and feed = 'lms'",
        [last],
    )
    assert {(rule, confidence) for *_, rule, confidence in proposed} == {("name", Decimal("0.40"))}
    named = seeded.query(
        "select account.account_id, student.student_id from staging.conformed_student_account as account"
        " join staging.conformed_student as student using (term_key, given_name, family_name) where term_key = %s",
        [last],
    )
    assert {(account, student) for account, student, *_ in proposed} == set(named)
    accounts = "select count(*) from staging.conformed_student_account where term_key = %s"
    assert seeded.value(accounts, [last]) > len({account for account, _ in named}) > 0
