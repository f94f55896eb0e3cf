# make run · make test · make js · make check · make docs · make setup · make demo · make fuzz · make soak · make mutants · make lock · make licences
# make audit
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm
ARGS ?=
ADVISORIES ?=
# test files side by side; each process then computes with one thread
JOBS ?= 2
# requests of `make fuzz-endpoints`
INPUTS ?= 100000
# TORCH=cpu when .venv is set up: torch's builds for the CPU, from its makers' index, without CUDA's libraries. .venv remembers it.
SET_UP := $(strip $(shell cat $(VENV)/.torch 2>/dev/null))
TORCH ?= $(SET_UP)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
ifneq ($(filter-out cpu,$(TORCH)),)
$(error TORCH is cpu or not stated, got $(TORCH))
endif
ifeq ($(TORCH),cpu)
LOCKED := -cpu.lock
CPU_LOCK = $(BIN)/python tests/supply/cpu.py
INDEX := --extra-index-url $(TORCH_INDEX)
else
LOCKED := .lock
CPU_LOCK := @:
endif
ifneq ($(wildcard $(VENV)/.app),)
ifneq ($(TORCH),$(SET_UP))
$(error $(VENV) was set up with TORCH=$(SET_UP), not TORCH=$(TORCH): remove it, or name another one by VENV=FOLDER)
endif
endif

.PHONY: run soak mutants test js check docs setup demo lint types browser lock licences audit fuzz fuzz-files fuzz-endpoints clean

run: $(VENV)/.app
	$(BIN)/python app.py $(ARGS)

setup: $(VENV)/.app

test: $(VENV)/.dev browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

fuzz: fuzz-endpoints fuzz-files

fuzz-endpoints: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz_endpoints.run --inputs $(INPUTS) $(ARGS)

check: lint types js test

# build/docs: a site that asks no other machine for anything; a broken link, anchor or docstring fails it, in the tests too
docs: $(VENV)/.dev
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --conf-dir docs --doctree-dir build/doctrees . build/docs

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# The page's scripts: lint, types, unit tests. node and npm come with requirements-dev.lock, their packages by package-lock.json.
js: node_modules/.dev
	$(NPM) run --silent lint
	$(NPM) run --silent types
	$(NPM) run --silent test

browser: $(VENV)/.dev
	$(BIN)/python tests/page/install_browser.py

soak: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.soak $(ARGS)

# ARGS="--section metrics --sample 200": a sample of one section; all mutants of all sections take days
mutants: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.mutants.run --children $(JOBS) $(ARGS)

demo: $(VENV)/.app
	$(BIN)/python -m hypviz demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "error: hypviz needs Python 3.10 or newer; set PYTHON=python3.X"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Both commands install what the lock files name, byte for byte; `make lock` renews them from the requirements.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes $(INDEX)

$(VENV)/.app: requirements.lock | $(VENV)/bin/python
	$(CPU_LOCK) requirements.lock $(TORCH_INDEX)
	$(INSTALL) -r requirements$(LOCKED)
	echo $(TORCH) > $(VENV)/.torch
	touch $@

$(VENV)/.dev: requirements.lock requirements-dev.lock | $(VENV)/bin/python
	$(CPU_LOCK) requirements-dev.lock $(TORCH_INDEX)
	$(INSTALL) -r requirements-dev$(LOCKED)
	echo $(TORCH) > $(VENV)/.torch
	touch $@ $(VENV)/.app

node_modules/.dev: package-lock.json $(VENV)/.dev
	$(NPM) ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

lock: $(VENV)/.dev
	$(BIN)/python tests/supply/lock.py
	$(CPU_LOCK) requirements.lock $(TORCH_INDEX)
	$(CPU_LOCK) requirements-dev.lock $(TORCH_INDEX)
	$(NPM) install --silent --package-lock-only --ignore-scripts --no-audit --no-fund

licences: $(VENV)/.dev
	$(BIN)/python tests/supply/licences.py

# ADVISORIES: a folder or zip of OSV records
audit: $(VENV)/.dev
	$(BIN)/python tests/supply/audit.py $(ADVISORIES)

# ARGS="--inputs 100000"
fuzz-files: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz.run $(ARGS)

clean:
	rm -rf $(VENV) node_modules build .pytest_cache .ruff_cache .mypy_cache .hypothesis
