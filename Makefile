# The verbs of the project. The first run makes .venv/ and installs what is missing; later runs
# do so only when a file that decides it has changed.

BIN   := .venv/bin
PIP   := $(BIN)/python -m pip -qq --disable-pip-version-check
BENCH := $(BIN)/python -m pytest -q bench --timeout=3600 --benchmark-json=bench/report.json \
	$(if $(SMOKE),--smoke) $(ARGS)
CORE  := $(wildcard src/emitter/*.pyx src/emitter/*.pxd src/emitter/*.pxi src/emitter/native/*)

.DEFAULT_GOAL := help
.PHONY: help demo test bench check lint proto fuzz secrets clean

help: ## Show the verbs
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/.installed ## A whole life of 1.1 million codes on a fresh server; results in demo-out/
	@$(BIN)/emitter demo

test: .venv/.dev ## All tests
	@EMITTER_SEED=$(SEED) $(BIN)/python -m pytest -q $(ARGS)

bench: .venv/.bench ## The benchmarks into bench/report.md and .json (SMOKE=1: a short run)
	@$(BENCH) $(if $(SMOKE),|| { echo '==> What failed is measured once more'; \
		$(BENCH) --last-failed --benchmark-json=bench/report.again.json; })

check: lint test ## Lint and test

lint: .venv/.dev ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/mypy

proto: .venv/.dev ## Generate src/emitter/v1 from proto/
	@$(BIN)/python proto/generate.py

fuzz: .venv/.dev ## Long simulation, fault and fuzz runs (SEED=…)
	@EMITTER_FUZZ=1 EMITTER_SEED=$(SEED) $(BIN)/python -m pytest -q tests --timeout=14400 $(ARGS)

secrets: ## Kernels under valgrind: no jump and no address depends on a secret
	@if ! command -v valgrind >/dev/null; then \
		echo '==> SKIPPED: valgrind is not installed'; exit 0; fi; \
	mkdir -p build && \
	gcc -std=gnu11 -O3 -g -Isrc/emitter/native tests/constant_time.c -lsodium \
		-o build/constant_time && \
	valgrind -q --error-exitcode=1 build/constant_time && \
	if valgrind -q --error-exitcode=1 build/constant_time leak >/dev/null 2>&1; then \
		echo '==> A leak made on purpose was not seen' >&2; exit 1; fi && \
	echo '==> No jump and no address depends on a secret; a leak made on purpose was seen'

clean: ## Remove everything that was made here, .venv included
	rm -rf .venv build demo-out src/*.egg-info src/emitter/_core.c src/emitter/_core.*.so
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +

# An environment with a Python that can build, and the system's libraries.
.venv/.made: scripts/set-up
	@scripts/set-up
	@echo '==> Installing the build tools'
	@$(PIP) install --upgrade 'pip>=25.1' 'setuptools>=77' 'cython>=3.1' 'numpy>=2.0'
	@touch $@

# The package in place, its core compiled, and what it needs to run.
.venv/.installed: .venv/.made pyproject.toml setup.py $(CORE)
	@echo '==> Building the core and installing emitter'
	@rm -f src/emitter/_core.c src/emitter/_core.*.so
	@$(PIP) install --no-build-isolation --editable .
	@touch $@

# What the tests and the tools need on top.
.venv/.dev: .venv/.installed
	@scripts/set-up tests
	@echo '==> Installing the development tools'
	@$(PIP) install --group dev
	@touch $@

# What the benchmarks measure themselves against.
.venv/.bench: .venv/.dev
	@$(PIP) install --group bench
	@touch $@
