# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments of a task, before a module sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ..module_utils._spec.checks.network import LOST_POLICY
from ..module_utils._verbs.verb import Verb


def unknown_names(verb: Verb, given: Iterable[object]) -> str | None:
    """A sentence about the names that are no parameters of a verb; None where there are none."""
    known = list(verb.argument_spec)
    for entry in verb.argument_spec.values():
        known += entry.get("aliases", ())
    told = unknown_among(given, known)
    if not told:
        return None
    return f"Invalid input: everynode.kubernetes.{verb.name} has no parameter {told}."


def unknown_among(given: Iterable[object], known: Sequence[str]) -> str:
    """Those of the given names that are not known, with what may be meant; empty without any."""
    told = []
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            told.append(f"{name}" + (f" (did you mean {near[0]}?)" if near else ""))
    return ", ".join(told)


def doubts(given: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about what a module cannot see: what is empty is as good as nothing there."""
    config = given.get("dns_config")
    has_servers = isinstance(config, Mapping) and bool(config.get("nameservers"))
    if "dns_policy" in given and not given["dns_policy"] and has_servers:
        yield f"dns_policy: {LOST_POLICY}."
