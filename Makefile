# One line each; `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)/.harvest/dagster

.PHONY: help demo dev test lint format bench clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/runtime ## Harvest the loopback universe for two dates and publish a dataset version
	$(BIN)/harvest demo

dev: $(VENV)/runtime ## Open the Dagster UI on the same data: http://127.0.0.1:3000
	$(BIN)/harvest dev

test: $(VENV)/dev ## Run the whole suite
	$(BIN)/pytest -n 2 --timeout 300

lint: $(VENV)/dev ## Check style, types and layers
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/pyright && $(BIN)/lint-imports

format: $(VENV)/dev ## Format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/dev ## Measure against peers; takes several minutes
	$(BIN)/python -m benchmarks

clean: ## Remove the virtual environment and all harvested data
	rm -rf $(VENV) .harvest

$(VENV)/runtime: setup.py requirements.txt
	$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --constraint requirements.txt --editable . && touch $@

$(VENV)/dev: $(VENV)/runtime
	$(BIN)/pip install --quiet --constraint requirements.txt --editable '.[dev]' && touch $@
