# `make` alone lists the targets. Everything happens in .venv, which is made from the hashed
# requirements at first: by uv where it is installed (seconds), else by venv and pip.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
NPM := $(shell command -v node >/dev/null 2>&1 && command -v npm 2>/dev/null)
PAGES := web/node_modules/.ok
JS := $(if $(NPM),tests/js/node_modules/.ok client/node_modules/.ok $(PAGES))
PEERS := $(VENV)/.ok-dev bench/peers/.venv/.ok bench/peers/node/node_modules/.ok

# What pytest prepares of the tests takes each worker seconds, unless it is kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint format fuzz frames chaos bench bench-quick screenshots types lock clean clean-data

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.ok ## Run everything on http://127.0.0.1:8000 (HOST, PORT); Ctrl-C stops it
	@exec $(BIN)/python -m dev

test: $(VENV)/.ok-dev $(JS) ## Run all tests, JOBS files at a time; make test ARGS="-k word" runs some
	@$(if $(JS),,echo "Without node and npm the JavaScript tests are skipped";) \
	exec $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)
JOBS ?= 3

lint: $(VENV)/.ok-dev $(if $(NPM),$(PAGES)) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(if $(NPM),cd web && npm run --silent check,@echo "Without node and npm the pages are not checked")

format: $(VENV)/.ok-dev $(if $(NPM),$(PAGES)) ## Put the code into the common form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(NPM),cd web && npm run --silent format)

fuzz: $(VENV)/.ok-dev ## Send requests made up from the contract, for long (FUZZ_EXAMPLES per role)
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/server/test_fuzz.py
FUZZ_EXAMPLES ?= 10000

chaos: $(VENV)/.ok-dev ## Kill and freeze everything while clients talk, then judge (make chaos ARGS="--seconds 20 --seed 7")
	$(BIN)/python -m tools.chaos $(ARGS)

frames: $(VENV)/.ok-dev ## Send 100,000 bad frames while clients talk, then judge (make frames ARGS="--frames 20000 --seed 7")
	$(BIN)/python -m tools.frames $(ARGS)

bench: $(PEERS) ## Measure beside peers (make bench ARGS="--only chat"); needs wrk and node
	$(BIN)/python -m bench $(ARGS)

bench-quick: $(PEERS) ## Some of it, in one short round
	$(BIN)/python -m bench --quick $(ARGS)

screenshots: $(VENV)/.ok-dev ## Take the pictures of README and docs anew, of a desk that runs; needs Chromium
	$(BIN)/python -m tools.screenshots $(ARGS)

types: $(VENV)/.ok-dev ## Write client/types.d.ts anew from the tables of routes and events
	$(BIN)/python -m server.specs.typescript > client/types.d.ts

lock: ## Resolve the .in files anew into the hashed requirements (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv: pip install uv"; exit 1; }
	$(UV) pip compile $(LOCK_FLAGS) requirements.in -o requirements.txt
	$(UV) pip compile $(LOCK_FLAGS) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(UV) pip compile $(LOCK_FLAGS) bench/peers/requirements.in -o bench/peers/requirements.txt
LOCK_FLAGS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

clean: ## Remove .venv, node_modules and caches; keeps .data
	rm -rf $(VENV) bench/peers/.venv tests/js/node_modules client/node_modules web/node_modules bench/peers/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data: ## Remove .data: the embedded database, its demo data and mails
	@if [ -e .data/launcher ] && ! $(PYTHON) -c 'import fcntl; fcntl.flock(open(".data/launcher"), fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null; \
	then echo "make run is using .data: stop it first"; exit 1; fi
	rm -rf .data

# --- What the targets above stand on -----------------------------------------------------------

# $(1): a requirements file. $(2): a virtual environment. Development installs on top, so that either
# order works. What is compiled here (pip does so by itself) is not compiled at each start.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Installing $(1) into $(2)"
	$(if $(UV),\
	@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(2) && \
	$(UV) pip install --quiet --compile-bytecode --python $(2)/bin/python --require-hashes -r $(1),\
	@$(PYTHON) -m venv $(2) && \
	$(2)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1))
	@touch $@
endef

$(VENV)/.ok: requirements.txt
	$(call install,requirements.txt,$(VENV))

$(VENV)/.ok-dev: requirements-dev.txt $(VENV)/.ok
	$(call install,requirements-dev.txt,$(VENV))

bench/peers/.venv/.ok: bench/peers/requirements.txt
	$(call install,bench/peers/requirements.txt,bench/peers/.venv)

%/node_modules/.ok: %/package.json %/package-lock.json
	cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@
