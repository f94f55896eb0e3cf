# make run · make test · make soak · make check · make setup · make demo
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# test files side by side; each process then computes with one thread
JOBS ?= 2

.PHONY: run soak test check setup demo lint types browser clean

run: $(VENV)/.app
	$(BIN)/python app.py $(ARGS)

setup: $(VENV)/.app

test: $(VENV)/.dev browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: lint types test

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

browser: $(VENV)/.dev
	$(BIN)/python tests/page/install_browser.py

soak: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.soak $(ARGS)

demo: $(VENV)/.app
	$(BIN)/python -m hypviz demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "error: hypviz needs Python 3.10 or newer; set PYTHON=python3.X"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(VENV)/.app

clean:
	rm -rf $(VENV) build .pytest_cache .ruff_cache .mypy_cache .hypothesis
