#!/bin/sh
# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The check of a pull request: what it would change in which clusters, as Markdown.
#
#   ci/plan.sh [OPTIONS OF ansible-playbook]
#
# The Markdown goes to the command PLAN_POST, which reads it and makes a comment of it, or to the
# output where there is no such command. The log goes to standard error. Nothing is changed. It ends
# as ansible-playbook does: with 0 where all clusters could be asked.
set -eu
cd "$(dirname "$0")/.."

PLAN_FILE=$(mktemp)
export PLAN_FILE
trap 'rm -f "$PLAN_FILE"' EXIT

# All clusters at once, and all of them even where one cannot be reached.
code=0
ansible-playbook site.yml --check --diff \
  --extra-vars '{"node_agents_serial": "100%", "node_agents_max_fail_percentage": 100}' \
  "$@" >&2 || code=$?

# It is words: a command and its arguments.
# shellcheck disable=SC2086
${PLAN_POST:-cat} <"$PLAN_FILE"
exit "$code"
