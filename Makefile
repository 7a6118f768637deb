# Two commands matter: `make demo` and `make test`. Both set up what they need in .venv; only the
# second installs the developers' tools.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGE := $(VENV)/.package
STAMP := $(VENV)/.installed

# Programs that are started a thousand times by the tests should not be compiled a thousand times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo tour test floors lock owner slow lint format types bench mutants instructions docs pictures schemas clean

setup: $(STAMP)

$(PACKAGE): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[emulator,import]'
	touch $(PACKAGE)

$(STAMP): $(PACKAGE)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group dev
	touch $(STAMP)

# The token only feeds a secret variable of the sample; the emulator runs nothing with it.
demo: $(PACKAGE)
	SHOP_API_TOKEN=$${SHOP_API_TOKEN:-demo-token} $(BIN)/runner apply smoke-prod --emulator --yes

# A red gate, explained: a report, the files of what failed, and the dashboard, all in tour/.
TOUR := $(BIN)/runner -f examples/tour/checkly-sessions.yaml
tour: $(PACKAGE)
	for round in 1 2; do \
		$(TOUR) apply --emulator --world examples/tour/world.yaml --yes \
			--artifacts tour/artifacts --report html=tour/report.html || test $$? = 1; \
	done
	$(TOUR) checks --emulator
	$(TOUR) dashboard --emulator --runs --out tour/dashboard

test: setup
	$(BIN)/python -m pytest -n auto --cov --cov-report=term --cov-fail-under=95

# What the action and the container image install, with hashes.
lock: setup
	$(BIN)/python -m pip install --quiet --group lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra emulator --extra import --group build --custom-compile-command "make lock" --output-file .ci/requirements.txt pyproject.toml

# The lowest versions that pyproject.toml allows, in an environment of their own. Left out: the tests
# of the package, which make environments themselves, and those of a checker that wants a newer click.
floors:
	test -x $(VENV)/floors/bin/python || $(PYTHON) -m venv $(VENV)/floors
	$(VENV)/floors/bin/python .ci/floors.py > $(VENV)/floors.txt
	$(VENV)/floors/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)/floors/bin/python -m pip install --quiet --editable '.[emulator,import]' --group dev --constraint $(VENV)/floors.txt
	$(VENV)/floors/bin/python -m pytest -n auto --ignore tests/test_package.py --ignore tests/ci/test_workflows.py

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
	$(BIN)/python -m pip install --quiet --group mutants
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
	$(BIN)/python -m schemas.generate

# Once, before the first release: the account or organisation that publishes.
owner:
	test -n "$(OWNER)" # make owner OWNER=name
	git grep -lz 'OWNER[/.]' -- ':!Makefile' ':!tests' ':!.github/workflows/release.yml' | xargs -0 sed -i -E 's#OWNER([/.])#$(OWNER)\1#g'
	sed -i 's#^PAGE: Final = .*#PAGE: Final = "https://$(OWNER).github.io/checkly-sessions-runner/diagnostics.html"#' runner/diagnostics.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist site mutants .coverage*
