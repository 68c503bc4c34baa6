# `make demo` shows the project on one simulated day; `make test` checks all of it.
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
DEV := .venv/.installed-dev
PACKAGES := dbt_packages/.installed
TYPESCRIPT := clients/typescript
NODE_MODULES := $(TYPESCRIPT)/node_modules/.installed

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-strip-extras --generate-hashes \
	--no-emit-package fleet-events --quiet --custom-compile-command "make lock"

# The tests of a file share what it builds.
BOTH_CORES := --numprocesses 2 --dist loadfile --no-loadscope-reorder

ROBOTS := 40
DAYS := 1
SEED := 7
SPEED := 20

# Of a soak: the random worlds for each seed, and where they and the tests marked `soak` are.
SEEDS := 1
WORLDS := 1500
SOAK_TESTS := tests/python/nightly tests/python/oracle tests/python/benchmarks tests/python/redshift

.PHONY: help setup demo live dashboard check test soak coverage typescript lint lock clean

help:  ## Show these targets.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 17

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

$(DEV): $(STAMP) requirements-dev.lock
	@echo "Installing what the tests need ..."
	@$(BIN)/pip install -qq --require-hashes -r requirements-dev.lock
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

# What needs neither a dbt run nor a browser nor PostgreSQL.
check: setup $(DEV) $(NODE_MODULES)  ## Check the fast half: style, types, and tests that run no dbt.
	@SECONDS=0; \
	$(BIN)/mypy --no-error-summary & types=$$!; \
	$(BIN)/ruff check --quiet; \
	$(BIN)/ruff format --quiet --check; \
	$(BIN)/fleet registry generate --check; \
	$(BIN)/pytest --quiet $(BOTH_CORES) -m "not dbt and not browser and not postgres" $(ARGS); \
	wait $$types; \
	echo "Checked in $$SECONDS s. The rest: make test"

lint: setup $(DEV)  ## Check style, types and SQL, and that generated files are up to date.
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/fleet registry generate --check
	@$(BIN)/mypy --no-error-summary & types=$$!; \
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 $(wildcard models analyses tests/data_tests); \
	wait $$types

test: lint typescript  ## Check everything: lint, then every test but a soak's, on two cores; ARGS='-k session' chooses tests.
	@$(BIN)/pytest $(BOTH_CORES) $(ARGS)

soak: setup $(DEV)  ## Check with more worlds, and runs killed everywhere; SEEDS='1 2 3' begins anew with each.
	@for seed in $(SEEDS); do \
		echo "Seed $$seed ..."; \
		SOAK=1 NIGHTLY_WORLDS=$(WORLDS) KILLED_EVERY=1 RANDOM_KILLS=30 $(BIN)/pytest --quiet $(BOTH_CORES) \
			--hypothesis-seed=$$seed $(SOAK_TESTS) $(ARGS); \
	done

coverage: setup $(DEV)  ## Run every test and report how much of fleet and fleet_events they run.
	@$(BIN)/pytest --quiet $(BOTH_CORES) --cov --cov-report=term $(ARGS)

$(NODE_MODULES): $(TYPESCRIPT)/package.json $(TYPESCRIPT)/package-lock.json
	@command -v npm >/dev/null || { echo "The TypeScript client needs Node.js 20 or later with npm: install it, or check the rest with make lint and $(BIN)/pytest." >&2; exit 1; }
	@cd $(TYPESCRIPT) && npm ci --silent --ignore-scripts
	@touch $@

typescript: $(NODE_MODULES)  ## Build the TypeScript client and test it.
	@cd $(TYPESCRIPT) && npm test --silent

# Each lock holds the pins of the one before, so that one .venv can have them all.
lock:  ## Pin the newest versions that pyproject.toml allows.
	@$(BIN)/pip install -qq uv
	@$(LOCK) --extra warehouse --extra import --group build --output-file requirements.lock
	@$(LOCK) --extra dashboard --extra import --group build --constraint requirements.lock --output-file requirements-dashboard.lock
	@$(LOCK) --extra dashboard --extra import --group dev --constraint requirements-dashboard.lock --output-file requirements-dev.lock

clean:  ## Remove everything that make made, except profiles.yml.
	@rm -rf .venv data dbt_packages target logs $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
