# One command per task. Everything lives in .venv; nothing is installed elsewhere
# except, when root on Debian, the servers that the integration tests talk to.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check --quiet

# Debian packages of the integration tests: real servers and the producers of real files.
TEST_PACKAGES := postfix postgresql strace iproute2 \
    libreoffice-writer libreoffice-calc libreoffice-impress openssl gnupg p7zip-full zip genisoimage gcab qpdf \
    tesseract-ocr-eng tesseract-ocr-osd chromium

.PHONY: run test check bench soak accuracy screenshots train lock wheel clean format

run: $(VENV)/.runtime
	@$(BIN)/dlp-gateway try

test: $(VENV)/.dev test-packages
	HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-ci} $(BIN)/python -m pytest -n 2 --dist loadfile -m "not soak"

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy dlp_gateway
	$(MAKE) --no-print-directory test

bench: $(VENV)/.dev test-packages
	$(BIN)/python -m benchmarks

soak: $(VENV)/.dev test-packages
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -m soak tests/integration
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest tests/fuzz

accuracy: $(VENV)/.dev
	$(BIN)/python -m benchmarks.accuracy

# The pictures of docs/console.md, taken by the tests that look at every page.
screenshots: $(VENV)/.dev test-packages
	DLP_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -q tests/e2e/test_pages.py

train:
	$(MAKE) --no-print-directory -C training

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel

# The lock files hold names, versions and hashes only; pip takes its registry from its own settings.
lock: $(VENV)/.dev
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --all-extras --group build pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --all-extras --group build --group dev pyproject.toml -c requirements.lock --output-file requirements-dev.lock

$(VENV)/.runtime: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: test-packages
test-packages:
	@if [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then \
	    missing=""; \
	    for package in $(TEST_PACKAGES); do \
	        dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
	    done; \
	    if [ -n "$$missing" ]; then \
	        echo "installing$$missing for the integration tests"; \
	        apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $$missing >/dev/null; \
	    fi; \
	else \
	    echo "not root on Debian: tests whose packages are missing are skipped"; \
	fi

clean:
	rm -rf $(VENV) build dist var .mypy_cache .ruff_cache .pytest_cache .hypothesis
