# On a fresh machine with Python 3.11 or newer and a package index, `make run` and `make test` set up all they need.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# An environment of its own for django-allauth 0.46.0: the last Django that it runs on is 4.2, the last Python 3.12.
THEN := $(VENV)-2021
PYTHON_THEN ?= $(shell for python in $(BIN)/python python3.11 python3.12; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$python && break; done)
# The first Python that is new enough; say PYTHON=/path/to/python to choose another.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# Node is a choice: without it, the tests of what is in JavaScript are skipped. A browser is none.
NODE := $(shell command -v npm)
NPM_READY := $(patsubst %,%/node_modules/.ready,examples/express-passport examples/playwright-typescript tests/live)
FIND_BROWSER = PYTHONPATH=tests/shared $(BIN)/python -m chromium

.DEFAULT_GOAL := help
.PHONY: help run test test-django test-postgresql examples lint types interop bench catalogue fresh clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## serve the simulator and the example application (ARGS="--port 0" and so on)
	@$(BIN)/python examples/signin $(ARGS)

test: $(READY) $(if $(NODE),$(NPM_READY)) ## run the tests, in parallel and in random order (ARGS="-k github" and so on)
	@$(FIND_BROWSER)
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)
	@$(MAKE) --no-print-directory test-django

test-django: $(READY) ## the tests of providers.django, which need a process of their own; part of make test
	$(BIN)/python -m pytest -n auto tests/django $(ARGS) || [ $$? -eq 5 ]  # 5: ARGS chooses none of them
	DJANGO_TEST_USER=email $(BIN)/python -m pytest -n auto tests/django/test_flows.py $(ARGS) || [ $$? -eq 5 ]

test-postgresql: $(READY) ## the tests of providers.django at a PostgreSQL server that they start
	DJANGO_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n auto tests/django $(ARGS)

examples: $(NPM_READY) ## what examples and tests in JavaScript need from npm; make test runs them if node is there

%/node_modules/.ready: %/package-lock.json
	@npm ci --prefix $(dir $<) --no-audit --no-fund --loglevel=error
	@touch $@

lint: $(READY) ## style and likely mistakes
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check --quiet .

types: $(READY) ## strict types
	$(BIN)/python -m mypy

interop: $(READY) $(THEN)/.ready ## third-party clients and servers as judges, django-allauth of 2021 among them
	$(BIN)/python -m pytest -n auto tests/interop $(ARGS)
	$(THEN)/bin/python -m pytest -n auto tests/interop/test_interop_allauth.py $(ARGS)

bench: $(READY) ## the budgets, as ratios in one run
	$(BIN)/python -m bench.run

catalogue: $(READY) ## a page for each provider, and a matrix, in docs/providers
	@$(BIN)/python -m docs.catalogue

docs/report.schema.json: $(READY) mockidp/check/report/document.py
	@$(BIN)/python -c 'from mockidp.check.report.document import schema_text; print(schema_text(), end="")' > $@

fresh: $(READY) ## the generated files are as their sources make them
	@$(BIN)/python -m mockidp check --index --json | grep -q '"written": \[\]' \
		|| { echo "generated files of contracts/ were stale and are written anew: commit them"; exit 1; }

clean: ## forget the environment
	rm -rf $(VENV) $(THEN)

$(READY): pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "mockidp needs Python 3.11 or newer, and none was found; install one, or say make PYTHON=/path/to/python" >&2; \
		exit 1; fi
	@echo "setting up $(VENV) with $$($(PYTHON) --version), which takes a minute"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(THEN)/.ready: pyproject.toml $(READY)
	@if [ -z "$(PYTHON_THEN)" ]; then \
		echo "django-allauth 0.46.0 needs Python 3.11 or 3.12; say make interop PYTHON_THEN=/path/to/python" >&2; exit 1; fi
	@echo "setting up $(THEN) with django-allauth 0.46.0, which takes a minute"
	@[ -x $(THEN)/bin/python ] || $(PYTHON_THEN) -m venv $(THEN) || { rm -rf $(THEN); exit 1; }
	@$(THEN)/bin/python -m pip install --quiet --disable-pip-version-check 'setuptools<70' wheel
	@$(THEN)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation \
		'django-allauth==0.46.0' 'django>=4.2,<5'
	@$(THEN)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[responses]' \
		pytest pytest-randomly pytest-xdist
	@touch $@
