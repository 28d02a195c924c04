# Doorstep: `make demo` to see it, `make test` and `make check` before a change is handed in, `make bench` to measure.
# Each makes what it needs first (`make setup`), and is quick the second time.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
SECONDS ?= 60
ROUNDS ?= 20

LOCKS := requirements/dev.txt pyproject.toml hatch_build.py
ASSETS := frontend/package-lock.json frontend/icons.txt tools/build_assets.py $(wildcard src/doorstep/fhir/build*.py) src/doorstep/fhir/terminology/archive.py
MESSAGES := $(shell find src -name '*.po' 2>/dev/null)

.PHONY: help setup demo orthanc test coverage fuzz faults check bench lock messages clean
.DELETE_ON_ERROR:

help:  ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.packages $(VENV)/.assets $(VENV)/.messages  ## everything the other targets need

$(VENV)/.packages: $(LOCKS)
	@test -n "$(PYTHON)" || { echo "Doorstep needs Python 3.11 or newer: apt-get install python3 python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "setup: installing the locked packages (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@DOORSTEP_SKIP_ASSETS=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.assets: $(ASSETS) $(VENV)/.packages
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
	@$(BIN)/python tools/build_assets.py
	@touch $@

$(VENV)/.messages: $(MESSAGES) tools/messages.py $(VENV)/.packages
	@$(BIN)/python tools/messages.py compile
	@touch $@

demo: setup  ## a working district with its records; ARGS="--residents 300000"
	@$(BIN)/doorstep demo $(ARGS)

orthanc: setup  ## Debian's Orthanc with DICOMweb, for tests and the demo; ARGS="--http 8042 --dicom 4242"
	@$(BIN)/python tools/orthanc.py $(ARGS)

test: setup  ## all tests, three files at once (much of it waits for programs); ARGS="-n 0 -k ledger"
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: setup  ## all tests, and what they must have reached
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	@$(BIN)/python -m coverage json --quiet -o .cache/coverage.json
	@$(BIN)/python tools/coverage_gate.py

fuzz: setup  ## atheris at the readers of strangers' bytes; SECONDS=600 for each, ARGS="cda"
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

faults: setup  ## programs and server killed under load, ROUNDS=20 times in each loop of kills
	@DOORSTEP_FAULT_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -n 0 -rP tests/faults/test_kill*.py $(ARGS)

check: setup  ## format, lint, types, contracts, sizes, migrations, translations, links
	@$(BIN)/python tools/check.py $(ARGS)

bench: setup  ## all benchmarks, each against its limit
	@set -e; for b in benchmarks/*.py; do echo "== $$b"; $(BIN)/python "$$b"; done

messages: setup  ## find new messages in code and templates, and put them into the English catalogue
	@$(BIN)/python tools/messages.py extract

lock: $(VENV)/.packages  ## lock the newest allowed versions (needs uv)
	@sh tools/lock.sh

clean:  ## remove what setup made
	rm -rf $(VENV) .cache src/doorstep/_build src/doorstep/kernel/web/static/vendor frontend/node_modules
