# One command each. Without PYTHON, a virtual environment is made in .venv (TensorFlow 2.21);
# with it, as in `make test PYTHON=python`, that Python is used as it is.
ifndef PYTHON
PYTHON := .venv/bin/python
READY := .venv/.ready
BENCH_READY := .venv/.bench
SERVE_READY := .venv/.serve
endif

# Some images set it; then each of the tests' processes compiles TensorFlow anew, which takes 7 s.
unexport PYTHONDONTWRITEBYTECODE

# Two files of tests at a time: most of them use one core.
PARALLEL := --numprocesses 2 --dist loadfile -rs

.PHONY: demo test test-all test-nightly test-tf216 test-tf215 test-replicas test-tfx test-tfx-1.15 test-tfx-1.16 lint golden docs
.PHONY: bench bench-gate fuzz fuzz-atheris tfx-root

demo: $(READY)  ## train on generated transactions and print recommendations
	$(PYTHON) -m recgen demo-data --out runs/demo.csv --force
	$(PYTHON) -m recgen train examples/online_retail/config.yaml --data runs/demo.csv --out runs/demo
	$(PYTHON) -m recgen recommend runs/demo --buyer 12762

test: $(READY)  ## some minutes: what to run after a change
	$(PYTHON) -m pytest $(PARALLEL) -m "not slow"

# In two halves, since TensorFlow does not give back all memory of a training in a process.
test-all: test  ## then what takes long: everything but real TFX
	$(PYTHON) -m pytest $(PARALLEL) -m "slow and not nightly" tests/test_[a-m]*.py
	$(PYTHON) -m pytest $(PARALLEL) -m "slow and not nightly" tests/test_[n-z]*.py

test-nightly: $(SERVE_READY)  ## what CI leaves out: more kills, all changes of the table of `breaking`, servers
	$(PYTHON) -m pytest $(PARALLEL) -m nightly

test-tf216: .venv-tf216/.ready  ## what depends on TensorFlow, on the older stack
	.venv-tf216/bin/python -m pytest $(PARALLEL) -m "tf and not one_stack and not nightly"

KINDS := tests/test_kinds_tf.py::test_it_
test-tf215: .venv-tf215/.ready  ## a platform's oldest images: all kinds trained and served on Python 3.10
	.venv-tf215/bin/python -m pytest $(PARALLEL) -m "not one_stack" tests/test_platform_trained_tf.py \
		$(KINDS)learns_more_than_what_needs_no_model $(KINDS)serves_what_it_computes_from_examples \
		tests/test_transform_tf.py tests/test_local_child.py::test_job_goes_in_and_lines_come_out

test-replicas: $(READY)  ## of test-all: replicas on two devices and in two processes, against one
	$(PYTHON) -m pytest tests/test_distribution_tf.py -rs

test-tfx: $(READY)  ## a real TFX 1.21 pipeline; `make tfx-root` first
	RECGEN_TFX_ROOT=$${RECGEN_TFX_ROOT:-$(CURDIR)/.tfx/root} $(PYTHON) -m pytest tests/test_tfx.py \
		tests/test_tfx_bigquery.py -rs

test-tfx-1.15: TESTS := trains_and_pushes
test-tfx-1.16: TESTS := trains_and_pushes or platforms_script
test-tfx-1.15 test-tfx-1.16: test-tfx-%: .tfx/%/.ready  ## a pipeline on older images: Python 3.10 (minutes)
	RECGEN_TFX_PYTHON=$(CURDIR)/.tfx/$*/bin/python $(PYTHON) -m pytest tests/test_tfx.py -rs -k "$(TESTS)"

lint: $(READY)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m black --check --quiet .
	$(PYTHON) -m mypy

golden: $(READY)  ## write the expected modules again; then review the diff
	$(PYTHON) -m pytest -q tests/test_golden.py --golden-update

docs: $(READY)  ## write the pages of all rules, causes and keys and the tables of data.md again
	$(PYTHON) -m recgen explain --format markdown > docs/rules.md
	$(PYTHON) -m recgen explain RD --format markdown > docs/causes.md
	$(PYTHON) -m recgen explain RB --format markdown > docs/breaking.md
	$(PYTHON) -m recgen schema --format markdown > docs/config.md
	$(PYTHON) tests/arrow_types.py docs/data.md

DATA ?= online_retail.parquet
SEEDS ?= 5
bench: $(BENCH_READY)  ## recall, speed, memory beside other recommenders: `make bench DATA=FILE`
	$(PYTHON) -m bench.run --data $(DATA) --seeds $(SEEDS) $(if $(CONFIGS),--configs $(CONFIGS))

bench-gate: $(READY)  ## presets of retrieval on generated data, beside stored recall and verdicts
	$(PYTHON) -m bench.gate

SEED ?= $(shell date +%s)
fuzz: $(READY)  ## all that is drawn, some ten times as often; `SEED=1` repeats a run
	$(PYTHON) -m pytest -q -m hypothesis --timeout 0 --hypothesis-profile nightly \
		--hypothesis-seed $(SEED)

FUZZ_SECONDS ?= 600
fuzz-atheris: .venv/.atheris  ## coverage-guided texts for `load` and `check` (Python 3.11)
	.venv/bin/python fuzz/check_text.py runs/fuzz -max_total_time=$(FUZZ_SECONDS)

tfx-root:  ## a Debian 13 folder with TFX 1.21, in .tfx/root (as root, minutes)
	unshare --mount tests/tfx/make_root.sh $(CURDIR)/.tfx/root

.venv/.bench: .venv/.ready pyproject.toml
	.venv/bin/uv pip install --quiet --python .venv/bin/python \
		--constraint requirements/tf-2.21.txt --editable '.[train,test,bench]'
	touch $@

.venv/.serve: .venv/.ready pyproject.toml
	.venv/bin/uv pip install --quiet --python .venv/bin/python \
		--constraint requirements/tf-2.21.txt --editable '.[train,test,serve]'
	touch $@

.venv/.atheris: .venv/.ready
	.venv/bin/uv pip install --quiet --python .venv/bin/python atheris
	touch $@

PYTHON310 ?= $(shell .ci/python310)
define ON_PYTHON310
	$(or $(PYTHON310),false) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet uv
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python --requirement $<
	touch $@
endef
.tfx/%/.ready: requirements/tfx-%.txt $(READY)
	$(ON_PYTHON310)
.venv-tf215/.ready: requirements/tf-2.15.txt requirements/tfx-1.15.txt
	$(ON_PYTHON310)

.venv/.ready: CONSTRAINTS := requirements/tf-2.21.txt
.venv-tf216/.ready: CONSTRAINTS := requirements/tf-2.16.txt
# TFRS imports scann where it is installed, and TFX images have it; dill is what Beam forgets.
.venv-tf216/.ready: MORE := scann dill

.venv/.ready: requirements/tf-2.21.txt
.venv-tf216/.ready: requirements/tf-2.16.txt
.venv/.ready .venv-tf216/.ready: pyproject.toml
	python3 -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet uv
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python \
		--constraint $(CONSTRAINTS) --editable '.[train,test]' $(MORE)
	touch $@
