# make run      install into .venv and run the default config to results/default/report.html
# make run CONFIG=config/debian.yaml TARGET=card      another config, only as far as one rule
# make test     install and run all checks and tests
# make help     everything else
TORCH := 2.13.0
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
CONFIG ?=
TARGET ?=
PYTEST_OPTIONS ?=
NUMERICS := tests/test_softmax.py tests/models/test_forward.py tests/training/test_online.py \
	$(addprefix tests/signals/test_,codec_dense.py codec_flat_tails.py codec_hidden.py codec_nucleus.py \
	codec_sampled.py codec_topk.py fidelity.py)
# --configfile would take a target after it for another file
SNAKEMAKE := $(BIN)/snakemake $(TARGET) --profile profiles/local $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: run test check numerics format bench demo reproduce mlflow watch pins docs clean help
.DEFAULT_GOAL := help

run: $(STAMP) ## run the default config, or CONFIG=config/debian.yaml; TARGET=card stops at a rule
	@$(SNAKEMAKE)
	@$(if $(TARGET),,echo "report: $$($(BIN)/kdlib config $(CONFIG:%=--overlay %) --show report)")

test: check ## all checks and tests
	$(BIN)/pytest $(PYTEST_OPTIONS)

check: $(STAMP) ## ruff, mypy, snakefmt, snakemake --lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

# PyTorch packs bfloat16 for what oneDNN says of the processor, and fails where its own kernels are older.
numerics: $(STAMP) ## tests whose results depend on the processor's vectors, as on one without AVX-512
	for capability in default avx2; do \
	ATEN_CPU_CAPABILITY=$$capability ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
	$(BIN)/pytest $(PYTEST_OPTIONS) $(NUMERICS) || exit; done

format: $(STAMP) ## format Python and Snakemake files
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow

bench: $(STAMP) ## all benchmarks; writes benchmarks/results and docs/performance.md
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

pins: $(STAMP) ## regenerate requirements.lock and environment.yml
	$(BIN)/python tools/pins.py

clean: ## remove results and caches, keep the installation
	rm -rf results cache logs .snakemake

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# torch comes first: where a CPU build of this version is at hand, pip takes it, and all that follows is content with it.
$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet torch==$(TORCH) -c requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e '.[train,track,models,dev]'
	@touch $@
