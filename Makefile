# `make demo` and `make test` set up what they need; nothing else has to be run before.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo models test unit lint stack setup bench clean

help:  ## Show these lines
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo:  ## One real model, and all that are built, as served and tested endpoints
	@$(PYTHON) scripts/bootstrap.py demo
	@$(BIN)/python scripts/demo.py

models:  ## All six models, from training to packages; what has not changed is not done again
	@$(PYTHON) scripts/bootstrap.py demo
	@$(BIN)/python scripts/build.py --all

test:  ## Lint, type-check and run all tests
	@$(PYTHON) scripts/bootstrap.py dev
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest

unit:  ## The quick tests alone
	@$(PYTHON) scripts/bootstrap.py dev
	@$(BIN)/python -m pytest tests/unit

lint:
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

stack:  ## What `pulumi up` needs, with neither PyTorch nor Triton
	@$(PYTHON) scripts/bootstrap.py stack

setup:  ## All environments, with everything a developer needs
	@$(PYTHON) scripts/bootstrap.py dev

bench:  ## Slipway's server beside the alternatives, on this machine
	@$(PYTHON) scripts/bootstrap.py dev
	@$(BIN)/python benchmarks/serving.py

clean:  ## Remove what was built; the environments stay
	rm -rf build
