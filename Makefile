.PHONY: help test lint clean

VENV := .venv
PYTHON := $(VENV)/bin/python

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.installed: requirements.lock
	python3.11 -m venv $(VENV) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet uv==0.13.9
	$(VENV)/bin/uv pip install --quiet --python $(PYTHON) -r requirements.lock
	touch $@

test: $(VENV)/.installed ## every test
	$(PYTHON) -m pytest -q edu_assets_tests

lint: $(VENV)/.installed ## ruff
	$(VENV)/bin/ruff check edu_assets edu_assets_tests
	$(VENV)/bin/ruff format --check edu_assets edu_assets_tests

clean: ## remove the environment
	rm -rf $(VENV) .pytest_cache .ruff_cache
