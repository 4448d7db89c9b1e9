# Gongbang: what a fresh clone needs.
#
#   make ask     install the core and ask the samples a question; stays for more on a terminal
#   make test    install the rest and run the whole suite (WORKERS=0: in one process)
#   make check   style, types, layers
#   make bench   side by side with peers, into bench/results/
#
# Variables: PYTHON, VENV, WORKERS, DOCS, QUESTION, PYTEST_ARGS, TORCH_INDEX (an index of CPU builds of torch).

PYTHON ?= python3
WORKERS ?= 2
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DOCS ?= samples
QUESTION ?= 두루미골의 면적은 얼마인가?
TORCH_INDEX ?=

MADE := $(VENV)/.made
CORE := $(VENV)/.core
DEV := $(VENV)/.dev
BENCH := $(VENV)/.bench

.PHONY: help ask core dev test check format bench clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST)) | sed -n '1,8p'

ask: core
	@$(BIN)/gongbang ask --docs $(DOCS) --question "$(QUESTION)" --stay

core: $(CORE)

dev: $(DEV)

# A module's tests stay on one worker, with what they share; a worker computes on one thread, as there are two.
# A worker that vanishes ends the run, and its test is named: one in its place can wait for ever (pytest-xdist #1378).
test: dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --max-worker-restart 0 \
	  $(PYTEST_ARGS)

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/python -m pytest tests/test_layers.py

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BENCH)
	$(BIN)/python bench/run.py $(BENCH_ARGS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests bench samples -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# --no-deps: the lock is complete, and what its packages name beyond it is needed for downloads only.
$(CORE): $(MADE) requirements/core.txt pyproject.toml hatch_build.py
	$(PIP) install --quiet --no-deps --no-compile -r requirements/core.txt
	$(PIP) install --quiet --no-deps --no-compile -e .
	@touch $@

# torch first and by its exact version, so that no other build of it is drawn in by what depends on it.
$(DEV): $(CORE) constraints.txt
	$(PIP) install --quiet -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch==2.13.0
	$(PIP) install --quiet -c constraints.txt -e ".[train,openvino,serve,studio,mariadb,postgresql,rabbitmq,dev]"
	@touch $@

$(BENCH): $(DEV)
	$(PIP) install --quiet -c constraints.txt -e ".[bench]"
	@touch $@
