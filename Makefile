# `make` alone explains itself. Every target first installs what it needs and finds missing.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin

.PHONY: explore fuzz mutants help demo test check bench doctor lock clean install install-dev web web-packages system generate turn-model
.NOTPARALLEL:

help: ## What you can do here
	@echo "Legato: a conversation with an AI agent that never drops."
	@echo
	@echo "  make demo     hub, embedded store, an agent and a page: prints one URL, open it and talk"
	@echo "                (ARGS='--lan' and the like go to 'legato demo'; try ARGS=--help)"
	@echo "  make test     everything, in a real browser and on a real store"
	@echo "  make check    while you work: format, lint, types, imports, fast tests"
	@echo "  make bench    the figures (ARGS='delivery join --json FILE' picks and keeps them)"
	@echo "  make doctor   what this machine lacks, and how to get it"
	@echo "  make turn-model fetch the model that hears whether somebody has finished speaking, and say where it lies"
	@echo "  make lock     after a change of dependencies: resolve and lock them anew (UPGRADE=1: newest)"
	@echo "  make generate after a change of events or envelopes: write the TypeScript types anew"
	@echo "  make fuzz     search for input that breaks what reads foreign bytes (ARGS='sdp --seconds 600')"
	@echo "  make explore  ask the property tests for examples that nobody has seen (ARGS='--rounds 20 tests/session')"
	@echo "  make clean    remove what was installed and built"
	@echo
	@echo "Each installs what it needs (into .venv and web/node_modules) and is quick the second time."

demo: web ## Talk to it
	@exec $(BIN)/legato demo $(ARGS)

test: install-dev web system turn-model ## Everything
	@scripts/test.sh

check: install-dev web-packages ## While you work
	@scripts/check.sh

bench: install-dev web system ## The figures
	@exec $(BIN)/legato bench $(ARGS)

mutants: install-dev ## Lie to the machines, and see that the tests notice
	@exec $(BIN)/python -m tests.session.run_mutants $(ARGS)

fuzz: install-dev ## Search for input that breaks a reader of foreign bytes
	@exec $(BIN)/python -m tests.fuzz.run $(ARGS)

explore: install-dev ## Examples nobody has seen
	@scripts/explore.sh $(ARGS)

turn-model: install ## For 'legato demo --turn-model FILE'
	@scripts/turn_model.sh

doctor: ## What is missing here
	@python3 scripts/doctor.py

lock: install-dev ## Dependencies
	@scripts/lock.sh

generate: install-dev ## The files that are written from Python's types
	@$(BIN)/python scripts/generate_types.py
	@$(BIN)/python scripts/generate_protocol.py

clean: ## What was installed and built
	rm -rf .venv .venv.lock web/node_modules web/dist web/.lock artefacts build dist
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

install:
	@scripts/venv.sh run

install-dev:
	@scripts/venv.sh dev

web: install
	@scripts/web.sh page

web-packages:
	@scripts/web.sh packages

system:
	@scripts/debian.sh chromium=chromium firefox-esr=firefox-esr redis-server=redis-server caddy=caddy
