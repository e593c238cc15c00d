"""Gold: the dbt project run warm, in this process, one term a build.

Belongs here: what dbt learns from the contracts (generate.py), the project as dbt knows it (project.py), its deploy
(deploy.py), the build of a term (build.py), and which terms are due (ledger.py). Does not belong here: SQL
(dbt_project/), assets and checks (orchestration/).
"""

from edu_assets.gold.build import build_term
from edu_assets.gold.commands import NodeResult, run_dbt
from edu_assets.gold.deploy import deploy_gold, gold_stands
from edu_assets.gold.ledger import GoldBuild, StaleTerm, stale_terms
from edu_assets.gold.project import GoldFailed, manifest_content, project_digest, write_manifest

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
    "write_manifest",
]
