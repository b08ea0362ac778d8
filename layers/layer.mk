# What the layers' makefiles share. `sam build` runs each in its own folder and sets ARTIFACTS_DIR.
#
#   LAYER_PYTHON_VERSION, LAYER_PYTHON_PLATFORM   set for AWS (`make deploy`); unset, packages are those
#                                                 of the project's own interpreter, for the local stack
#   DUNWELL_ROOT                                  the project, when SAM builds in a copy of the folder
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

DUNWELL_ROOT ?= $(abspath $(CURDIR)/../..)
UV := $(or $(wildcard $(DUNWELL_ROOT)/.local/uv/bin/uv),uv)
PYTHON_DIR := $(ARTIFACTS_DIR)/python

ifdef LAYER_PYTHON_VERSION
UV_TARGET := --python-version $(LAYER_PYTHON_VERSION) --python-platform $(LAYER_PYTHON_PLATFORM) --only-binary :all:
endif

# $(call export_group,<group>,<more options>): the locked requirements of a group, with hashes
export_group = cd "$(DUNWELL_ROOT)" && "$(UV)" export --quiet --frozen --no-header --only-group $(1) $(2)

# Installs exactly what standard input lists: the lock has already resolved it.
install_stdin = "$(UV)" pip install --quiet --no-deps --require-hashes $(UV_TARGET) \
	--python "$(DUNWELL_ROOT)/.venv/bin/python" --target "$(PYTHON_DIR)" --requirements -

# $(call copy_sources,<package folder>): our own package, without compiled leftovers
copy_sources = mkdir -p "$(PYTHON_DIR)" && cp -R "$(CURDIR)/$(1)" "$(PYTHON_DIR)/"

# A worker cannot keep what it compiles, so every cold start would compile every module again: half a second. Only
# the Python that will run the layer can compile for it, which is at hand when that is the local one.
ifdef LAYER_PYTHON_VERSION
compile = true
else
compile = "$(DUNWELL_ROOT)/.venv/bin/python" -m compileall -q -j 2 --invalidation-mode unchecked-hash "$(PYTHON_DIR)"
endif

# The dist-info folders stay, because Amazon Inspector reads them to find known vulnerabilities.
drop_ballast = find "$(PYTHON_DIR)" \( -name __pycache__ -o -name tests -o -path '*.dist-info/RECORD' \
	-o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' \) -prune -exec rm -rf {} + && \
	rm -rf "$(PYTHON_DIR)/bin" "$(PYTHON_DIR)/.lock" && $(compile)
