# make run      install into .venv and run the default config to results/default/report.html
# make run CONFIG=config/debian.yaml TARGET=card      another config, only as far as one rule
# make quick    install what tests need as well, and run the fast ones: for the inner loop
# make test     all checks and tests
# make help     everything else
TORCH := 2.13.0
PYTHON ?= python3
BIN := .venv/bin
# What runs need is installed by itself; checks, tests and benchmarks need more.
STAMP := .venv/installed
DEV_STAMP := .venv/installed-dev
CONFIG ?=
TARGET ?=
# Processes that run tests side by side, and how tests are dealt to them; WORKERS=0 for a debugger.
WORKERS ?= 2
DIST ?= loadfile
PYTEST_OPTIONS ?=
# Tests whose values depend on how a processor adds up, run again with narrower vectors.
NUMERICS := tests/test_softmax.py tests/models/test_forward.py tests/training/teacher/test_online.py \
	tests/signals/test_fidelity.py \
	$(addprefix tests/signals/codec/test_,dense.py flat_tails.py hidden.py nucleus.py sampled.py topk.py)
# Else every job of every run would compile kdlib again.
unexport PYTHONDONTWRITEBYTECODE
# Two processes with two threads each would wait for one another.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist $(DIST) --no-loadscope-reorder
# --configfile would take a target after it for another file
SNAKEMAKE := $(BIN)/snakemake $(TARGET) --profile profiles/local $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: run quick test numerics drill check format bench demo reproduce mlflow watch pins docs clean help
.DEFAULT_GOAL := help

run: $(STAMP) ## run the default config, or CONFIG=config/debian.yaml; TARGET=card stops at a rule
	@$(SNAKEMAKE)

# A test that no fixture or mark shows to be slow, and that is slow all the same, fails here. On tensors this small
# torch's threads wait for each other, ten times as long as they work once the cores are busy.
quick: $(DEV_STAMP) ## the fast tests: no Snakemake, no browser, no trained models
	OMP_NUM_THREADS=1 $(PYTEST) -m 'not slow' --timeout 30 --durations 5 $(PYTEST_OPTIONS)

test: check ## all checks and tests; lists the 20 slowest
	$(PYTEST) --durations 20 $(PYTEST_OPTIONS)

# make test kills whole runs, one rule each of three kinds; benchmarks.crash kills every rule.
drill: $(DEV_STAMP) ## attack from projects and candidates; nothing may be lost, bent or let out
	$(BIN)/python -m benchmarks.verdicts --quick

check: $(DEV_STAMP) ## ruff, mypy, snakefmt, snakemake --lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

# PyTorch packs bfloat16 for what oneDNN says of the processor, and fails where its own kernels are older.
numerics: $(DEV_STAMP) ## tests whose results depend on the processor's vectors, as on one without AVX-512
	for capability in default avx2; do \
	ATEN_CPU_CAPABILITY=$$capability ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
	$(PYTEST) $(PYTEST_OPTIONS) $(NUMERICS) || exit; done

format: $(DEV_STAMP) ## format Python and Snakemake files
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow

bench: $(DEV_STAMP) ## all benchmarks; writes benchmarks/results and docs/performance.md
	$(BIN)/python -m benchmarks

demo: $(STAMP) ## four short trainings that print and check what they show
	$(BIN)/python tools/demo.py

reproduce: $(STAMP) ## make a finished run again in reproduced/ and compare: RUN=results/default
	$(BIN)/kdlib reproduce $(or $(RUN),$(error say which run: make reproduce RUN=results/default))

mlflow: $(STAMP) ## open the MLflow UI on the results, of CONFIG=… if its store is another
	@uri=$$($(BIN)/kdlib config $(CONFIG:%=--overlay %) --show tracking); case $$uri in \
	http*) echo "a server has the runs: $$uri";; \
	*) MLFLOW_DISABLE_TELEMETRY=true $(BIN)/mlflow ui --backend-store-uri $$uri;; esac

docs: $(STAMP) ## regenerate config/README.md and config/schema.json
	$(BIN)/python tools/config_docs.py

watch: $(STAMP) ## follow the run in this folder: jobs, trainings, time left
	@$(BIN)/kdlib watch $(CONFIG:%=--overlay %)

pins: $(DEV_STAMP) ## regenerate requirements.lock and environment.yml
	$(BIN)/python tools/pins.py

clean: ## remove results and caches, keep the installation
	rm -rf results cache logs .snakemake

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# torch comes first: where a CPU build of this version is at hand, pip takes it, and all that follows is content with it.
$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet torch==$(TORCH) -c requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e '.[train,track,models]'
	@touch $@

$(DEV_STAMP): $(STAMP)
	$(BIN)/pip install --quiet -c requirements.lock -e '.[dev]'
	@touch $@
