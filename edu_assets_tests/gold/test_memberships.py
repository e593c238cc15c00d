"""Whose memberships count: by term and school those of the first system that states any, wholly and alone."""

from __future__ import annotations

from edu_assets.gold import manifest_content
from edu_assets.gold.lineage import origins
from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import broken, build_term, digests
from edu_assets_tests.testbed import Platform

TERM, OTHER_TERM = "2025-26|T1", "2025-26|T2"
SCHOOL = "01001"
NUMBER_IN_ODS = "1001"
COUNTED_BY = (
    "select school_id, array_agg(distinct system), count(*) from gold.fct_enrollment join gold.dim_school"
    " using (school_key) where fct_enrollment.term_key = %s group by school_id order by 1"
)
ODS = "raw_zone.edfi__student_school_associations"
CHECK = "sources_of_memberships_agree"


def _counted_by(platform: Platform, term: str) -> dict[str, tuple[list[str], int]]:
    return {school: (systems, rows) for school, systems, rows in platform.query(COUNTED_BY, [term])}


def _stated(platform: Platform, system: str, school: str) -> int:
    return platform.value(
        "select count(*) from staging.stated_school_enrollment where system = %s and school_id = %s and term_key = %s",
        [system, school, TERM],
    )


def _status(platform: Platform) -> str:
    [status] = [node.status for node in build_term(platform, TERM) if node.name == CHECK]
    return status


def test_a_school_without_records_is_counted_from_its_roster_and_the_others_are_not(own: Platform) -> None:
    before = _counted_by(own, TERM)
    assert {tuple(systems) for systems, _ in before.values()} == {("sis",)}
    own.change("delete from raw_zone.sis__student_enrollments where term_key = %s and school_id = %s", [TERM, SCHOOL])
    assert not broken(build_term(own, TERM))
    assert _counted_by(own, TERM)[SCHOOL] == (["edfi"], _stated(own, "edfi", SCHOOL))
    own.change(f"delete from {ODS} where term_key = %s and school_reference_school_id = %s", [TERM, NUMBER_IN_ODS])  # noqa: S608
    assert not broken(build_term(own, TERM))
    after = _counted_by(own, TERM)
    assert after[SCHOOL] == (["oneroster"], _stated(own, "oneroster", SCHOOL))
    assert {school: found for school, found in after.items() if school != SCHOOL} == {
        school: found for school, found in before.items() if school != SCHOOL
    }


def test_one_record_of_a_school_leaves_its_roster_out_and_the_check_says_so(own: Platform) -> None:
    assert _status(own) == "pass"
    own.change(
        "delete from raw_zone.sis__student_enrollments where term_key = %s and school_id = %s and student_number <>"
        " (select min(student_number) from raw_zone.sis__student_enrollments where term_key = %s and school_id = %s"
        " and enrollment_type = 'primary')",
        [TERM, SCHOOL, TERM, SCHOOL],
    )
    assert _status(own) == "warn"
    assert _counted_by(own, TERM)[SCHOOL] == (["sis"], 1)
    assert _stated(own, "oneroster", SCHOOL) > 1


def test_how_far_the_sources_may_differ_is_the_rule(own: Platform) -> None:
    """Of a school of n students one is missing in the records, which is put up with from a share of 1 in n on."""
    students = own.value(
        "select sum(headcount_term_end)::int from gold.mart_enrollment join gold.dim_school using (school_key)"
        " where mart_enrollment.term_key = %s and school_id = %s",
        [TERM, SCHOOL],
    )
    missing = own.change(
        "delete from raw_zone.sis__student_enrollments where (term_key, school_id, student_number) = (select term_key,"
        " school_id, min(student_number) from raw_zone.sis__student_enrollments where term_key = %s and school_id = %s"
        " and enrollment_type = 'primary' and exit_date is null group by term_key, school_id)",
        [TERM, SCHOOL],
    )
    assert missing == 1
    share = "update gold.rule_membership_sources set max_difference_share = %s"
    own.change(share, [1 / (students + 1)], role=Role.DBT)
    assert _status(own) == "warn"
    own.change(share, [1 / students + 1e-9], role=Role.DBT)
    assert _status(own) == "pass"


def test_records_of_a_term_say_nothing_of_another(own: Platform) -> None:
    before = digests(own)
    own.change("delete from raw_zone.sis__student_enrollments where term_key = %s", [TERM])
    assert not broken(build_term(own, TERM))
    assert not broken(build_term(own, OTHER_TERM))
    after = digests(own)
    assert after["fct_enrollment", TERM] != before["fct_enrollment", TERM]
    assert after["fct_enrollment", OTHER_TERM] == before["fct_enrollment", OTHER_TERM]


def test_exits_come_from_records_and_rosters_alike() -> None:
    """The lineage names both: which one counts is settled by rows, not by the declaration."""
    manifest = manifest_content()
    made = origins(manifest, ("model.edu_assets.mart_enrollment", "exits"))
    tables = {above.rsplit(".", 1)[-1] for above, _ in made}
    assert {"sis__student_enrollments", "oneroster__enrollments"} <= tables
