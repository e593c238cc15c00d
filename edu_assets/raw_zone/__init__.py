"""How batches become auditable raw rows: stage, validate, quarantine, apply, log.

The way of a row: loader.py → archive.py → opening.py → sources/files.py → binding.py → stage.py → apply.py →
etl.load_log.
"""

from edu_assets.raw_zone.archive import WaitingFile, waiting_files
from edu_assets.raw_zone.as_of import as_of_csv, instant, load_at
from edu_assets.raw_zone.conformance import Finding
from edu_assets.raw_zone.held import reapply, release
from edu_assets.raw_zone.load_log import listed_loads
from edu_assets.raw_zone.loader import load_paths, load_waiting
from edu_assets.raw_zone.quarantine import correct, replay
from edu_assets.raw_zone.rehearsal import Rehearsal, rehearse
from edu_assets.raw_zone.slices import DeliveryReport, SliceReport
from edu_assets.raw_zone.tables import deploy

__all__ = [
    "DeliveryReport",
    "Finding",
    "Rehearsal",
    "SliceReport",
    "WaitingFile",
    "as_of_csv",
    "correct",
    "deploy",
    "instant",
    "listed_loads",
    "load_at",
    "load_paths",
    "load_waiting",
    "reapply",
    "rehearse",
    "release",
    "replay",
    "waiting_files",
]
