"""Outcomes of checks as Dagster stores them, each with the materialisation that it is about.

Belongs here: turning the results of a run's checks into events. Does not belong here: what is asked (raw_rules.py,
dbt_project/), what a result says (raw_checks.py, gold_assets.py).

Dagster would do it for each result that a step gives it. It then looks for the asset's materialisation at every result,
not at every asset, collects the keys of all checks at every result, and stores an output beside each: some seven
statements a check, of which a term has seven hundred, and a quarter of the time in which the term of a small network
is built.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

NO_OUTPUT = "did not yield or return expected outputs"
Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def outcomes(
    context: Context, results: Iterable[dg.AssetCheckResult], blocking: Iterable[dg.AssetCheckSpec] = ()
) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
    """What a step yields for results on the partition of its run; each result names its asset and check.

    blocking: the checks whose failure with severity ERROR stops the run. They have an output too, for which the steps
    after them wait.
    """
    outputs = {spec.key: spec.get_python_identifier() for spec in blocking}
    # a step would tell of every check without an output, in one long line that sounds like a fault
    context.log.addFilter(lambda record: NO_OUTPUT not in record.getMessage())
    target = _targets(context.instance, context.partition_key)
    for result in results:
        assert result.asset_key
        assert result.check_name
        key = dg.AssetCheckKey(result.asset_key, result.check_name)
        if key in outputs:
            yield dg.Output(None, outputs[key])
        yield dg.AssetCheckEvaluation(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=result.passed,
            metadata=result.metadata,
            target_materialization_data=target(key.asset_key),
            severity=result.severity,
            description=result.description,
            blocking=key in outputs,
            partition=context.partition_key,
        )


def _targets(instance: dg.DagsterInstance, partition: str) -> Callable[[dg.AssetKey], Target | None]:
    """Finds the last materialisation of an asset's partition, once an asset: nothing builds the term beside its run."""

    @cache
    def target(key: dg.AssetKey) -> Target | None:
        asked = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition])
        found = instance.fetch_materializations(asked, limit=1).records
        return (
            Target(storage_id=found[0].storage_id, run_id=found[0].run_id, timestamp=found[0].timestamp)
            if found
            else None
        )

    return target
