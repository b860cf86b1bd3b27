# Two commands for a newcomer: `make demo` and `make test`. Each makes its own
# virtual environment in .venv on first use; afterwards that costs nothing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test compile-test lint bench clean

demo: $(READY)
	$(BIN)/hatsr upscale examples/astronaut.jpg -o out --overwrite

test: $(READY)
	$(BIN)/python -m pytest

compile-test: $(READY)
	HATSR_UNINSTRUMENTED=1 $(BIN)/python -m pytest -m uninstrumented

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: $(READY)
	$(BIN)/python benchmarks/inference.py

$(READY): pyproject.toml constraints.txt hatch_build.py src/hatsr/native/attention.cpp src/hatsr/native/tiles.h
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" --constraint constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,figures,export,openvino]' --group dev
	touch $(READY)

clean:
	rm -rf .venv out
