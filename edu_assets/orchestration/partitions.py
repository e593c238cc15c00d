"""The partitions of every term-scoped asset: academic year × term, keys such as `2025-26|T1`.

Belongs here: the definition, and turning term keys into partition keys and a run into its one term.
Does not belong here: which terms exist (the network file) or hold rows (the load log).

The academic year is dynamic, so that the first load of a new year needs no deploy; the terms of a year
are static in a network. Dagster sorts the dimensions of a key by name: `academic_year` comes first.

Assets have no backfill policy: then a back-fill makes one run a term, tagged with its partition. Under any
policy, `multi_run` of one partition included, runs are tagged with a range of keys, which over two dimensions
becomes several runs or none, and which the limit of one run a term at a time does not see.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from edu_assets.network import Network
from edu_assets.school_calendar import TERM_KEY_SEPARATOR

ACADEMIC_YEAR = "academic_year"
TERM = "term"


def term_partitions(network: Network) -> dg.MultiPartitionsDefinition:
    """The partitions definition that every term-scoped asset and check of a network shares."""
    return dg.MultiPartitionsDefinition(
        {
            ACADEMIC_YEAR: dg.DynamicPartitionsDefinition(name=ACADEMIC_YEAR),
            TERM: dg.StaticPartitionsDefinition(list(network.calendar.terms)),
        }
    )


def partition_key(term_key: str) -> dg.MultiPartitionKey:
    """The partition key of a term key; a string equal to it that also knows its two dimensions."""
    year, term = term_key.split(TERM_KEY_SEPARATOR, 1)
    return dg.MultiPartitionKey({ACADEMIC_YEAR: year, TERM: term})


def academic_years(term_keys: Iterable[str]) -> list[str]:
    """The academic years of term keys, sorted."""
    return sorted({term_key.split(TERM_KEY_SEPARATOR, 1)[0] for term_key in term_keys})


def term_tags(term_key: str) -> dict[str, str]:
    """The run tags by which Dagster knows the partition of a run."""
    year, term = term_key.split(TERM_KEY_SEPARATOR, 1)
    return {
        "dagster/partition": term_key,
        f"dagster/partition/{ACADEMIC_YEAR}": year,
        f"dagster/partition/{TERM}": term,
    }


def one_term(
    context: dg.OpExecutionContext | dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
) -> str:
    """The term of a run. Raises Failure with instructions where the run names none, or several."""
    op_context = context if isinstance(context, dg.OpExecutionContext) else context.op_execution_context
    if not op_context.has_partition_key:
        raise dg.Failure(
            "This run names no term, or a range of terms; it builds exactly one. Choose one partition, e.g. "
            "2025-26|T1, when you materialise; for several, start a backfill, which makes one run of each, or use "
            "`edu backfill --terms`.",
            allow_retries=False,
        )
    return str(op_context.partition_key)
