"""A loader in a process of its own, which a test may kill: `python interrupted_load.py HOME NETWORK_FILE FILE…`."""

from __future__ import annotations

import sys
from pathlib import Path

from edu_assets.raw_zone import load_paths
from edu_assets.warehouse import Warehouse
from edu_assets_tests.testbed import settings_for

if __name__ == "__main__":
    home, network_file, *files = map(Path, sys.argv[1:])
    settings = settings_for(home, network_file)
    load_paths(Warehouse.of(settings), settings, files)
