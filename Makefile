# One virtual environment in .venv; every target makes what it needs. PYTHON may name another interpreter (>= 3.11).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SECONDS ?= 60

.PHONY: demo test docs bench fuzz explore mutants lock locked lowest newer dist sbom clean

demo: $(VENV)/.installed          ## diagnose a made-up alarm against a faulty server on loopback
	@$(BIN)/wxalarm demo || test $$? -eq 1

test: $(VENV)/.dev                ## style, types, fixtures, generated docs, all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/wxalarm lint tests/fixtures/alarms
	$(BIN)/python -m wxalarm.docgen --check
	$(BIN)/pytest -n 4 --dist loadgroup $(PYTEST_ARGS)

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

locked: $(VENV)/bin/python         ## the environment of `make test` from the lock: every archive by its hash, no other
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(VENV)/.dev $(VENV)/.installed

lock:                             ## write the lock anew from pyproject.toml (needs uv)
	uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    pyproject.toml -o requirements/run.txt
	uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt

LOWEST := .venv-lowest
SMOKE := tests/test_config.py tests/test_runner.py tests/cli/test_commands.py tests/cli/test_usage.py \
    tests/cli/test_lint.py tests/parser/test_forms.py tests/render tests/probes/test_tls.py tests/probes/test_http.py \
    tests/probes/test_dns.py tests/wechat
FOR_SMOKE := pytest pytest-timeout pytest-xdist hypothesis jsonschema junitparser trustme dnslib time-machine wechatpy

lowest:                           ## a short suite over the oldest releases that pyproject.toml allows
	$(PYTHON) -m venv $(LOWEST)
	$(PYTHON) -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	    print(*(line.replace(">=", "==") for line in project["dependencies"]), sep="\n")' > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/lowest.txt . $(FOR_SMOKE)
	$(LOWEST)/bin/python -m pytest -q -n 4 -p no:cacheprovider $(SMOKE) --ignore tests/render/redact

NEWER ?= python3.12 python3.13 python3.14
# Where pyenv keeps them, its shims run only what is named.
newer: export PYENV_VERSION := $(shell pyenv versions --bare 2>/dev/null | paste -sd:)
newer:                            ## most of the short suite under each newer Python; it says which do not run here
	@for python in $(NEWER); do \
	    if ! $$python -c '' 2>/dev/null; then echo "$$python: does not run here: nothing was tested with it"; continue; fi; \
	    echo "$$python: $$($$python --version)"; $$python -m venv $(VENV)-$$python && \
	    $(VENV)-$$python/bin/python -m pip install --quiet --disable-pip-version-check . $(FOR_SMOKE) && \
	    $(VENV)-$$python/bin/python -m pytest -q -n 4 -p no:cacheprovider $(filter-out tests/render tests/cli/test_usage.py,$(SMOKE)) || exit 1; done

BESIDE := tests/test_docgen.py tests/test_mirror.py tests/test_testing.py tests/checks/test_registry.py tests/cli/test_usage.py \
    tests/lint tests/render/test_golden_reports.py tests/render/test_chat.py tests/render/test_handoff.py tests/wechat/reply/test_judge.py

dist: $(VENV)/.dev                ## wheel and sdist: each is tried in an environment of its own, the sdist also tests itself
	rm -rf dist
	$(BIN)/python -m pip install --quiet --disable-pip-version-check hatchling
	$(BIN)/hatchling build -d dist
	if git rev-parse HEAD >/dev/null 2>&1; then git ls-files | sort >dist/.kept; \
	    tar tzf dist/*.tar.gz | sed 's,^[^/]*/,,' | grep -vx PKG-INFO | sort | diff dist/.kept -; fi
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && for archive in dist/*; do \
	        $(PYTHON) -m venv --clear "$$folder/venv" \
	        && "$$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$$archive" \
	        && "$$folder/venv/bin/python" requirements/installed.py || exit 1; done \
	    && tar xzf dist/*.tar.gz -C "$$folder" && $(MAKE) -C "$$folder"/wxalarm-* locked \
	    && $(MAKE) -C "$$folder"/wxalarm-* test PYTEST_ARGS="$(BESIDE)"

sbom: $(VENV)/.installed          ## sbom.json: CycloneDX 1.6, of what is installed here, offline
	$(BIN)/python -c 'import packaging' 2>/dev/null || $(BIN)/python -m pip install --quiet packaging
	$(BIN)/python requirements/sbom.py > sbom.json

bench: $(VENV)/.bench             ## speed against peers; each script says what it promises (logs.py needs 3 GB of disk)
	for script in parse reply startup network adversarial tokens; do \
	    test ! -f bench/$$script.py || $(BIN)/python bench/$$script.py || exit 1; done

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

fuzz: $(VENV)/.fuzz               ## coverage-guided fuzzing; SECONDS for each target (60), TARGETS of `python -m fuzz --help`
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(TARGETS)

$(VENV)/.fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	@touch $@

explore: $(VENV)/.dev             ## property tests with inputs that nobody has tried; those of `make test` are always the same
	WXALARM_EXPLORE=1 $(BIN)/pytest -q -n 4 --dist loadgroup -m hypothesis $(PYTEST_ARGS)

mutants: $(VENV)/.mutants         ## small changes of the code that tests must notice; ROOMS of `python -m mutants --help`
	$(BIN)/python -m mutants $(ROOMS)

$(VENV)/.mutants: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[mutants]'
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-python3.* $(LOWEST) dist sbom.json .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis
