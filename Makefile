# make demo    a brief out of the example context, from an empty machine
# make test    every check and every test; what CI runs
# make bench   figures; see benchmarks/README.md
.DELETE_ON_ERROR:
.PHONY: demo test tests check quick types format contract lock bench bench-retrieval bench-schema bench-feedback bench-server clean

# The first Python that is new enough; `make PYTHON=...` chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint requirements.lock

demo: .venv/installed
	@$(BIN)/python examples/demo.py

# What takes seconds comes first; the types, a minute of one core, are checked beside the tests.
test: quick
	@$(MAKE) --no-print-directory --jobs=2 types tests

tests: .venv/developing
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: quick types

quick: .venv/developing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/squawk --config .squawk.toml src/briefsmith/sql/migrations/*.sql

types: .venv/developing
	$(BIN)/basedpyright

format: .venv/developing
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/measuring
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/search.py

bench-retrieval: .venv/measuring
	$(BIN)/python benchmarks/retrieval.py

bench-schema: .venv/measuring
	$(BIN)/python benchmarks/schema.py

bench-feedback: .venv/installed
	$(BIN)/python benchmarks/feedback.py

bench-server: .venv/measuring
	$(BIN)/python benchmarks/server.py

# What the database has to be, as every PostgreSQL at hand prints it; run it after a migration changed.
contract: .venv/developing
	$(BIN)/python -m tests.contract.packaged
	$(BIN)/python -m tests.contract.columns
	$(BIN)/briefsmith schema contract > docs/schema.md

# Pins every package of every group, newest first; run it to take newer ones.
lock:
	@test -n "$(PYTHON)"
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	.venv-lock/bin/python -m pip install --quiet --editable ".[audit,extract,jobs,llm,mcp,server,traces]" --group dev --group bench
	.venv-lock/bin/python -m pip freeze --exclude-editable > requirements.lock
	rm -rf .venv-lock

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
	@$(PYTHON) -m venv .venv 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip .venv \
		&& $(PYTHON) -m pip --python .venv/bin/python install --quiet pip; }

.venv/installed: .venv/bin/python pyproject.toml requirements.lock
	@echo "Installing into .venv (once) ..."
	@$(PIP) --editable .
	@touch $@

.venv/developing: .venv/installed
	@$(PIP) --upgrade "pip>=25.1"
	@$(PIP) --editable ".[audit,extract,jobs,llm,mcp,server,traces]" --group dev
	@touch $@

.venv/measuring: .venv/developing
	@$(PIP) --group bench
	@touch $@

clean:
	rm -rf .venv .demo .pytest_cache .ruff_cache .hypothesis build dist
