# `make demo` shows the project on one simulated day; `make test` checks all of it.
include run.mk

DEV := .venv/.installed-dev
NODE_MODULES := $(TYPESCRIPT)/node_modules/.installed

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-strip-extras --generate-hashes \
	--no-emit-package fleet-events --quiet --custom-compile-command "make lock"

# The tests of a file share what it builds.
BOTH_CORES := --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Of a soak: the random worlds for each seed, the runs that are killed (after every so many statements and models,
# and at so many moments), the chains of operations, and where they and the tests marked `soak` are.
SEEDS := 1
WORLDS := 1500
KILLED_EVERY := 1
RANDOM_KILLS := 30
OPERATIONS := 5
SOAK_TESTS := tests/python/nightly tests/python/upgrade tests/python/oracle tests/python/benchmarks tests/python/redshift tests/python/packaging tests/python/dashboard

.PHONY: check test soak coverage typescript lint lock

$(DEV): $(STAMP) requirements-dev.lock
	@echo "Installing what the tests need ..."
	@$(BIN)/pip install -qq --require-hashes -r requirements-dev.lock
	@touch $@

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
	@failed=; for seed in $(SEEDS); do \
		echo "Seed $$seed ..."; \
		PYTEST_TIMEOUT=0 SOAK=$$seed OPERATIONS=$(OPERATIONS) NIGHTLY_WORLDS=$(WORLDS) KILLED_EVERY=$(KILLED_EVERY) RANDOM_KILLS=$(RANDOM_KILLS) $(BIN)/pytest --quiet $(BOTH_CORES) \
			--hypothesis-seed=$$seed $(SOAK_TESTS) $(ARGS) || failed="$$failed $$seed"; \
	done; \
	[ -z "$$failed" ] || { echo "Failed: mend what is named above, then run make soak SEEDS='$${failed# }' again." >&2; exit 1; }

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
