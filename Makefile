# On a fresh machine with Python 3.11 or newer and a package index, `make run` and `make test` set up all they need.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first Python that is new enough; say PYTHON=/path/to/python to choose another.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help run test lint types interop bench fresh clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## serve the simulator and the example application (ARGS="--port 0" and so on)
	@$(BIN)/python examples/signin $(ARGS)

test: $(READY) ## run the tests, in parallel and in random order (ARGS="-k github" and so on)
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(READY) ## style and likely mistakes
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check --quiet .

types: $(READY) ## strict types
	$(BIN)/python -m mypy

interop: $(READY) ## third-party clients and servers as judges
	$(BIN)/python -m pytest -n auto tests/interop $(ARGS)

bench: $(READY) ## the budgets, as ratios in one run
	$(BIN)/python -m bench.run

fresh: $(READY) ## the generated files are as their sources make them
	@$(BIN)/python -m mockidp check --index --json | grep -q '"written": \[\]' \
		|| { echo "generated files of contracts/ were stale and are written anew: commit them"; exit 1; }

clean: ## forget the environment
	rm -rf $(VENV)

$(READY): pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "mockidp needs Python 3.11 or newer, and none was found; install one, or say make PYTHON=/path/to/python" >&2; \
		exit 1; fi
	@echo "setting up $(VENV) with $$($(PYTHON) --version), which takes a minute"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
