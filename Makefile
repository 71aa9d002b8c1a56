# Setpoint. `make demo` and `make test` do all their own set-up; they need Python 3.11 or newer, and make.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
UV ?= $(shell command -v uv || echo .uv/bin/uv)
BIN := .venv/bin
MUTANTS ?= 200
export UV_COMPILE_BYTECODE := 1
export UV_LINK_MODE := copy
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV

.PHONY: help demo test check fmt lint types contracts docs-check docs lock soak bench peers clean mutants

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/.demo ## Watch a loop converge on a model in this process; no key needed
	@$(BIN)/setpoint run examples/release-notes.toml --author embedded:qwen2.5-coder-1.5b --report out/release-notes.html

test: .venv/.dev ## Run all tests, with branch coverage
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal --cov --cov-branch --cov-report= --durations=10
	@$(BIN)/python -m coverage report --fail-under=90 | tail -n 25

check: .venv/.dev ## The quick gate while working: format, lint, contracts, types, docs, fast tests
	@$(BIN)/ruff format --check -q
	@$(BIN)/ruff check -q
	@$(BIN)/lint-imports --no-cache | tail -n 8
	@$(BIN)/pyright | tail -n 20
	@$(BIN)/cog --check --check-fail-msg="run make docs" $(shell grep -rl '\[\[\[cog' docs README.md 2>/dev/null)
	@$(BIN)/python -m pytest -q -n 2 -m "not slow and not embedded"

fmt: .venv/.dev ## Format the code, and fix what can be fixed by itself
	@$(BIN)/ruff format -q
	@$(BIN)/ruff check -q --fix

docs: .venv/.dev ## Print the generated parts of the docs anew
	@$(BIN)/cog -r $(shell grep -rl '\[\[\[cog' docs README.md 2>/dev/null)

soak: .venv/.dev ## Kills, pauses and restarts for minutes: what docs/reliability.md promises, in its long forms
	@$(BIN)/python -m pytest -q -m soak -rP --durations=10

bench: .venv/.dev ## The demo over ten seeds, with checks that its spec does not know (on an idle machine)
	@$(BIN)/python bench/demo.py

peers: .venv-peers/.done ## The simulator's tables with other libraries beside (half an hour; interrupted, it goes on)
	@.venv-peers/bin/python -m pytest -q -p no:cacheprovider tests/bench/test_peers.py
	@.venv-peers/bin/python bench/against.py --peers --loops 100 --json out/against.jsonl --resume \
	  --page docs/benchmarks/against.md --picture docs/benchmarks/against.svg

mutants: .venv/.mutants ## Would the tests notice a wrong line in the core? A sample of mutants (MUTANTS=200; a quarter of an hour or more)
	@$(BIN)/python bench/mutants.py --sample $(MUTANTS)

lock: .uv/bin/uv ## Pin all dependencies anew, leaving out what is younger than a week
	@for what in "demo --extra embedded" "dev --all-extras --group dev"; do set -- $$what; name=$$1; shift; \
	$(UV) pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-annotate \
	  --exclude-newer "$$($(PYTHON) -c 'import datetime as d; print(d.date.today() - d.timedelta(days=7))')" \
	  --custom-compile-command "make lock" "$$@" pyproject.toml requirements/build.in -o requirements/$$name.txt; done

clean: ## Remove the environment and what tests leave behind; downloaded models stay
	@rm -rf .venv .venv-peers .uv .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov out mutants

# Environments. The stamp is touched last, so that an interrupted installation is begun again.

.uv/bin/uv:
	@test -n "$(PYTHON)" || { echo "Setpoint needs Python 3.11 or newer; none was found on PATH." >&2; exit 1; }
	@echo "Preparing the installer (once) …" >&2
	@$(PYTHON) -m venv .uv || { echo "Python's venv module does not work here; on Debian: apt install python3-venv" >&2; exit 1; }
	@.uv/bin/python -m pip install -q --disable-pip-version-check "uv>=0.9,<1"

.venv/bin/python: | $(UV)
	@test -n "$(PYTHON)" || { echo "Setpoint needs Python 3.11 or newer; none was found on PATH." >&2; exit 1; }
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv

.venv/.demo: requirements/demo.txt pyproject.toml | .venv/bin/python
	@test -f .venv/.dev || { echo "Installing Setpoint with a model runtime (once, about 60 MB) …" >&2; \
	  $(UV) pip install -q --python .venv/bin/python --require-hashes -r requirements/demo.txt; \
	  $(UV) pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .; }
	@touch $@

.venv/.dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo "Installing Setpoint with everything its tests need (once) …" >&2
	@$(UV) pip install -q --python .venv/bin/python --require-hashes -r requirements/dev.txt
	@$(UV) pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/.mutants: .venv/.dev | $(UV)
	@$(UV) pip install -q --python .venv/bin/python "mutmut>=3.8,<4"
	@touch $@

.venv-peers/.done: bench/peers-requirements.txt pyproject.toml | $(UV)
	@echo "Installing the libraries that are compared with (once, about 360 MB) …" >&2
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv-peers
	@$(UV) pip install -q --python .venv-peers/bin/python -e . -r bench/peers-requirements.txt
	@touch $@
