# Dunwell. `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3.12),$(shell command -v python3.13),$(shell command -v python3.14),python3)
UV_VERSION := 0.13.9
# The environments and one build of the layers.
NEEDED_MB := 2000
STAGE ?= dev
# The Python of the functions on AWS; the layers are built for it. See LambdaRuntime in template.yaml.
AWS_PYTHON ?= 3.14

export DUNWELL_ROOT := $(CURDIR)
UV := .local/uv/bin/uv
STAMP := .local/.setup-done
SAM := SAM_CLI_TELEMETRY=0 .local/sam/bin/sam

.PHONY: help setup demo test browser stripe-cli dynamodb-local deploy bench bench-large train evaluate impact lint clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 13

setup: $(STAMP) ## make the environments in .venv and .local from uv.lock

# Four environments that do not see each other: uv itself, ours (.venv), the local AWS, the SAM CLI.
$(STAMP): uv.lock pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "setup: Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3.11" >&2; exit 1; }
	@free=$$(df -Pm . | awk 'NR == 2 {print $$4}'); [ "$$free" -ge $(NEEDED_MB) ] || \
		{ echo "setup: the disk is too full: $$free MB are free here, $(NEEDED_MB) are needed" >&2; exit 1; }
	@mkdir -p .local
	@[ -x $(UV) ] && [ "$$($(UV) --version | cut -d' ' -f2)" = "$(UV_VERSION)" ] || { \
		echo "setup: uv $(UV_VERSION)"; \
		$(PYTHON) -m venv --clear .local/uv 2>.local/setup.log || \
			{ echo "setup: this Python cannot make environments; install its venv package (python3-venv)" >&2; exit 1; }; \
		.local/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) 2>>.local/setup.log || \
			{ echo "setup: cannot fetch uv: is there a network? See .local/setup.log" >&2; exit 1; }; }
	@sync() { \
		echo "setup: $$1"; \
		UV_PROJECT_ENVIRONMENT=$$1 $(UV) sync --quiet --frozen --python "$(PYTHON)" "$${@:2}" 2>>.local/setup.log || \
			{ echo "setup: cannot install $$1: is there a network? See .local/setup.log" >&2; exit 1; }; }; \
	sync .venv; \
	printf '%s\n' "$(CURDIR)" "$(CURDIR)/layers/core" "$(CURDIR)/layers/aws" "$(CURDIR)/layers/scoring" \
		> "$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dunwell.pth"; \
	printf '#!/bin/sh\nexec "%s/.venv/bin/python" -P -m infra.cli "$$@"\n' "$(CURDIR)" > .venv/bin/dunwell-cli; \
	printf '#!/bin/sh\nexec "%s/.venv/bin/python" -P -m infra.singer "$$@"\n' "$(CURDIR)" > .venv/bin/target-dunwell; \
	chmod +x .venv/bin/dunwell-cli .venv/bin/target-dunwell; \
	sync .local/ms --only-group emulator; sync .local/sam --only-group sam
	@touch $@

demo: setup ## the whole loop on this machine; DATA=file.csv AS_OF=YYYY-MM-DD ONCE=1
	@.venv/bin/python -m infra.local.demo $(if $(DATA),--data "$(DATA)") $(if $(AS_OF),--as-of "$(AS_OF)") $(if $(ONCE),--once)

test: setup browser stripe-cli dynamodb-local ## lint and every test, the quick ones first; STAGES="unit e2e" runs some of them
	@.venv/bin/python -m tests.stages $(STAGES)

# Only a machine of one's own is changed without being asked: as root, and when there is no Chromium yet.
browser:
	@command -v chromium >/dev/null || [ -n "$${CHROMIUM:-}" ] || { \
		[ "$$(id -u)" = 0 ] || { echo "browser: no Chromium, and only root can install it: its tests are skipped"; exit 0; }; \
		command -v apt-get >/dev/null || { echo "browser: no Chromium, and no apt-get to install it: its tests are skipped"; exit 0; }; \
		echo "browser: installing Chromium"; mkdir -p .local; \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
			>.local/browser.log 2>&1 || echo "browser: cannot install Chromium, its tests are skipped; see .local/browser.log"; }

# Stripe's own command line checks the sandbox from outside; it comes from npm and is not needed for anything else.
stripe-cli: .local/stripe-cli/.done
.local/stripe-cli/.done: Makefile
	@command -v npm >/dev/null || { echo "stripe-cli: no npm, its tests are skipped"; exit 0; }; \
		mkdir -p $(@D); npm install --silent --no-audit --no-fund --prefix $(@D) @stripe/cli@1.52.0 >$(@D)/install.log 2>&1 \
		&& touch $@ || echo "stripe-cli: cannot install it, its tests are skipped; see $(@D)/install.log"

