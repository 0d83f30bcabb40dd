# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments of a task before a module sees them: names that there are not, values that got lost."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset import VERB
from ansible_collections.everynode.kubernetes.plugins.plugin_utils.arguments import (
    doubts,
    unknown_names,
)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], None),
        (["name", "containers", "wait_timeout"], None),
        # Other names of parameters.
        (["upgrade_timeout_seconds", "verify_ssl", "ssl_ca_cert"], None),
        (["contaniers"], "contaniers (did you mean containers?)."),
        (["upgrade_timeout"], "upgrade_timeout (did you mean upgrade_timeout_seconds?)."),
        (["x", "hots"], "x, hots (did you mean host?)."),
    ],
)
def test_names_that_there_are_not(names: list[str], told: str | None) -> None:
    found = unknown_names(VERB, names)
    assert (found is None) is (told is None)
    assert told is None or str(found).endswith(f"has no parameter {told}")


_SERVERS = {"nameservers": ["10.6.175.20"]}


@pytest.mark.parametrize(
    ("given", "is_doubtful"),
    [
        ({"dns_policy": None, "dns_config": _SERVERS}, True),
        ({"dns_policy": "", "dns_config": _SERVERS}, True),
        ({"dns_policy": "None", "dns_config": _SERVERS}, False),
        ({"dns_config": _SERVERS}, False),
        ({"dns_policy": None}, False),
        ({"dns_policy": None, "dns_config": {"searches": ["a"]}}, False),
        ({"dns_policy": None, "dns_config": "x"}, False),
    ],
)
def test_a_resolver_policy_that_got_lost(given: dict[str, Any], is_doubtful: bool) -> None:
    assert bool(list(doubts(given))) is is_doubtful
