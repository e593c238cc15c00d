.PHONY: help pipeline ui browser test screenshots fuzz chaos mutants bench scale lint clean

VENV := .venv
PYTHON := $(VENV)/bin/python
EDU := $(VENV)/bin/edu
NETWORK ?= networks/sample.yaml
SEED ?= 22
export EDU_NETWORK := $(NETWORK)

help: ## what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12
	@echo
	@echo 'NETWORK=networks/<name>.yaml chooses another network, e.g. make pipeline NETWORK=networks/oulad.yaml'

$(VENV)/.installed: requirements.lock pyproject.toml
	python3.11 -m venv $(VENV) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(PYTHON) -r requirements.lock
	$(VENV)/bin/uv pip install --quiet --python $(PYTHON) --no-deps --editable .
	$(PYTHON) -m compileall -q edu_assets
	touch $@

pipeline: $(VENV)/.installed ## install, start PostgreSQL, load every file, build and check gold of every term
	@$(EDU) pipeline

ui: $(VENV)/.installed ## Dagster on http://127.0.0.1:3000 (code server, webserver, daemon), until Ctrl-C
	@exec $(EDU) ui

browser: # Debian's chromium where it may be installed; without it the browser tests are skipped and say so
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20 >/dev/null 2>&1 \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1; } \
	  || echo 'no chromium, and it could not be installed: the browser tests are skipped'

test: $(VENV)/.installed browser ## every test, shuffled (SEED=n for another order)
	$(PYTHON) -m pytest -q -n 2 --dist loadgroup --randomly-seed=$(SEED) edu_assets_tests

screenshots: $(VENV)/.installed browser ## the pictures in docs, taken of a sample network's user interface
	$(PYTHON) -m edu_assets_tests.end_to_end.screenshots

fuzz: $(VENV)/.installed ## ten thousand broken files, each loaded lawfully or refused (SEED=n repeats a run)
	$(PYTHON) -m edu_assets_tests.raw_zone.fuzzing 10000 $(SEED)

chaos: $(VENV)/.installed ## a hundred kills of loader and PostgreSQL at random points (SEED=n repeats a run)
	$(PYTHON) -m edu_assets_tests.raw_zone.chaos 100 $(SEED)

mutants: $(VENV)/.installed ## small changes of gold's SQL, one by one: which does a test notice? (MODELS="a b" tries those)
	$(PYTHON) -m edu_assets_tests.gold.mutants $(MODELS)

bench: $(VENV)/.installed ## measure loads and pipeline against yardsticks, into bench/results.json
	$(PYTHON) -m bench.run

scale: $(VENV)/.installed ## a hundred schools, 60,000 students, ten years: what a night takes (some fifty minutes, 30 GB of disk)
	$(PYTHON) -m bench.scale

lint: $(VENV)/.installed ## ruff, mypy, sqlfluff
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	cd dbt_project && ../$(VENV)/bin/sqlfluff lint models tests seeds macros

clean: ## stop PostgreSQL, delete its data and the environment
	@if [ -x $(EDU) ]; then $(EDU) down --purge; fi
	rm -rf $(VENV) .edu .pytest_cache .ruff_cache .mypy_cache dbt_project/target dbt_project/logs
