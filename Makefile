# `make demo` sets up, runs the default study and says where the report is; `make test` sets up and runs every check.
# Needs Python 3.11 or newer and make; everything else, ffmpeg included, comes as a wheel into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= all
BIN := .venv/bin
STUDY := config/config.yaml

.PHONY: demo test setup check study-tiny clean help voice

help:            ## this list
	@grep -E '^[a-z-]+: *.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

setup: .venv/.ready   ## the project's own environment, from the lock

.venv/.ready: envs/lock.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --requirement envs/lock.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	touch $@

voice: .venvs/voice/.ready   ## the other environment, of the method `sovits` alone, from its own lock (1.9 GB)

.venvs/voice/.ready: envs/voice.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed: make voice PYTHON=/path/to/python3.11")'
	# whole or not at all; so-vits-svc-fork asks for pyworld, whose place pyworld-prebuilt takes
	$(PYTHON) -m venv --clear .venvs/voice && \
	grep -v '^so-vits' envs/voice.txt | .venvs/voice/bin/python -m pip install --disable-pip-version-check --quiet --timeout 60 --retries 1 --requirement /dev/stdin && \
	.venvs/voice/bin/python -m pip install --disable-pip-version-check --quiet --timeout 60 --retries 1 --no-deps $$(grep '^so-vits' envs/voice.txt) || \
	{ rm -rf .venvs/voice; exit 1; }
	touch $@

demo: setup      ## the default study: four synthetic actors, their faces and voices, one report
	$(BIN)/snakemake --cores $(CORES) --configfile $(STUDY)
	@$(BIN)/understudy report $(STUDY)

check: setup     ## style, types, layers of the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	# under a version of its own: a finished one refuses to be planned again once the program changed
	@$(BIN)/snakemake --lint --configfile $(STUDY) --config version=lint

test: check      ## every check, tiny studies through the whole workflow, and so-vits-svc-fork where `make voice` can be made
	@$(MAKE) --no-print-directory voice || echo "make voice failed, see above: what needs so-vits-svc-fork itself is skipped"
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

clean:           ## removes what the studies made; never the footage that a manifest names
	rm -rf data/default data/tiny .snakemake
