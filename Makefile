# Everything from nothing but Python and make. The README gives the same commands without make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.ready

.PHONY: run test reports mutants load attacks lint types docs bench repro lock clean help

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(SETUP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: $(SETUP) ## the main job on built-in data
	$(BIN)/risicomodel run

test: $(SETUP) ## all tests; with RISICOMODEL_ARCHIVE=PATH also those on real CBS tables
	$(BIN)/pytest -n 2 --dist worksteal

REPORTS ?= $(RUN)/reports
reports: $(SETUP) ## reports of all gemeenten of RUN=PATH, each read for contradictions (minutes)
	$(BIN)/risicomodel report $(RUN) gemeente=all run.dir=$(REPORTS)
	$(BIN)/python tools/check_reports.py $(RUN) $(REPORTS)

mutants: $(SETUP) ## break each guard on purpose; its tests must fail (minutes)
	$(BIN)/python tools/mutants.py

load: $(SETUP) ## 200 people who send at once to 'review serve': how long they wait, and what is lost
	$(BIN)/python tools/load.py

attacks: $(SETUP) ## attacks on an evening in full count: 10,000 guesses of codes, every text (minutes)
	RISICOMODEL_ATTACKS=full $(BIN)/pytest -q tests/attacks/test_review.py tests/attacks/test_review_corpus.py

lint: $(SETUP) ## style, complexity, spelling, declared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell .
	$(BIN)/deptry .

types: $(SETUP) ## static types
	$(BIN)/mypy

docs: $(SETUP) ## what pages say of the code: the flow picture, the order of wings, promises
	$(BIN)/python tools/architecture.py
	$(BIN)/python tools/promises.py
	$(BIN)/python tools/reference.py

bench: $(SETUP) ## seconds, memory and ratios; with RISICOMODEL_ARCHIVE=PATH also on real tables
	$(BIN)/python benchmarks/bench.py

repro: $(SETUP) ## the stages through DVC
	DVC_NO_ANALYTICS=1 PATH="$(abspath $(BIN)):$$PATH" $(BIN)/dvc repro

lock: ## refresh requirements/*.txt (needs uv; no registry address is written)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  pyproject.toml -o requirements/run.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  --extra postgres --extra web pyproject.toml -o requirements/web.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  --extra cluster --extra dev --extra pipeline --extra postgres --extra web pyproject.toml -o requirements/dev.txt

clean: ## what can be made again
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
