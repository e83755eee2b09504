# Every target does its own set-up: a virtual environment in .venv with the locked dependencies.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SIZE   ?= 1000000
SIZES  ?= 100000,1000000
DEPTH  ?= 4

.PHONY: help demo test soak lint bench bench-engines snapshots lock clean
.DEFAULT_GOAL := help

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(BIN)/.installed ## Make the demo company's book in ./demo, show its roll-forward, and serve its pages
	@rm -rf demo
	$(BIN)/rollforward demo demo --customers 500
	@echo
	@echo "Its pages: $(BIN)/rollforward serve --book demo"
	@if [ -t 1 ]; then $(BIN)/rollforward serve --book demo; fi

# The tests look at the pages in Chromium: the one that is there, Debian's, or Playwright's own.
$(BIN)/.browser: $(BIN)/.installed
	@if ! command -v chromium google-chrome >/dev/null; then \
	  (apt-get update -qq && apt-get install -y -qq chromium) >/dev/null 2>&1 || $(BIN)/playwright install chromium || \
	  { echo "Install Chromium, or name it with CHROMIUM=/path, and run make test again."; exit 1; }; fi
	@touch $@

test: $(BIN)/.installed $(BIN)/.browser lint ## Lint, type-check and run every test
	$(BIN)/pytest -n 2 --dist worksteal

soak: $(BIN)/.installed $(BIN)/.browser ## The tests with four times the random books, kills and questions (DEPTH=times)
	ROLLFORWARD_DEPTH=$(DEPTH) $(BIN)/pytest -n 2 --dist worksteal

lint: $(BIN)/.installed ## Ruff with all rules and mypy strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(BIN)/.installed ## Speed and memory beside references in the same run (SIZE=customers, ROWS=kinds)
	$(BIN)/python benchmarks/run.py --size $(SIZE) $(if $(ROWS),--rows $(ROWS)) --write

bench-engines: $(BIN)/.installed ## The same build on DuckDB and Sail, and on Spark with SPARK=PYTHON (SIZES=customers)
	$(BIN)/python benchmarks/engines.py --sizes $(SIZES) $(if $(SPARK),--spark $(SPARK)) --write

snapshots: $(BIN)/.installed ## Refresh the golden files of the command line and the docs
	REFRESH_SNAPSHOTS=1 $(BIN)/pytest -n 0 tests/test_cli_golden.py tests/test_docs.py tests/test_presets.py tests/test_real_data.py tests/test_case_pages.py tests/test_vendors.py

lock: ## Resolve the dependencies anew into requirements.lock
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links --extra dev --no-emit-package rollforward -o requirements.lock pyproject.toml

clean: ## Remove what the other targets made
	rm -rf $(VENV) demo bench-data
