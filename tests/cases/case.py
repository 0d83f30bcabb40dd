# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the offline checks are tried on: edits of one good manifest, each with its verdict.

The unit tests compare the verdict with the checks, the integration tests with a real API server.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]

_SHORT = {
    "M": "metadata",
    "S": "spec",
    "T": "spec.template",
    "P": "spec.template.spec",
    "C": "spec.template.spec.containers.0",
    "I": "spec.template.spec.initContainers.0",
    "V": "spec.template.spec.volumes.0",
}
REMOVED = object()


@dataclass(frozen=True)
class Case:
    """Edits of the good manifest, and what is to be said about the result.

    Attributes:
        edits: values by their dotted paths; the first part may be one of the letters above.
        at: where the fault or warning stands; empty where there is none.
        says: words that the message must have.
        verdict: ``fault``, ``warning`` or ``fine``.
        server: what the newest server does, where it does not follow from the verdict.
    """

    edits: dict[str, Any]
    at: str
    says: str
    verdict: str
    server: str = ""

    @property
    def name(self) -> str:
        """A name for the test's report."""
        (where, value), *_ = self.edits.items()
        shown = "removed" if value is REMOVED else repr(value)
        return f"{self.verdict} {where}={shown[:60]}"

    @property
    def path(self) -> tuple[str | int, ...]:
        """The path of the finding, in full."""
        return full_path(self.at)

    @property
    def server_accepts(self) -> bool:
        """Whether the newest server takes the edited manifest."""
        return (self.server or ("refuses" if self.verdict == "fault" else "accepts")) == "accepts"

    def manifest(self) -> Manifest:
        """The edited manifest."""
        return edited(good_manifest(), self.edits)


def good_manifest() -> Manifest:
    """A DaemonSet that uses most of what is common, and has nothing wrong."""
    return copy.deepcopy(_GOOD)


def edited(manifest: Manifest, edits: dict[str, Any]) -> Manifest:
    """Set values by their dotted paths in a manifest, which is changed and returned."""
    for where, value in edits.items():
        _set(manifest, full_path(where), value)
    return manifest


def full_path(where: str) -> tuple[str | int, ...]:
    """Split a dotted path; ``/`` stands for a dot within a key."""
    head, _, rest = where.partition(".")
    dotted = ".".join(part for part in (_SHORT.get(head, head), rest) if part)
    parts = (part.replace("/", ".").replace("|", "/") for part in dotted.split(".") if part)
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _set(manifest: Manifest, path: tuple[str | int, ...], value: Any) -> None:
    target: Any = manifest
    for key in path[:-1]:
        target = target.setdefault(key, {}) if isinstance(target, dict) else target[key]
    last = path[-1]
    if value is REMOVED:
        del target[last]
    elif isinstance(target, list) and last == len(target):
        target.append(value)
    else:
        target[last] = value


def fault(where: str | dict[str, Any], value: Any = None, at: str = "", says: str = "") -> Case:
    """An edit that the server refuses."""
    edits = _edits(where, value)
    return Case(edits, at or next(iter(edits)), says, "fault")


def stricter(where: str | dict[str, Any], value: Any = None, at: str = "", says: str = "") -> Case:
    """An edit that the server takes and the collection does not: one of its two own rules."""
    edits = _edits(where, value)
    return Case(edits, at or next(iter(edits)), says, "fault", "accepts")


def warned(where: str | dict[str, Any], value: Any = None, at: str = "", says: str = "") -> Case:
    """An edit that the server takes and that will surprise."""
    edits = _edits(where, value)
    return Case(edits, at or next(iter(edits)), says, "warning")


def newer(where: str | dict[str, Any], value: Any = None, at: str = "", says: str = "") -> Case:
    """An edit that only some servers take, not the newest one as it comes."""
    edits = _edits(where, value)
    return Case(edits, at or next(iter(edits)), says, "warning", "refuses")


def fine(where: str | dict[str, Any], value: Any = None) -> Case:
    """An edit that the server takes, and there is nothing to say."""
    return Case(_edits(where, value), "", "", "fine")


def _edits(where: str | dict[str, Any], value: Any) -> dict[str, Any]:
    return where if isinstance(where, dict) else {where: value}


_GOOD: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "agent", "labels": {"app": "agent"}, "annotations": {"a.example/x": "1"}},
    "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {
            "metadata": {"labels": {"app": "agent"}, "annotations": {}},
            "spec": {
                "volumes": [
                    {"name": "logs", "hostPath": {"path": "/var/log/", "type": "Directory"}},
                    {"name": "config", "configMap": {"name": "agent", "defaultMode": 0o644}},
                    {"name": "cache", "emptyDir": {}},
                    {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
                ],
                "initContainers": [{"name": "prepare", "image": "busybox:1"}],
                "containers": [
                    {
                        "name": "main",
                        "image": "registry.example:5000/agent/main:1.2@sha256:" + "a" * 64,
                        "ports": [{"containerPort": 9100, "name": "metrics", "hostPort": 9100}],
                        "env": [
                            {"name": "LEVEL", "value": "info"},
                            {
                                "name": "NODE",
                                "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}},
                            },
                        ],
                        "volumeMounts": [{"name": "logs", "mountPath": "/logs", "readOnly": True}],
                        "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": 1}},
                    },
                    {"name": "side", "image": "side:1"},
                ],
                "tolerations": [{"operator": "Exists"}],
            },
        },
    },
}
