# Everything below works from nothing with Python 3.11 or newer: `make run`, `make test`.
# Nothing is installed outside .venv. Faster where uv is installed: make run PIP="uv pip"

VENV ?= .venv
BIN := $(VENV)/bin
PIP ?= $(BIN)/python -m pip
PIP_QUIET := --quiet --disable-pip-version-check
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# Tests run in three processes for two cores, since many wait for a child or a clock; the tests of one file
# in one of them. JOBS=0 runs them one after the other.
JOBS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores + (cores + 1) / 2)))
TESTS ?=
ARGS ?=

# The first of these that runs and is new enough; override with make PYTHON=/path/to/python3
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$python && break; done)

.PHONY: help run test lint bench seed screenshots lock clean
.DEFAULT_GOAL := help

help:  ## these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.base seed  ## set up on first use, then open the hub (ARGS="search resnet" for a command)
	@$(BIN)/hub $(ARGS)

test: $(VENV)/.test lint  ## set up with torch for the CPU, then ruff, mypy and pytest (TESTS="-k words")
	@HUB_REQUIRE_TORCH=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile \
		--no-loadscope-reorder $(TESTS)

lint: $(VENV)/.test seed  ## ruff and mypy alone
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/.bench seed  ## measure search and storage beside their peers
	@$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(VENV)/.test seed  ## make the pictures of README.md anew, from the app itself
	@$(BIN)/python -m tests.screenshots

seed: $(VENV)/.base  ## prepare the embedded catalog, if its sources changed
	@$(BIN)/python hatch_build.py

$(VENV)/.created:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; $(or $(PYTHON),python3) is not."; \
		echo "Debian, Ubuntu:  sudo apt install python3 python3-venv"; \
		echo "Fedora:          sudo dnf install python3"; \
		echo "macOS:           brew install python"; \
		echo "Then: make PYTHON=/path/to/that/python3 run"; exit 1; } >&2
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) comes without venv. Debian, Ubuntu:  sudo apt install python3-venv"; \
		exit 1; } >&2
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

# The locked packages by hash, then the project by its own build hook: no second, isolated environment.
# Bytecode is compiled on all cores while the hook prepares the catalog; pip's own way uses one and waits.
$(VENV)/.base: $(VENV)/.created pyproject.toml requirements.lock
	@echo "installing the packages of requirements.lock into $(VENV) (once)" >&2
	@$(PIP) install $(PIP_QUIET) --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 & \
		$(PIP) install $(PIP_QUIET) --no-deps --no-build-isolation -e .; code=$$?; wait; exit $$code
	@touch $@

# torch first and alone, from the index that holds CPU builds only. A torch of the right version that is
# there already, for a GPU say, is kept.
HAS_TORCH = $(BIN)/python -c 'from importlib.metadata import version; \
	assert (2, 10) <= tuple(map(int, version("torch").split(".")[:2])) < (3, 0)' 2>/dev/null

$(VENV)/.torch: $(VENV)/.base constraints-torch-cpu.txt
	@$(HAS_TORCH) || echo "installing torch for the CPU into $(VENV) (once)" >&2
	@$(HAS_TORCH) || $(BIN)/python -m pip install $(PIP_QUIET) --no-deps --retries 1 \
		--index-url $(TORCH_INDEX) -c constraints-torch-cpu.txt torch
	@touch $@

$(VENV)/.test: $(VENV)/.torch constraints.txt
	@$(PIP) install $(PIP_QUIET) --no-build-isolation -c constraints.txt -e '.[test,reproduce]'
	@touch $@

$(VENV)/.bench: $(VENV)/.base constraints.txt
	@$(PIP) install $(PIP_QUIET) --no-build-isolation -c constraints.txt -e '.[bench]'
	@touch $@

# What building in place needs, and what torch needs beside itself: torch is left out of both locks,
# since locking it would pin some twenty CUDA packages.
BUILD_TOOLS := hatchling editables
BESIDE_TORCH := fsspec jinja2 networkx setuptools sympy typing-extensions
UV_LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
	--no-annotate --no-emit-index-url --no-emit-find-links --no-emit-package pip \
	--custom-compile-command "make lock"

lock: $(VENV)/.base  ## choose the newest allowed versions: constraints.txt, requirements.lock
	@$(BIN)/python -m pip install $(PIP_QUIET) uv
	@echo "torch ; python_version < '3'" > $(VENV)/no-torch.txt
	@printf '%s\n' $(BUILD_TOOLS) $(BESIDE_TORCH) > $(VENV)/extra-tools.txt
	@printf '%s\n' $(BUILD_TOOLS) > $(VENV)/build-tools.txt
	$(UV_LOCK) --all-extras --override $(VENV)/no-torch.txt -o constraints.txt \
		pyproject.toml $(VENV)/extra-tools.txt
	$(UV_LOCK) --generate-hashes -c constraints.txt -o requirements.lock \
		pyproject.toml $(VENV)/build-tools.txt

clean:  ## remove what make made: .venv, the prepared catalog, caches
	rm -rf $(VENV) data/prepared data/.prepared-* build dist .mypy_cache .ruff_cache .pytest_cache
	find hub crawlers reproduce tests -name __pycache__ -type d -prune -exec rm -rf {} +
