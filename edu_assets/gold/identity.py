"""How well the identifiers of each feed are matched to students, and what waits for a person.

Belongs here: counts by feed. Does not belong here: how an identifier is matched (dbt_project/, the seed
rule_student_identifier), identifiers themselves: they name persons, and are looked up where they stand.
"""

from __future__ import annotations

from psycopg.rows import class_row
from pydantic import BaseModel

from edu_assets.errors import EduError
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse

MATCHES = """
with bridge as (
    select feed, count(*) as identifiers, count(*) filter (where matched_by <> 'unmatched') as matched,
        count(*) filter (where is_merged) as merged,
        count(*) filter (where matched_by in ('state_number', 'state_number_as_own')) as by_state,
        count(*) filter (where must_be_registered) as expected,
        count(*) filter (where must_be_registered and matched_by <> 'unmatched') as expected_matched,
        max(rule_version) as rule_version
    from gold.bridge_student_identifier where term_key = %(term)s group by feed
), waiting as (
    select feed, count(distinct identifier) filter (where candidates = 0) as unmatched,
        count(distinct identifier) filter (where candidates = 1) as proposed,
        count(distinct identifier) filter (where candidates > 1) as ambiguous
    from gold.student_identifier_review where term_key = %(term)s group by feed
), rule as (
    select rule_version, max(least_matched_percent) as least_percent, max(tolerated_unmatched) as tolerated
    from gold.rule_student_identifier group by 1
)
select feed, coalesce(b.identifiers, 0) as identifiers, coalesce(b.matched, 0) as matched,
    coalesce(b.merged, 0) as merged, coalesce(b.by_state, 0) as by_state, coalesce(w.unmatched, 0) as unmatched,
    coalesce(w.proposed, 0) as proposed, coalesce(w.ambiguous, 0) as ambiguous,
    coalesce(
        b.expected_matched * 100 >= b.expected * r.least_percent or b.expected - b.expected_matched <= r.tolerated, true
    ) as is_believed
from bridge b full join waiting w using (feed) left join rule r using (rule_version) order by feed
"""
LATEST = """
select b.term_key from gold.term_build b join etl.term t using (term_key)
where b.status = 'built' and (%(term)s::text is null or b.term_key = %(term)s) order by t.ordinal desc limit 1
"""


class NothingMatched(EduError):
    """No term of gold is built, or the one asked for is not."""


class FeedIdentifiers(BaseModel):
    """Counts of the identifiers of a feed in a term.

    identifiers: those by which rows name a student; matched: of them, whose student the register describes; merged,
    by_state: found by a merge, by the state's number. unmatched, proposed, ambiguous: what a person has to look at, by
    the number of students who it may be (none, one, several); accounts without a number are among them.
    is_believed: whether the matched share of those who must be registered is at least what the rule asks, or no more
    of them are unmatched than it tolerates.
    """

    feed: str
    identifiers: int
    matched: int
    merged: int
    by_state: int
    unmatched: int
    proposed: int
    ambiguous: int
    is_believed: bool


class Identifiers(BaseModel):
    """The feeds of a term."""

    term_key: str
    feeds: list[FeedIdentifiers]


def identifiers(warehouse: Warehouse, settings: Settings, term_key: str | None) -> Identifiers:
    """The identifiers of a term by feed; None: of the latest that is built. Raises NothingMatched, DeclarationError."""
    if term_key is not None:
        settings.network.calendar.term(term_key)
    with warehouse.connect(Role.DBT, autocommit=True, application_name="edu identifiers") as connection:
        stands = connection.execute("select to_regclass('gold.bridge_student_identifier') is not null").fetchone()
        built = connection.execute(LATEST, {"term": term_key}).fetchone() if stands and stands[0] else None
        if built is None:
            raise NothingMatched(
                f"gold of {term_key or 'every term'} is not built; run edu pipeline, or edu backfill --terms"
                f" '{term_key or 'all'}'"
            )
        with connection.cursor(row_factory=class_row(FeedIdentifiers)) as cursor:
            return Identifiers(term_key=built[0], feeds=cursor.execute(MATCHES, {"term": built[0]}).fetchall())
