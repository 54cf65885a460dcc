# make demo    the whole job on made-up photos; no download of data
# make test    all tests          make check   lint, types, layers
# make bench   the benchmarks     make docs    the documentation as a site
# Every target sets up what it needs first, in .venv and .cache.

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
PYTEST_ARGS ?=

.PHONY: setup demo test check bench docs lock golden clean

setup: $(READY)

$(READY): requirements/dev.txt pyproject.toml scripts/setup.sh
	sh scripts/setup.sh $(VENV)
	@touch $@

demo: $(READY)
	$(VENV)/bin/edgekit demo --output demo --force

test: $(READY)
	$(PYTHON) -m pytest $(PYTEST_ARGS)

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PYTHON) tests/golden/make_vectors.py --check

bench: $(READY)
	$(PYTHON) -m benchmarks

docs: $(READY)
	$(VENV)/bin/mkdocs build --strict

# New pins: every version with its hashes, for all platforms, and no registry's address.
lock: $(READY)
	$(VENV)/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	    --upgrade --extra all --group dev pyproject.toml --output-file requirements/dev.txt --quiet

golden: $(READY)
	$(PYTHON) tests/golden/make_vectors.py

clean:
	rm -rf $(VENV) .cache build site demo *.egg-info
