# Two commands: `make demo` to see it run, `make test` to see that it is right. `make help` lists the rest.

PYTHON ?= python3
UV_COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help demo test check format api lock bench-alarms bench-dispatch torture bench-money bench-phone conformance wheel clean setup setup-test

demo: setup  ## the whole platform with a simulated district; RESET=1 begins anew
	@exec .venv/bin/yinling demo $(if $(RESET),--reset)

test: setup-test  ## everything, on real parts: check, vitest, pytest, journeys
	@.venv/bin/python -m scripts.test all

check: setup-test  ## what needs no running: ruff, mypy, lint-imports, vue-tsc, eslint
	@.venv/bin/python -m scripts.test check

format: setup-test  ## put the code into its usual shape
	@.venv/bin/ruff check --quiet --fix . ; .venv/bin/ruff format .

bench-dispatch: setup-test  ## the dispatcher beside OR-Tools, PyVRP and VROOM in 15 minutes of every table; ARGS="--set solomon --all"
	@.venv/bin/pip install --quiet --require-hashes -r requirements/bench.lock
	@.venv/bin/yinling bench dispatch $(ARGS)

bench-money: setup-test  ## what a month of money costs at three sizes; ARGS="--sizes S M L --months 2"
	@.venv/bin/python -m bench.money $(ARGS)

bench-phone: setup-test  ## bytes of the phone's first load, and how soon it can be used on slow lines; ARGS="--runs 5"
	@.venv/bin/python -m bench.phone $(ARGS)

bench-alarms: setup-test  ## the alarm centre's measurements, each within about three minutes; ARGS="--rows 2 3 9 10"
	@.venv/bin/python -m bench.alarms $(ARGS)

torture: setup-test  ## long runs: every part killed under load, frames damaged by the million; ARGS="--rows 1 --events 20000"
	@.venv/bin/python -m tests.torture $(ARGS)
	@.venv/bin/python -m tests.devices.mutations --frames 1000000
	@YINLING_DAMAGED_FRAMES=5000 .venv/bin/pytest --timeout=0 tests/devices tests/faults

conformance: setup-test  ## every codec against the recorded frames in ../shared/data
	@.venv/bin/python -m devices.conformance

api: setup  ## the OpenAPI document and the screens' types, after a route changed
	@.venv/bin/yinling openapi > web/openapi.json && .venv/bin/python -m scripts.test types

lock: setup-test  ## resolve the lock files again; UPGRADE=--upgrade takes newer versions
	@test -x .venv/bin/uv || .venv/bin/pip install --quiet uv
	@$(UV_COMPILE) pyproject.toml -o requirements/base.lock
	@$(UV_COMPILE) --extra dev -c requirements/base.lock pyproject.toml -o requirements/dev.lock
	@$(UV_COMPILE) --extra bench -c requirements/dev.lock pyproject.toml -o requirements/bench.lock
	@$(UV_COMPILE) requirements/build.in -o requirements/build.lock
	@$(UV_COMPILE) requirements/node.in -o requirements/node.lock

wheel: setup  ## one file for an installation, with the built pages in it
	@.venv/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist . && ls dist

clean:  ## forget what was installed and built; the data under var/ stays
	rm -rf .venv web/node_modules web/dist var/numba var/log .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

setup setup-test:
	@command -v "$(PYTHON)" >/dev/null || { echo 'Python 3.11 or newer is needed (Debian: sudo apt-get install python3 python3-venv).' >&2; exit 2; }
	@"$(PYTHON)" -m scripts.setup $(if $(filter setup-test,$@),--test)

help:
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' Makefile | expand -t 14
