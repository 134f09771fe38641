# `make run` and `make test` need Python 3.11 or newer and make, nothing else. `make help` lists the rest.

PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help run manage test lint types checks pytest messages drill drill-import drill-sms bench-messaging bench-provisioning bench-pages bench-peaks bench-scripts bench-sync bench-reports bench-events bench-board chromium clean distclean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: .venv/installed-local ## start the whole portal here: http://localhost:8000/, or PORT=…
	@exec $(PYTHON) -m portal.local up $(if $(PORT),--port "$(PORT)")

manage: .venv/installed-local ## manage.py against the running portal: make manage ARGS="shell"
	@exec $(PYTHON) -m portal.local manage $(ARGS)

test: lint types checks chromium pytest ## everything that must hold before a change goes in

lint: .venv/installed-dev ## style
	@$(PYTHON) -m ruff check --quiet --output-format concise .
	@$(PYTHON) -m ruff format --check --quiet . || { echo "not formatted: .venv/bin/ruff format ." >&2; exit 1; }

types: .venv/installed-dev ## types
	@DEBUG=1 $(PYTHON) -m mypy

checks: .venv/installed-dev ## Django's own checks, and models without a migration
	@DEBUG=1 $(PYTHON) manage.py check
	@# There is no database yet to compare the migrations' history with, and Django warns about that.
	@DEBUG=1 $(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

pytest: .venv/installed-dev ## the tests alone: make pytest ARGS="-k peak"
	@$(PYTHON) -m pytest -n 2 $(ARGS)

messages: .venv/installed-dev ## bring the translations up to date with the code: new sentences are added, unsaid ones dropped
	@$(PYTHON) -m portal.local.messages

drill: .venv/installed-dev ## orders and subscribers under faults, kill -9 and an emptied broker: DRILL_OPERATIONS=320 DRILL_SEED=20
	@DRILL_OPERATIONS=$${DRILL_OPERATIONS:-320} $(PYTHON) -m pytest tests/drill -s

drill-import: .venv/installed-dev ## a file of 10,000 subscribers, imported by workers that are killed: DRILL_ROWS=10000
	@DRILL_ROWS=$${DRILL_ROWS:-10000} $(PYTHON) -m pytest tests/drill/test_import.py -s

drill-sms: .venv/installed-dev ## campaigns to 20,000 recipients under lost answers, kill -9 and an emptied broker: DRILL_RECIPIENTS=20000
	@DRILL_RECIPIENTS=$${DRILL_RECIPIENTS:-20000} $(PYTHON) -m pytest tests/drill/test_sms.py -s

bench-messaging: .venv/installed-dev ## 100,000 messages, against the quota that the vendor allows
	@$(PYTHON) -m bench.messaging $(ARGS)

bench-provisioning: .venv/installed-dev ## subscribers a second through the whole path, against the vendor's latency
	@$(PYTHON) -m bench.provisioning $(ARGS)

bench-pages: .venv/installed-dev ## lists, search and the admin over 1,000 tenants and 1,000,000 subscribers, against one tenant
	@$(PYTHON) -m bench.pages $(ARGS)

bench-peaks: .venv/installed-dev ## the month's peak of 1,000 tenants over 10,000,000 changes, read and kept: ARGS="--changes 1000000"
	@$(PYTHON) -m bench.peaks $(ARGS)

bench-scripts: .venv/installed-dev ## how soon a call gets its script, with the database and without it
	@$(PYTHON) -m bench.scripts $(ARGS)

bench-board: .venv/installed-dev ## how soon what happened is on 200 open live boards, at 50 events a second
	@$(PYTHON) -m bench.board $(ARGS)

bench-sync: .venv/installed-dev ## 100,000 SIP accounts of a vendor followed, against a plain COPY and MERGE
	@$(PYTHON) -m bench.sync $(ARGS)

bench-reports: .venv/installed-dev ## how fast delivery reports are taken and followed, and that restarts lose none
	@$(PYTHON) -m bench.reports $(ARGS)

bench-events: .venv/installed-dev ## how fast live events are taken and followed, and that restarts lose none
	@$(PYTHON) -m bench.events $(ARGS)

chromium:
	@portal/local/install-chromium.sh

.venv/installed-local: requirements.txt requirements-local.txt constraints.txt
	@portal/local/make-venv.sh requirements-local.txt && touch $@

.venv/installed-dev: requirements.txt requirements-local.txt requirements-dev.txt constraints.txt
	@portal/local/make-venv.sh requirements-dev.txt && touch $@ .venv/installed-local

clean: ## remove what can be made again; the data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis staticfiles
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the data too
	@rm -rf var
