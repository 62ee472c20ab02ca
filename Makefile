# Every target builds .venv first, where it is missing or older than what it is made from.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools
export GRADIOMETER_ENVIRONMENTS ?= $(CURDIR)/.environments
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ARGS ?=
WITH ?= $(PYTHON)

.DEFAULT_GOAL := help
.PHONY: help run reference tools test lint check docs bench conformance vocabulary mutation figures stress format package licences clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(STAMP) ## Compare every method on every problem; pass options with ARGS="--quick"
	$(BIN)/gradiometer run $(ARGS)

reference: tools ## Compare all methods that can run here on all problems (13 minutes on two quiet cores; ARGS="--quick"), and keep that for the README
	$(BIN)/gradiometer run --fail-on none $(if $(ARGS),$(ARGS),--problem all --size default --method all)
	$(BIN)/python benchmarks/reference.py latest

tools: $(TOOLS) $(GRADIOMETER_ENVIRONMENTS)/paddle/.installed ## Install the heavy tools, too, and those with an environment of their own
	@test -n "$$DRJIT_LIBLLVM_PATH" || ls /usr/lib/*-linux-gnu/libLLVM*.so.* >/dev/null 2>&1 || \
		echo "drjit finds no LLVM here, and will not run: apt install libllvm19, or set DRJIT_LIBLLVM_PATH" >&2

# What is tested is compiled once, not by each of the processes.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(STAMP) ## Run the tests, a process a core; choose with ARGS="-k pool"
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --override-ini=testpaths=tests $(ARGS)

lint: $(STAMP) ## Lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## What every change must pass: lint, types, import contracts, tests

docs: $(STAMP) ## Build the site from all pages, tutorials and the reference: site/index.html
	$(BIN)/python -m docs.site

bench: $(STAMP) ## Run the benchmark suite: pytest --benchmark-only
	$(BIN)/pytest --benchmark-only $(ARGS)

conformance: $(STAMP) ## Check the conformance of every method, and write docs/conformance.md; ARGS="'jax*'"
	$(BIN)/python benchmarks/conformance.py $(ARGS)

vocabulary: $(STAMP) ## Try every operation in every tool, and write docs/vocabulary.md
	$(BIN)/python benchmarks/vocabulary.py $(ARGS)

mutation: $(STAMP) ## Mutate what has changed since main, and see what tests miss; ARGS="measure --sample 100"
	$(BIN)/python benchmarks/mutation/mutate.py $(ARGS)

figures: $(STAMP) ## Measure the instrument itself: start-up, memory, fidelity, repeatability
	$(BIN)/python benchmarks/goals.py
	$(BIN)/python benchmarks/noise.py
	$(BIN)/python benchmarks/estimators.py
	$(BIN)/python benchmarks/versions.py

stress: $(STAMP) ## End a hundred runs in every way, and damage files; nothing may be lost
	$(BIN)/python benchmarks/stress.py $(ARGS)

package: $(STAMP) ## Build what is published, and try it in empty environments, installed from the index; WITH=python3.13
	GRADIOMETER_PACKAGE_PYTHON=$(WITH) $(BIN)/pytest tests/test_wheel.py -v
	$(BIN)/python -m hatchling build

licences: $(STAMP) ## Write docs/licences.md from the metadata of what is installed
	$(BIN)/python benchmarks/licences.py

format: $(STAMP) ## Format and sort imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove .venv, .environments and caches; runs and reports stay
	rm -rf $(VENV) .environments .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt gradiometer/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gradiometer needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[all,dev]'
	touch $@

$(TOOLS): $(STAMP)
	$(INSTALL) --editable '.[all,heavy,dev]'
	touch $@

$(GRADIOMETER_ENVIRONMENTS)/%/.installed: constraints-%.txt $(TOOLS)
	$(BIN)/gradiometer environments make $* --constraint $<
	touch $@