# Amazon's own DynamoDB Local checks the ledger beside the local AWS; it comes from npm, alone, and needs Java.
dynamodb-local: .local/dynamodb-local/.done
	@java -version >/dev/null 2>&1 || { \
		[ "$$(id -u)" = 0 ] || { echo "dynamodb-local: no Java, and only root can install it: its tests are skipped"; exit 0; }; \
		command -v apt-get >/dev/null || { echo "dynamodb-local: no Java, and no apt-get to install it: its tests are skipped"; exit 0; }; \
		echo "dynamodb-local: installing Java"; mkdir -p .local; \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends default-jre-headless; } \
			>.local/java.log 2>&1 || echo "dynamodb-local: cannot install Java, its tests are skipped; see .local/java.log"; }
.local/dynamodb-local/.done: Makefile
	@command -v npm >/dev/null || { echo "dynamodb-local: no npm, its tests are skipped"; exit 0; }; \
		mkdir -p $(@D); { cd $(@D) && npm pack --silent amplify-dynamodb-simulator@2.9.30 \
			&& tar -xzf amplify-dynamodb-simulator-2.9.30.tgz --strip-components=2 package/emulator \
			&& rm amplify-dynamodb-simulator-2.9.30.tgz && touch .done; } >$(@D).log 2>&1 \
		|| echo "dynamodb-local: cannot fetch it, its tests are skipped; see $(@D).log"

deploy: setup ## to AWS: STAGE=dev|prod SENDER_DOMAIN=mail.example.com [PARAMETERS="Key=value ..."] [DRY_RUN=1]
	@[ -n "$(SENDER_DOMAIN)" ] || { echo "deploy: say which domain mail is sent from: SENDER_DOMAIN=mail.example.com" >&2; exit 1; }
	@find functions -name __pycache__ -prune -exec rm -rf {} +
	LAYER_PYTHON_VERSION=$(AWS_PYTHON) LAYER_PYTHON_PLATFORM=x86_64-manylinux_2_34 $(SAM) build --config-env $(STAGE)
	$(SAM) deploy --config-env $(STAGE) $(if $(DRY_RUN),--no-execute-changeset --no-confirm-changeset) --parameter-overrides \
		Stage=$(STAGE) LambdaRuntime=python$(AWS_PYTHON) SenderDomain=$(SENDER_DOMAIN) $(PARAMETERS)

bench: setup ## what the hot paths cost, into bench/results.json
	@.venv/bin/python -m tests.bench

bench-large: setup ## a 1 GB file within a worker's memory; two minutes
	@.venv/bin/python -m tests.bench.large_file

train: setup ## a model from a ledger: DATA=ledger.csv OUT=folder [CUT=YYYY-MM-DD: test on what came after] [MODEL=segments|recovery FIGURES=csv]
	@[ -n "$(DATA)" ] && [ -n "$(OUT)" ] || { echo "train: say from what and to where: DATA=ledger.csv OUT=folder" >&2; exit 1; }
	@[[ "$(or $(MODEL),late_payment)" =~ ^(late_payment|segments|recovery)$$ ]] || \
		{ echo "train: MODEL is late_payment (when left out), segments or recovery, not $(MODEL)" >&2; exit 1; }
	@.venv/bin/python -m model_artifacts.$(or $(MODEL),late_payment).train --data "$(DATA)" --out "$(OUT)" $(if $(CUT),--cut "$(CUT)") \
		$(if $(FIGURES),--figures "$(FIGURES)" $(if $(PROXIES),--proxies $(PROXIES)))

evaluate: setup ## a model on later data: MODEL=folder DATA=ledger.csv CUT=YYYY-MM-DD [OUT=file.json FIGURES=csv GROUPS=csv]
	@[ -n "$(MODEL)" ] && [ -n "$(DATA)" ] && [ -n "$(CUT)" ] || \
		{ echo "evaluate: say which model, on what, from when: MODEL=folder DATA=ledger.csv CUT=YYYY-MM-DD" >&2; exit 1; }
	@.venv/bin/python -m model_artifacts.evaluate --model "$(MODEL)" --data "$(DATA)" --cut "$(CUT)" \
		$(if $(OUT),--out "$(OUT)") $(if $(FIGURES),--figures "$(FIGURES)") $(if $(GROUPS),--groups "$(GROUPS)")

impact: setup ## whether decisions weigh on groups: DECISIONS=decisions.csv GROUPS=labels.csv [OUT=file.json]
	@[ -n "$(DECISIONS)" ] && [ -n "$(GROUPS)" ] || \
		{ echo "impact: say what was decided and who is who: DECISIONS=decisions.csv GROUPS=labels.csv" >&2; exit 1; }
	@.venv/bin/python -m model_artifacts.late_payment.impact --decisions "$(DECISIONS)" --groups "$(GROUPS)" \
		$(if $(OUT),--out "$(OUT)")

lint: setup ## ruff, mypy, cfn-lint and the words of messages
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy functions infra layers/core layers/aws layers/scoring model_artifacts tests
	@.venv/bin/cfn-lint template.yaml
	@.venv/bin/python -P -m infra.cli message lint

clean: ## remove what was built (not the environments)
	rm -rf .aws-sam .local/build .local/run .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './.local/*' -prune -exec rm -rf {} +
