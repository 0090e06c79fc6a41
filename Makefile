# Each target makes what it needs: python3 (3.11 or later) and git are enough.
PYTHON ?= python3
DEMO := .venv-demo
DEV := .venv

.PHONY: demo help test lint types slow bench train clean

demo: $(DEMO)/installed  ## install, index this repository, ask three questions
	@PATH="$(CURDIR)/$(DEMO)/bin:$$PATH" sh docs/demo.sh

help:  ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /make \1: /p' Makefile

test: lint types  ## lint, types, and the fast tests
	$(DEV)/bin/python -m pytest -n auto --dist worksteal

lint: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .

types: $(DEV)/installed
	$(DEV)/bin/mypy

bench: $(DEV)/bench  ## NDCG@10 on the board: make bench REPOS=folder-of-mirrors DATA=folder-of-questions
	$(DEV)/bin/python -m benchmarks $(if $(and $(REPOS),$(DATA)),quality --repos "$(REPOS)" --data "$(DATA)",--help)

train: $(DEV)/train  ## stages of training (codesearch/training/README.md says what to run)
	$(DEV)/bin/python -m codesearch.training --help

slow: $(DEV)/installed  ## the tests that take minutes (those of training: `make train` first)
	$(DEV)/bin/python -m pytest -m slow

$(DEMO)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt .
	@touch $@

$(DEV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(DEV)/bench: $(DEV)/installed
	$(DEV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

$(DEV)/train: $(DEV)/installed
	$(DEV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	@touch $@

clean:
	rm -rf $(DEMO) $(DEV) build dist .mypy_cache .ruff_cache .pytest_cache
