# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent may ask the API server: by a role's objects, and by the table of the published.

Rights are facts like those of facts.py: `right in the cluster to pods` is `get, list`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .facts import Facts
from .fleet import Agent, Object

_KINDS = {"ClusterRole": "cluster", "Role": "namespace"}


def of_agent(agent: Agent) -> Facts:
    """The rights of an agent's account, and whether its pods have the token for them."""
    pod = agent.daemonset["spec"]["template"]["spec"]
    found: dict[str, set[str]] = {}
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in agent.rights}
    for binding in agent.rights:
        if "roleRef" not in binding:
            continue
        role = binding["roleRef"]
        own = by_name.get((role["kind"], role["name"]))
        if own is None:
            found[f"right of {role['kind']} {role['name']}"] = {"bound"}
            continue
        for what, verbs in _of_role(own):
            found.setdefault(what, set()).update(verbs)
    facts = {what: ", ".join(sorted(verbs)) for what, verbs in found.items()}
    if _has_token(pod, agent.rights):
        facts["token for the API"] = "yes"
    return facts


def of_published(rights: Mapping[str, Any], pod: Mapping[str, Any]) -> Facts:
    """The rights that the table names, of pods with this spec."""
    found = {f"right of ClusterRole {name}": "bound" for name in rights.get("bound", [])}
    for place in ("cluster", "namespace"):
        for what, verbs in rights.get(place, {}).items():
            found[_named(place, what)] = ", ".join(sorted(verbs))
    if pod.get("automountServiceAccountToken", True):
        found["token for the API"] = "yes"
    return found


def _has_token(pod: Mapping[str, Any], rights: list[Object]) -> bool:
    if "automountServiceAccountToken" in pod:
        return bool(pod["automountServiceAccountToken"])
    accounts = [one for one in rights if one["kind"] == "ServiceAccount"]
    return all(account.get("automountServiceAccountToken", True) for account in accounts)


def _of_role(role: Object) -> Iterator[tuple[str, list[str]]]:
    place = _KINDS[role["kind"]]
    for rule in role["rules"]:
        for url in rule.get("nonResourceURLs", []):
            yield _named(place, url), rule["verbs"]
        for group in rule.get("apiGroups", []):
            for resource in rule.get("resources", []):
                full = f"{group}/{resource}" if group else resource
                for name in rule.get("resourceNames", [""]):
                    yield _named(place, f"{full} {name}".strip()), rule["verbs"]


def _named(place: str, what: str) -> str:
    return f"right in the {place} to {what}"
