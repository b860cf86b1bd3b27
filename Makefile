# Two commands for a newcomer: `make demo` and `make test`. Each makes its own
# virtual environment in .venv on first use; afterwards that costs nothing.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := .venv/.ready

# Pictures to train on (data/train, data/valid) and to measure with (Set5, Set14, BSD100).
DATA ?= data
BENCH ?= $(DATA)/bench
RUNS = hat-t-x2 hat-t-x4-from-x2 hat-t-x4-long hat-t-x4-longer hat-t-x2-again hat-t-x2-longer \
	hat-t-x2-patch-64 hat-t-x3
REAL = hat-t-real-x4 hat-t-real-x2
FOLDERS = 'data.train=[$(DATA)/train]' valid.data=$(DATA)/valid

.PHONY: demo test test-web test-ray test-triton compile-test lint docs notebooks coverage bench weights clean

demo: $(READY)
	$(BIN)/hatsr upscale examples/astronaut.jpg -o out --overwrite

test: $(READY)
	$(BIN)/python -m pytest

# The page and the service, in an environment of its own; with Chromium on the machine, the page too.
test-web: .venv-web/.ready
	$(subst .venv,.venv-web,$(BIN))/python -m pytest -m web tests/apps

# Jobs on a cluster of Ray and with a store on this machine, in an environment of their own.
test-ray: .venv-ray/.ready
	$(subst .venv,.venv-ray,$(BIN))/python -m pytest -m ray tests/batch

# Kernels for GPUs, interpreted on the CPU and compiled for a GPU that need not be there.
test-triton: .venv/.triton
	TRITON_INTERPRET=1 $(BIN)/python -m pytest -m triton tests/model tests/inference/cuda

compile-test: $(READY)
	HATSR_UNINSTRUMENTED=1 $(BIN)/python -m pytest -m uninstrumented

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror src/hatsr/native/*.cpp src/hatsr/native/*.h
	$(BIN)/pyright

# The pages of docs/ as a site that needs no other: open site/index.html. A broken link is an error.
docs: .venv/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

notebooks: .venv/.docs
	$(BIN)/python -m pytest -m notebooks

coverage: .venv/.coverage
	$(BIN)/python -m pytest --cov=hatsr

bench: $(READY)
	$(BIN)/python benchmarks/inference.py

# The shipped weights from nothing; a run that was stopped goes on where it was.
weights: $(READY)
	for run in hat-t-x4 hat-t-x4-again $(RUNS); do $(BIN)/hatsr train $$run $(FOLDERS) || exit; done
	$(BIN)/hatsr train hat-t-real-x4 $(FOLDERS) start.checkpoint=runs/hat-t-x4-from-x2
	$(BIN)/hatsr train hat-t-real-x2 $(FOLDERS)
	$(BIN)/python tools/ship.py $(patsubst %,runs/%,$(RUNS)) --data-root $(BENCH)
	$(BIN)/python tools/ship.py $(patsubst %,runs/%,$(REAL)) --family hat-t-real --data-root $(BENCH)

$(READY): pyproject.toml constraints.txt hatch_build.py src/hatsr/native/build.py $(wildcard src/hatsr/native/*.cpp src/hatsr/native/*.h)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" --constraint constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,figures,export,openvino,video]' --group dev
	touch $(READY)

.venv-web/.ready: pyproject.toml constraints.txt hatch_build.py
	$(PYTHON) -m venv .venv-web
	grep -v '^pillow' constraints.txt > .venv-web/constraints.txt
	$(subst .venv,.venv-web,$(BIN))/python -m pip install --quiet --upgrade "pip>=25.1" --constraint .venv-web/constraints.txt
	$(subst .venv,.venv-web,$(BIN))/python -m pip install --quiet --constraint .venv-web/constraints.txt --editable '.[web]' --group dev --group web
	touch $@

.venv-ray/.ready: pyproject.toml constraints.txt hatch_build.py
	$(PYTHON) -m venv .venv-ray
	grep -v '^python-dateutil' constraints.txt > .venv-ray/constraints.txt
	$(subst .venv,.venv-ray,$(BIN))/python -m pip install --quiet --upgrade "pip>=25.1" --constraint .venv-ray/constraints.txt
	$(subst .venv,.venv-ray,$(BIN))/python -m pip install --quiet --constraint .venv-ray/constraints.txt --editable '.[ray]' --group dev --group ray
	touch $@

# What only some targets need: a group of pyproject.toml.
.venv/.%: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group $*
	touch $@

clean:
	rm -rf .venv .venv-web .venv-ray out site
