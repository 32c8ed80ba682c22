# `make` lists the targets. Everything is installed into .venv; nothing needs root or a compiler.
.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-slow test-gpu bench check fmt clean
SYSTEM_PYTHON ?= python3
BIN := .venv/bin
export RAY_USAGE_STATS_ENABLED := 0

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'
setup: .venv/ready ## the virtual environment (the other targets do it by themselves)
demo: .venv/ready ## serve on this machine, stream a demo video to out/demo.mp4 (ARGS=--once: then end)
	$(BIN)/python -m deployments.demo $(ARGS)
run: .venv/ready ## serve on this machine until Ctrl-C
	$(BIN)/serve run serve_config.yaml
test: .venv/ready ## the quick tier: behaviour and ratios, under ten minutes on two cores
	$(BIN)/pytest $(ARGS)
test-slow: .venv/ready ## the slow tier: chaos, speed, quality, browsers; prints its figures
	$(BIN)/pytest -m slow -s --timeout 1800 $(ARGS)
test-gpu: .venv/ready ## what needs CUDA
	$(BIN)/pytest -m gpu -s --timeout 900 $(ARGS)
bench: .venv/ready ## speed and memory, side by side, medians (ENGINE=ditto: against a plain loop)
	$(BIN)/python -m tests.$(if $(filter ditto,$(ENGINE)),ditto_bench,bench) $(ARGS)
check: .venv/ready ## style, types, import floors: what CI runs besides the tests
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports
fmt: .venv/ready ## rewrite: format and the safe fixes
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .
clean: ## remove what the targets made
	rm -rf .venv out build dist .*_cache *.egg-info

.venv/ready: pyproject.toml .ci/constraints.txt
	@$(SYSTEM_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $$($(SYSTEM_PYTHON) --version) was found."; exit 1; }
	@$(SYSTEM_PYTHON) -m venv .venv || \
		{ echo "Python's venv module is missing: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint .ci/constraints.txt --group dev --editable .
	@touch .venv/ready
