.DEFAULT_GOAL := help
BIN := .venv/bin
TEST_PROGRAMS := sipp=sip-tester php=php-cli baresip=baresip-core

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

.PHONY: run
run: ## the demo: real calls, routed by a real HTTP answer (ARGS=--once ends after them)
	@scripts/setup run
	@PYTHONPATH=src $(BIN)/python -m switchhook demo $(ARGS)

.PHONY: static
static: dev ## format, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: check
check: static ## what to run on every save: static checks and the fast tests
	$(BIN)/pytest -q -m "not slow" -n 2

.PHONY: test
test: static ## everything
	@scripts/system-packages $(TEST_PROGRAMS)
	$(BIN)/pytest -n 2 --dist worksteal

.PHONY: dev
dev:
	@scripts/setup dev

.PHONY: lock
lock: dev ## write requirements/*.txt anew from pyproject.toml (needs uv)
	uv pip compile -q --universal --generate-hashes --no-annotate --python-version 3.11 --upgrade \
	  --custom-compile-command "make lock" --extra fast pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --generate-hashes --no-annotate --python-version 3.11 --upgrade \
	  --custom-compile-command "make lock" --extra fast --group dev pyproject.toml -o requirements/dev.txt
