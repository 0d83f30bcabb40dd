# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make help` says what there is.

# Any Python from 3.11 on starts things; each environment then picks the one that it wants.
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 \
	"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.*/bin/python3 /usr/bin/python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed, and none was found on PATH or under pyenv)
endif

ENVIRONMENTS := "$(PYTHON)" -m tools.environments
CLUSTER := $(ENVIRONMENTS) run --keep-proxies demo tools/cluster/cluster
GATES := format ruff yamllint changelog types docs licences ansible-lint sanity package \
	rules unit agents cluster property integration molecule smoke smoke-oldest

# A kubeconfig counts only where it was typed after `make`: an exported one is never used.
ifeq ($(origin KUBECONFIG),command line)
KUBECONFIG_OPTION := --kubeconfig "$(KUBECONFIG)"
endif

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint $(GATES) stop clean-cluster
.NOTPARALLEL:

help:
	@echo 'make demo                   a tour, on a cluster that it starts'
	@echo 'make demo KUBECONFIG=FILE   the same on your cluster, in a namespace of its own'
	@echo 'make test                   every check there is'
	@echo 'make bench                  the benchmarks, beside kubernetes.core and kubectl'
	@echo 'make stop                   end every cluster that these have started'
	@echo
	@echo 'One part of make test: make lint, or'
	@echo '$(GATES)' | fmt -w 72

demo:
	@$(ENVIRONMENTS) make demo >/dev/null
ifndef KUBECONFIG_OPTION
	@$(CLUSTER) build
endif
	@$(ENVIRONMENTS) run demo tools/demo $(KUBECONFIG_OPTION)

test lint $(GATES):
	@"$(PYTHON)" -m tools.gates $@

bench:
	@$(ENVIRONMENTS) make bench >/dev/null
	@$(CLUSTER) build
	@$(ENVIRONMENTS) run --own-home bench python benchmarks/run.py

stop clean-cluster:
	@$(CLUSTER) down --all
