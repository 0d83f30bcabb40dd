# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API server has against a pod, told by namespaces in which it warns."""

from __future__ import annotations

import contextlib
import copy
import re
import uuid
from collections.abc import Iterator
from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.pod_security import (
    standing,
    violations,
)

from tests.integration.api import Api

LEVELS = ("baseline", "restricted")
# The server's words for each control; two controls of the restricted level share words with those
# that they take the place of.
_WORDS = {
    "allowPrivilegeEscalation != false": "allowPrivilegeEscalation",
    "forbidden AppArmor profile": "appArmorProfile",
    "forbidden AppArmor profiles": "appArmorProfile",
    "forbidden sysctls": "sysctls",
    "host namespaces": "hostNamespaces",
    "hostPath volumes": "hostPathVolumes",
    "hostPort": "hostPorts",
    "hostProcess": "windowsHostProcess",
    "non-default capabilities": "capabilities_baseline",
    "privileged": "privileged",
    "probe or lifecycle host": "hostProbesAndHostLifecycle",
    "procMount": "procMount",
    "restricted volume types": "restrictedVolumes",
    "runAsNonRoot != true": "runAsNonRoot",
    "runAsUser=0": "runAsUser",
    "seLinuxOptions": "seLinuxOptions",
    "seccompProfile": "seccompProfile_baseline",
    "unrestricted capabilities": "capabilities_restricted",
}
_AT_RESTRICTED = {
    "procMount": "procMount_restricted",
    "seccompProfile_baseline": "seccompProfile_restricted",
}


@contextlib.contextmanager
def watched_namespaces(api: Api) -> Iterator[dict[str, str]]:
    """A namespace for each level, by the level, in which the server warns of what is above it."""
    run = uuid.uuid4().hex[:8]
    names = {level: f"pod-security-{level}-{run}" for level in LEVELS}
    for level, name in names.items():
        api.add_namespace(name, labels={"pod-security.kubernetes.io/warn": level})
    yield names
    for name in names.values():
        api.remove_namespace(name)


def controls_of_server(api: Api, manifest: dict[str, Any], namespace: str, level: str) -> set[str]:
    """The controls that the server names in its warning."""
    sent = copy.deepcopy(manifest)
    sent["metadata"]["namespace"] = namespace
    warnings = api.warnings_of_apply(sent, "tests")
    start = f'would violate PodSecurity "{level}:latest": '
    told = [text.removeprefix(start) for text in warnings if text.startswith(start)]
    assert len(told) <= 1
    found = {_WORDS[word] for word in _reasons(told[0])} if told else set()
    if level == "restricted":
        found = {_AT_RESTRICTED.get(name, name) for name in found}
    return found


def _reasons(text: str) -> list[str]:
    """The words before each pair of brackets; within quotes and brackets there are commas, too."""
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    return re.sub(r" \([^()]*\)", "", plain).split(", ")


def assert_server_says_the_same(
    api: Api, watched: dict[str, str], manifest: dict[str, Any]
) -> None:
    """Make sure that both have the same controls against a DaemonSet's pods, at each level."""
    for level, namespace in watched.items():
        told = controls_of_server(api, manifest, namespace, level)
        assert {one.control for one in violations(manifest, level)} == told
    found = standing(manifest)
    levels = {violation.level for violation in found.violations}
    assert found.level == (
        "privileged" if "baseline" in levels else "baseline" if levels else "restricted"
    )
