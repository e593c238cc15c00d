"""Gold: the dbt project run warm, in this process, one term a build.

Belongs here: what dbt learns from the contracts (generate.py), how it is run and what is recorded of a run
(runner.py). Does not belong here: SQL (dbt_project/), assets and checks (orchestration/).
"""

from edu_assets.gold.runner import (
    GoldBuild,
    GoldFailed,
    NodeResult,
    StaleTerm,
    build_term,
    deploy_gold,
    gold_stands,
    manifest_content,
    project_digest,
    run_dbt,
    stale_terms,
)

__all__ = [
    "GoldBuild",
    "GoldFailed",
    "NodeResult",
    "StaleTerm",
    "build_term",
    "deploy_gold",
    "gold_stands",
    "manifest_content",
    "project_digest",
    "run_dbt",
    "stale_terms",
]
