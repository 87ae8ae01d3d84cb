.DEFAULT_GOAL := help
BIN := .venv/bin
# fail2ban is a service that would begin to run: on a machine of somebody's own it is for them to install.
TEST_PROGRAMS := sipp=sip-tester php=php-cli baresip=baresip-core chromium=chromium tshark=tshark $(if $(CI),fail2ban-regex=fail2ban)
BENCHMARK_PROGRAMS := nginx=nginx-light wrk=wrk sipp=sip-tester redis-server=redis-server
BENCHMARKS := routing answers media sender load deliver rehearsing lists beside_lists

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

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
	$(BIN)/pytest -q -m "not slow and not alone" -n 2

.PHONY: test
test: static ## everything, in 10 to 20 minutes; last, with nothing beside them, the tests that measure time
	@scripts/system-packages $(TEST_PROGRAMS)
	@scripts/test $(BIN)/pytest

.PHONY: fresh
fresh: ## both README commands in a fresh Debian 12 and a fresh Debian 13, with another load beside them (root)
	@failed=; for suite in bookworm trixie; do scripts/fresh $$suite --load || failed="$$failed $$suite"; done; \
	  [ -z "$$failed" ] || { echo "failed in:$$failed"; exit 1; }

# Not a part of `test`, which would run everything twice. What `test` does hold is that no unknown row is
# claimed and that docs/conformance.md is current.
.PHONY: conformance
conformance: dev ## every row of the behaviour table, its tests and results; fails for gaps
	@scripts/system-packages $(TEST_PROGRAMS)
	@rm -f .venv/conformance.json
	$(BIN)/pytest -q -m alone --conformance-record=.venv/conformance.json
	$(BIN)/pytest -q -n 2 --dist worksteal -m "not alone" --conformance-record=.venv/conformance.json \
	  --conformance --conformance-page=docs/conformance.md

.PHONY: conformance-page
conformance-page: dev
	@$(BIN)/pytest -qq --collect-only --conformance-page=docs/conformance.md >/dev/null

.PHONY: fuzz
fuzz: dev ## 100,000 plausible messages, sounds and answers, right, sloppy and wrong (INPUTS=n)
	@PLAUSIBLE=$(or $(INPUTS),100000) $(BIN)/pytest -q --timeout=0 tests/test_plausible.py

.PHONY: api-fuzz
api-fuzz: dev ## 50 made-up requests to each operation of the HTTP API with each token: no crash, nothing undocumented (EXAMPLES=n)
	API_EXAMPLES=$(or $(EXAMPLES),50) $(BIN)/pytest -q -n 2 --timeout=0 tests/api/test_openapi_fuzz.py

.PHONY: bench
bench: dev ## every benchmark, one after another; leave the machine alone meanwhile
	@scripts/system-packages $(BENCHMARK_PROGRAMS)
	@failed=; for name in $(BENCHMARKS); do \
	  echo "== $$name"; PYTHONPATH=src $(BIN)/python -m benchmarks.$$name || failed="$$failed $$name"; \
	done; [ -z "$$failed" ] || { echo "a goal is missed:$$failed"; exit 1; }

.PHONY: soak-calls
soak-calls: dev ## whether memory or anything else is left of many calls (CALLS=n RATE=n); leave the machine alone
	@scripts/system-packages $(BENCHMARK_PROGRAMS)
	PYTHONPATH=src $(BIN)/python -m benchmarks.soak_calls --calls $(or $(CALLS),100000) --rate $(or $(RATE),50)

.PHONY: abuse
abuse: dev ## what floods, guessing, hoarding and forging do to others; leave the machine alone meanwhile
	PYTHONPATH=src $(BIN)/python -m benchmarks.abuse

.PHONY: soak
soak: dev ## half an hour of crashes and vanishing telephones under load: does every call end, once? (SECONDS=n)
	@scripts/system-packages sipp=sip-tester
	PYTHONPATH=src $(BIN)/python -m benchmarks.soak --seconds $(or $(SECONDS),1800)

.PHONY: faults
faults: dev ## 200 kills at named points of a delivery's life, broken disks, clocks and endpoints: is anything lost? (KILLS=n)
	KILLS=$(or $(KILLS),200) $(BIN)/pytest -q --timeout=0 tests/faults

.PHONY: mutants
mutants: dev ## whether tests notice changes of the heart (ARGS="--count 400"); takes an hour
	$(BIN)/python scripts/mutants.py $(ARGS)

.PHONY: emptied-rules
emptied-rules: dev ## whether a test notices each rule of project files that is emptied; takes a few minutes
	$(BIN)/python scripts/emptied_rules.py $(ARGS)

.PHONY: dev
dev:
	@scripts/setup dev

.PHONY: lock
lock: dev ## write requirements/*.txt anew from pyproject.toml (needs uv)
	uv pip compile -q --universal --generate-hashes --no-annotate --python-version 3.11 --upgrade \
	  --custom-compile-command "make lock" --extra fast --extra srv pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --generate-hashes --no-annotate --python-version 3.11 --upgrade \
	  --custom-compile-command "make lock" --extra fast --extra otel --extra srv --group dev pyproject.toml -o requirements/dev.txt
