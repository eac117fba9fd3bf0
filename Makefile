# Everything that one does with this project. `make` lists it. Needs Python 3.11 or newer, with venv; nothing else.
PYTHON ?= python3
RUNTIME ?= python3.13
ARCH ?= arm64
ADDRESS ?= 127.0.0.1
LEDGER ?= tryton
FLOOR := 94# percent of lines and branches: what was measured when it was set, rounded down

BIN := .venv/bin
LAYER := layers/pleo_export
SAM := AWS_DEFAULT_REGION=eu-west-1 SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR="$(CURDIR)/.local/sam" $(BIN)/python -m samcli
# Bytecode is kept whatever the environment says: else each worker of each run rewrites all asserts again, for 10 s.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --maxprocesses 8 --dist loadgroup
# Tests of the stack wait for their servers half of the time, so one worker more than there are processors.
AND_ONE := $$(( $$($(BIN)/python -c 'import os; print(os.cpu_count())') + 1 ))
WITHOUT_SERVER := tests/unit tests/property tests/golden tests/contract pleo_simulator/tests ledger_simulators/tests
UV := .local/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes
INSTALL := local/install.py
LOCKED := --no-deps --require-hashes -r

.DEFAULT_GOAL := help
.PHONY: help setup demo restore-drill up down test nightly unit coverage simulate check check-code check-stack format build events commands bench months-end verify-live \
  lock clean

help: ## List the targets
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.project .local/.prepared ## Install what all the others need into .venv and .local (they do it themselves)

demo: setup ## Watch an export, from the click in Pleo to the ledger; LEDGER=xero, e-conomic or business-central
	@$(BIN)/python -m local.demo --ledger $(LEDGER)

restore-drill: setup ## Restore the table to a second name, and prove that nothing is lost and nothing would be booked twice
	@$(BIN)/python -m local.restore_drill

up: setup $(if $(WEB_CLIENT),.local/.web-client) ## Start the whole stack and leave it running; WEB_CLIENT=1 with Tryton's own, LEDGER=xero, ADDRESS=... for containers
	@$(BIN)/python -m local.stack up --host $(ADDRESS) --ledger $(LEDGER)

down: setup ## Stop it
	@$(BIN)/python -m local.stack down

test: setup ## Run all tests but the exhaustive ones, on all processors
	$(PYTEST) --numprocesses $(AND_ONE) -m "not exhaustive"

nightly: setup ## Run the exhaustive tests, which `make test` leaves out
	$(PYTEST) --numprocesses $(AND_ONE) -m exhaustive

unit: setup ## Run those that need no server
	$(PYTEST) --numprocesses logical $(WITHOUT_SERVER)

coverage: setup ## Run those and measure which lines and branches of the layer they reach; below the floor it fails
	$(PYTEST) --numprocesses logical $(WITHOUT_SERVER) --cov --cov-report=term:skip-covered --cov-fail-under=$(FLOOR)

simulate: setup ## Check the promises under injected faults; SEEDS=10000 for more, SEED=7 to watch one, LEDGER=xero with its connector, MUTANTS=1 to search for their seeds
	$(BIN)/python -m tests.simulation $(if $(MUTANTS),--mutants) $(if $(filter-out tryton,$(LEDGER)),--ledger $(LEDGER)) $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000) --first $(or $(FIRST),0))

format: setup ## Format the code, and fix what the linter can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check: check-code check-stack ## Run all linters and type checks, on the code, the template and the state machine

check-code: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

check-stack: setup .local/checkov/.requirements
	$(BIN)/cfn-lint --append-rules cfn_lint_serverless.rules
	$(SAM) validate --lint
	$(BIN)/statelint --ignore URI statemachine/export_job.asl.json
	.local/checkov/bin/python -m checkov.main

build: setup ## Build for AWS; RUNTIME=python3.12 ARCH=x86_64 for another Python or processor
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHON_RUNTIME=$(RUNTIME) ARCHITECTURE=$(ARCH) \
	  $(SAM) build --parameter-overrides PythonRuntime=$(RUNTIME) Architecture=$(ARCH)

months-end: setup ## Simulate the last day of a month with up to 100,000 companies, and write docs/scale.md
	AWS_DEFAULT_REGION=eu-west-1 $(BIN)/python -m tests.performance.months_end --write

verify-live: setup ## Try a connector on its real service, in a sandbox: CONNECTOR=xero, and the credentials in the environment
	@$(BIN)/python -m local.verify_live $(CONNECTOR)

events: setup ## Capture the sample events again, from a real local run
	@$(BIN)/python -m local.events

commands: setup ## Run every command on a local stack, and write docs/commands.md from what they print
	@$(BIN)/python -m local.commands

bench: setup ## Measure what an export costs beside a naive one and the floor; QUICK=1 for CI, WRITE=1 into docs/performance.md
	@$(BIN)/python -m tests.performance.bench $(if $(QUICK),--quick) $(if $(WRITE),--write)

lock: ## Resolve the requirements again and lock them by their hashes (needs the network)
	$(PYTHON) -m venv .local/uv
	.local/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.8
	$(UV) requirements/dev.in -o requirements/dev.txt
	$(UV) --no-emit-package charset-normalizer -c requirements/dev.txt $(LAYER)/requirements.in -o $(LAYER)/requirements.txt
	$(UV) -c requirements/dev.txt requirements/base-image.in -o requirements/base-image.txt
	$(UV) requirements/checkov.in -o requirements/checkov.txt
	$(UV) requirements/node.in -o requirements/node.txt
	rm -rf .local/uv

clean: ## Remove all that make has made: environment, caches, local data
	rm -rf .venv .local .aws-sam .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.requirements: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer, please: make PYTHON=...")'
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(INSTALL) "what it all needs" $(LOCKED) requirements/dev.txt
	@touch $@

.venv/.project: .venv/.requirements pyproject.toml
	@$(BIN)/python $(INSTALL) "the project itself" --no-deps --no-build-isolation --editable .
	@touch $@

.local/.prepared: .venv/.project $(LAYER)/requirements.txt requirements/base-image.txt
	@$(BIN)/python -m local.aws prepare
	@touch $@

.local/checkov/.requirements: requirements/checkov.txt
	@$(PYTHON) -m venv --clear .local/checkov
	@.local/checkov/bin/python $(INSTALL) checkov $(LOCKED) requirements/checkov.txt
	@touch $@

.local/.web-client: .venv/.project local/tryton/web_client.json requirements/node.txt
	@command -v npm > /dev/null || { $(PYTHON) -m venv --clear .local/node && \
	  .local/node/bin/python $(INSTALL) Node $(LOCKED) requirements/node.txt; }
	@echo "Fetching Tryton's web client, once."
	@$(BIN)/python -m local.tryton.web_client
	@touch $@
