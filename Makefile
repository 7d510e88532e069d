# Two commands do all the set-up: `make demo` and `make test`.
SHELL := /bin/bash -o pipefail
PYTHON ?= python3
VENV := .venv
comma := ,
BIN := $(VENV)/bin
# Installs the extras $(1); one line shows what is going on, and the whole story where it fails.
INSTALL = $(BIN)/python -m pip --disable-pip-version-check install -e '.[$(1)]' 2>&1 | tee $(VENV)/install.log \
	| awk -v tty="$$(test -t 1 && echo 1)" 'tty { printf "\r\033[K  %.76s", $$0; fflush() } END { if (tty) print "" }' \
	|| { tail -n 30 $(VENV)/install.log; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help demo serve doctor test check bench bench-crash bench-callbacks bench-serving train format clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## Install, then place real calls end to end and print what happened
	@$(BIN)/ivr demo

serve: $(VENV)/.demo ## Install, then run web, media and worker (and a private Redis where REDIS_URL is unset)
	@$(BIN)/ivr serve

doctor: $(VENV)/.demo ## Say what is missing and what to do about it
	@$(BIN)/ivr doctor

# Calls take their real time, so that three workers are not too many for two cores; the longest files begin first.
# Some lose their step on a machine that stands still for seconds: what fails is run once more, alone; a fault stays one.
# ZEROHOLD_RANDOM_CALLS=10000 walks through each example flow by so many random calls instead of 300.
TEST_WORKERS ?= 3
test: $(VENV)/.test debian-packages check ## Install what the tests need, then run everything
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder \
		|| { test $$? = 1 && echo "What failed, once more and alone:" && $(BIN)/python -m pytest -v --last-failed --maxfail 10; }

check: $(VENV)/.test ## Formatter, linter, types, architecture fences
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/unit/test_architecture.py

bench: $(VENV)/.test ## Measure how long callers wait for an answer, over ten calls
	@$(BIN)/python -m tests.benchmarks.turn_latency

# JSON=1 makes its last line one JSON object.
bench-crash: $(VENV)/.test ## Kill -9 workers amid 600 callbacks, ours and five peers'; 10,000 fault schedules (20 minutes)
	@$(call INSTALL,bench)
	@JSON=$(JSON) $(BIN)/python -m tests.benchmarks.crash

# Each part prints its table and, with JSON=1, a line of JSON behind it. Needs 5 GB of memory and of disk.
bench-callbacks: $(VENV)/.test ## Measure callbacks: a million promises, punctuality, recovery; about 25 minutes
	@JSON=$(JSON) $(BIN)/python -m tests.benchmarks.callbacks.scale
	@JSON=$(JSON) $(BIN)/python -m tests.benchmarks.callbacks.punctuality
	@JSON=$(JSON) $(BIN)/python -m tests.benchmarks.callbacks.recovery

# The peer of `ingest` comes with the bench extra.
bench-serving: $(VENV)/.test ## Measure recognition: live streams, ingest, overload, drift, against peers; about fifteen minutes
	@$(call INSTALL,bench)
	@JSON=$(JSON) RECORDINGS=$(RECORDINGS) $(BIN)/python -m tests.benchmarks.serving

RECORDINGS ?= ../shared/speech
train: $(VENV)/.demo ## Train the telephone models anew from RECORDINGS (see speech/training/README.md; two hours)
	@$(call INSTALL,training)
	@$(BIN)/python -m speech.training --recordings $(RECORDINGS) --out speech/models

format: $(VENV)/.test ## Format and fix what can be fixed by machine
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## Remove the virtual environment and caches; data stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed; set PYTHON=python3.x") if not (3, 11) <= sys.version_info[:2] <= (3, 13) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "installing Zerohold into $(VENV): a minute or two the first time"
	@$(call INSTALL,demo)
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	@echo "installing Zerohold and what its tests need into $(VENV): a minute or two the first time"
	@$(call INSTALL,demo$(comma)test)
	@touch $(VENV)/.demo $@

.PHONY: debian-packages
debian-packages:
	@.ci/debian-packages
