# What a repository of one's own has as well: it includes this file, as the Makefile here does (`fleet init`).
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

# A venv without bytecode costs every dbt call some three seconds.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DBT_PROFILES_DIR := $(CURDIR)

# The first Python that dbt runs on; set PYTHON= to choose another.
PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11,\
	$(shell $(python) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $(python))))
BIN := .venv/bin
STAMP := .venv/.installed
DASHBOARD := .venv/.installed-dashboard
PACKAGES := dbt_packages/.installed
TYPESCRIPT := clients/typescript

ROBOTS := 40
DAYS := 1
SEED := 7
SPEED := 20

.PHONY: help setup demo live dashboard clean

help:  ## Show these targets.
	@grep -hE '^[a-z]+:.*## ' run.mk Makefile | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 17

setup: $(STAMP) $(PACKAGES) profiles.yml  ## Install what dbt and the fleet command need into .venv.

$(STAMP): requirements.lock pyproject.toml clients/python/pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "This project needs Python 3.11, 3.12 or 3.13 as python3; install one, or name it: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Installing the pinned dependencies into .venv, a minute or two the first time ..."
	@$(PYTHON) -m venv --clear .venv || { echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu install the package python3-venv." >&2; exit 1; }
	@$(BIN)/pip install -qq --require-hashes -r requirements.lock
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --editable clients/python --editable .
	@touch $@

$(DASHBOARD): $(STAMP) requirements-dashboard.lock
	@echo "Installing what the dashboard needs ..."
	@$(BIN)/pip install -qq --require-hashes -r requirements-dashboard.lock
	@touch $@

$(PACKAGES): $(STAMP) packages.yml package-lock.yml $(shell find offline -type f)
	@$(BIN)/python -m fleet.warehouse.packages
	@touch $@

profiles.yml:
	@cp profiles.yml.example profiles.yml
	@echo "Copied profiles.yml.example to profiles.yml."

demo: setup  ## Simulate one day of a fleet in data/, build every table and show one failed delivery.
	@rm -rf data/landing data/truth data/warehouse.duckdb data/warehouse.duckdb.wal
	@$(BIN)/fleet simulate --robots $(ROBOTS) --days $(DAYS) --seed $(SEED)
	@$(BIN)/dbt --quiet run-operation load_event_lines
	@echo "Building every table and testing it ..."
	@$(BIN)/dbt --no-use-colors build | grep -vE ' (START|PASS|NO-OP) |^[0-9:]+ +$$'
	@$(BIN)/fleet score
	@$(BIN)/fleet session --example
	@echo
	@echo "What next:"
	@echo "  make dashboard                                   the same and more in a browser"
	@echo "  .venv/bin/fleet session --failed                 deliveries to look at, by id"
	@echo "  .venv/bin/dbt show --select supply_hours_daily   any table of the day"
	@echo "  make test                                        check the project"

# Today at SPEED times the pace of the clock, until it has caught up with it.
live: setup $(DASHBOARD)  ## Simulate a fleet as time goes by and show its deliveries while they happen.
	@rm -rf data/live && mkdir -p data/live
	@export FLEET_DATABASE=data/live/warehouse.duckdb; \
	trap 'kill $$(jobs -p) 2> /dev/null; wait' EXIT; trap 'exit 0' INT TERM; \
	$(BIN)/fleet simulate --live $(SPEED) --robots $(ROBOTS) --seed $(SEED) --out data/live & \
	$(BIN)/fleet follow --every 5s --landing data/live/landing & \
	$(BIN)/python -m streamlit run dashboard/app.py & \
	wait

dashboard: setup $(DASHBOARD)  ## Show the marts as a web page: any delivery, order or robot by its id.
	@$(BIN)/python -m streamlit run dashboard/app.py

clean:  ## Remove everything that make made, except profiles.yml.
	@rm -rf .venv data dbt_packages target logs $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
