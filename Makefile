# One virtual environment in .venv; every target makes what it needs. PYTHON may name another interpreter (>= 3.11).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SECONDS ?= 60

.PHONY: demo test lint types docs bench fuzz clean

demo: $(VENV)/.installed          ## diagnose a made-up alarm against a faulty server on loopback
	@$(BIN)/wxalarm demo || test $$? -eq 1

test: $(VENV)/.dev                ## style, types, fixtures, generated docs, all tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/wxalarm lint tests/fixtures/alarms
	$(BIN)/python -m wxalarm.docgen --check
	$(BIN)/pytest -n 3 --dist loadgroup $(PYTEST_ARGS)

docs: $(VENV)/.dev                ## write docs/en and docs/zh from the registry and the catalogues
	$(BIN)/python -m wxalarm.docgen

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wxalarm needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed

bench: $(VENV)/.bench             ## speed against peers; each script says what it promises (logs.py needs 3 GB of disk)
	for script in parse reply startup network adversarial; do \
	    test ! -f bench/$$script.py || $(BIN)/python bench/$$script.py || exit 1; done

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

fuzz: $(VENV)/.fuzz               ## coverage-guided fuzzing; SECONDS for each target (60), TARGETS of `python -m fuzz --help`
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(TARGETS)

$(VENV)/.fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	@touch $@

clean:
	rm -rf $(VENV) .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis
