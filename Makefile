# Two commands on a fresh Debian with python3, venv and make: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHAIN := tests/chains/node_modules/.ready
AXE := tests/web/node/node_modules/.ready

# the tests start the product hundreds of times: compiled once
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help chain chromium demo demo-web screenshots test test-postgresql lint bench soak audit papers install uninstall boot-test clean lock contracts

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Missing: python3 (Debian: apt install python3)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Missing: Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Missing: venv (Debian: apt install python3-venv)"; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(CHAIN): tests/chains/package-lock.json $(READY)
	@echo "Fetching a test chain and contracts (once)"
	@NODE_OPTIONS=--use-system-ca $(BIN)/npm ci --prefix tests/chains --silent --no-progress
	@touch $@

$(AXE): tests/web/node/package-lock.json $(READY)
	@NODE_OPTIONS=--use-system-ca $(BIN)/npm ci --prefix tests/web/node --silent --no-progress
	@touch $@

chromium:  ## the browser of the tests, from Debian, where root may install it
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing chromium (once)" && \
	  { apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 || \
	    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; }; } || \
	  echo "Missing: chromium (Debian: apt install chromium); what needs a browser is skipped"

chain: $(CHAIN)  ## the test chain and the contracts of others, for the tests

demo: $(READY)  ## a scripted year through the real product
	@$(BIN)/syncer demo

demo-web: $(READY)  ## the scripted years on the page; prints a link; Ctrl-C ends it
	@$(BIN)/syncer demo --web

lint: $(READY)  ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

# on two cores too: many tests wait for a service, a chain or a browser
test: lint $(CHAIN) $(AXE) chromium  ## everything that must pass
	@$(BIN)/pytest -n 4 --dist=worksteal

screenshots: $(AXE) chromium  ## the pictures of the README, made by the tests
	@mkdir -p build/screenshots
	@SYNCER_SCREENSHOTS=$(CURDIR)/build/screenshots $(BIN)/pytest tests/web/test_browser.py -k everybody
	@cp build/screenshots/desk-.png docs/overview.png
	@cp build/screenshots/desk-harvest.png docs/harvest.png

test-postgresql: $(CHAIN) $(AXE) chromium  ## the tests again, with a PostgreSQL database for each file
	@SYNCER_TEST_ENGINE=postgresql $(BIN)/pytest -n auto

soak: $(CHAIN)  ## plans against all combinations; the service under kills; every venue and a wallet over a bad network
	@$(BIN)/python tests/soak/plans.py
	@$(BIN)/python tests/soak/service.py
	@$(BIN)/python tests/soak/hours.py
	@$(BIN)/python tests/soak/storage.py
	@$(BIN)/python tests/soak/engines.py
	@$(BIN)/python tests/soak/fuzz.py
	@$(BIN)/python tests/soak/wallets.py
	@$(BIN)/python tests/soak/kills.py
	@$(BIN)/python tests/soak/exchanges.py

audit: $(READY)  ## known holes in the pinned packages (asks PyPI itself, not a mirror)
	@test -x build/audit/bin/pip-audit || { $(PYTHON) -m venv build/audit && build/audit/bin/pip install --quiet pip-audit; }
	@build/audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

install:  ## as a system service, or a newer version in its place (as root)
	@systemd/install.sh

uninstall:  ## remove the service; settings and database stay (as root)
	@systemd/install.sh uninstall

boot-test: $(READY)  ## the service under a real systemd, in an emulated machine (as root)
	@$(BIN)/python tests/boot/boot.py

papers: $(READY)  ## fill the official forms (FORMS=folder, else from irs.gov) and render them
	@$(BIN)/python tests/papers.py $(FORMS)

bench: $(CHAIN)  ## ours against rp2; transfers against the truth; forms; harvest; pulls; a busy wallet
	@$(BIN)/python tests/bench/lots.py
	@$(BIN)/python tests/bench/transfers.py
	@$(BIN)/python tests/bench/forms.py
	@$(BIN)/python tests/bench/harvest.py
	@$(BIN)/python tests/bench/idle.py
	@$(BIN)/python tests/bench/pages.py
	@$(BIN)/python tests/bench/pulls.py
	@$(BIN)/python tests/bench/wallets.py

contracts: $(READY)  ## compile the sandbox's Vyper sources again
	@$(BIN)/python -m syncer.demo.contracts

PIN := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml
lock:  ## pin all packages again (needs uv); those of the service come first
	@$(PIN) --all-extras -o requirements.lock
	@$(PIN) --extra install --extra postgresql --extra encrypted --constraint requirements.lock | $(PYTHON) tests/lock_sections.py requirements.lock

clean:  ## remove what was made
	@rm -rf $(VENV) tests/chains/node_modules demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
