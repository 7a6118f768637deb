# Two commands matter: `make demo` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Programs that are started a thousand times by the tests should not be compiled a thousand times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test slow lint format types bench mutants instructions docs pictures schemas clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable '.[emulator]' --group dev
	touch $(STAMP)

# The token only feeds a secret variable of the sample; the emulator runs nothing with it.
demo: setup
	SHOP_API_TOKEN=$${SHOP_API_TOKEN:-demo-token} $(BIN)/runner apply smoke-prod --emulator --yes

test: setup
	$(BIN)/python -m pytest -n auto --cov --cov-report=term --cov-fail-under=95

slow: setup
	$(BIN)/python -m pytest -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m compileall -q runner
	$(BIN)/python -m bench.bench

# Takes an hour; MODULES="limiter diff" tries those alone.
mutants: setup
	$(BIN)/python -m bench.mutants $(MODULES)

# Needs valgrind.
instructions: setup
	$(BIN)/python -m bench.instructions

docs: setup
	PYTHONPATH=. $(BIN)/python docs/reference.py
	$(BIN)/mkdocs build --strict --quiet

# Needs Chromium.
pictures: setup
	PYTHONPATH=. $(BIN)/python docs/pictures/make.py

schemas: setup
	$(BIN)/python -m runner.models.ahead > schemas/rules.json
	$(BIN)/runner schema > schemas/checkly-sessions.schema.json

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist site mutants .coverage*
