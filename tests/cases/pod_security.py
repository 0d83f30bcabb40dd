# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits of a pod that meets the strictest level: those that break a control, and harmless ones."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from .case import Manifest, edited, full_path

_SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_MANIFEST: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "agent"},
    "spec": {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": {
            "metadata": {"labels": {"app": "agent"}, "annotations": {}},
            "spec": {
                "securityContext": {},
                "volumes": [{"name": "first", "emptyDir": {}}],
                "initContainers": [
                    {"name": "prepare", "image": "a:1", "securityContext": copy.deepcopy(_SAFE)}
                ],
                "containers": [
                    {"name": "main", "image": "a:1", "securityContext": copy.deepcopy(_SAFE)}
                ],
            },
        },
    },
}


def restricted_manifest() -> Manifest:
    """A DaemonSet whose pods meet the strictest level."""
    return copy.deepcopy(_MANIFEST)


@dataclass(frozen=True)
class SecurityCase:
    """Edits of the restricted manifest.

    Attributes:
        edits: values by their dotted paths, as in `Case`.
        controls: the controls that they break.
        at: where the violation is; the first edit, where it is empty.
    """

    edits: dict[str, Any]
    controls: frozenset[str] = frozenset()
    at: str = ""

    @property
    def name(self) -> str:
        """A name for the test's report."""
        return f"{' '.join(sorted(self.controls))} {self.edits}"[:110]

    @property
    def path(self) -> tuple[str | int, ...]:
        """The path of the violation, in full."""
        return full_path(self.at or next(iter(self.edits)))

    def manifest(self) -> Manifest:
        """The edited manifest."""
        return edited(restricted_manifest(), self.edits)


def _breaks(controls: str, edits: dict[str, Any], at: str = "") -> SecurityCase:
    return SecurityCase(edits, frozenset(controls.split()), at)


_C = "C.securityContext"
_I = "I.securityContext"
_P = "P.securityContext"
_CAPABILITIES = "capabilities_baseline capabilities_restricted"
_SECCOMP = "seccompProfile_baseline seccompProfile_restricted"
_ANNOTATION = "T.metadata.annotations.container/apparmor/security/beta/kubernetes/io|main"
_PATH = "hostPathVolumes restrictedVolumes"
_OWN_USERS = {"P.hostUsers": False}

BREACHES = [
    _breaks(
        "privileged allowPrivilegeEscalation",
        {f"{_C}.privileged": True, f"{_C}.allowPrivilegeEscalation": True},
    ),
    _breaks(
        "privileged allowPrivilegeEscalation",
        {f"{_I}.privileged": True, f"{_I}.allowPrivilegeEscalation": True},
    ),
    *(
        _breaks("hostNamespaces", {f"P.{name}": True})
        for name in ("hostNetwork", "hostPID", "hostIPC")
    ),
    _breaks(
        _PATH, {"P.volumes.0": {"name": "x", "hostPath": {"path": "/x"}}}, "P.volumes.0.hostPath"
    ),
    _breaks("hostPorts", {"C.ports": [{"containerPort": 1, "hostPort": 2}]}, "C.ports.0.hostPort"),
    *(
        _breaks(
            "hostProbesAndHostLifecycle",
            {where: {handler: {"port": 1, "host": "a"}}},
            f"{where}.{handler}.host",
        )
        for where in ("C.livenessProbe", "C.readinessProbe", "C.startupProbe")
        for handler in ("httpGet", "tcpSocket")
    ),
    *(
        _breaks(
            "hostProbesAndHostLifecycle",
            {"C.lifecycle": {hook: {"httpGet": {"port": 1, "host": "a"}}}},
            f"C.lifecycle.{hook}.httpGet.host",
        )
        for hook in ("postStart", "preStop")
    ),
    *(
        _breaks(
            "appArmorProfile",
            {f"{where}.appArmorProfile": {"type": "Unconfined"}},
            f"{where}.appArmorProfile.type",
        )
        for where in (_C, _I, _P)
    ),
    _breaks("appArmorProfile", {_ANNOTATION: "unconfined"}),
    *(
        _breaks(
            "seLinuxOptions",
            {f"{where}.seLinuxOptions": {name: "spc_t"}},
            f"{where}.seLinuxOptions.{name}",
        )
        for where in (_C, _I, _P)
        for name in ("type", "user", "role")
    ),
    _breaks(
        "procMount_restricted",
        {**_OWN_USERS, f"{_C}.procMount": "Unmasked"},
        f"{_C}.procMount",
    ),
    *(
        _breaks(
            _SECCOMP,
            {f"{where}.seccompProfile": {"type": "Unconfined"}},
            f"{where}.seccompProfile.type",
        )
        for where in (_C, _I, _P)
    ),
    _breaks(
        "seccompProfile_restricted", {f"{_C}.seccompProfile": None}, f"{_C}.seccompProfile.type"
    ),
    _breaks(
        _CAPABILITIES,
        {f"{_C}.capabilities.add": ["CHOWN", "NET_ADMIN"]},
        f"{_C}.capabilities.add.1",
    ),
    _breaks(_CAPABILITIES, {f"{_I}.capabilities.add": ["NET_RAW"]}, f"{_I}.capabilities.add.0"),
    _breaks(
        "capabilities_restricted", {f"{_C}.capabilities.add": ["CHOWN"]}, f"{_C}.capabilities.add.0"
    ),
    _breaks("capabilities_restricted", {f"{_C}.capabilities.drop": ["NET_RAW"]}),
    _breaks("capabilities_restricted", {f"{_C}.capabilities.drop": ["all"]}),
    _breaks("capabilities_restricted", {f"{_C}.capabilities": None}, f"{_C}.capabilities.drop"),
    _breaks(
        "sysctls",
        {f"{_P}.sysctls": [{"name": "net.core.somaxconn", "value": "1"}]},
        f"{_P}.sysctls.0.name",
    ),
    _breaks(
        "sysctls",
        {f"{_P}.sysctls": [{"name": "net/ipv4/tcp_rmem", "value": "1"}]},
        f"{_P}.sysctls.0.name",
    ),
    _breaks(
        "windowsHostProcess hostNamespaces",
        {f"{_P}.windowsOptions": {"hostProcess": True}, "P.hostNetwork": True},
        f"{_P}.windowsOptions.hostProcess",
    ),
    _breaks("allowPrivilegeEscalation", {f"{_C}.allowPrivilegeEscalation": True}),
    _breaks("allowPrivilegeEscalation", {f"{_I}.allowPrivilegeEscalation": None}),
    _breaks("runAsNonRoot", {f"{_C}.runAsNonRoot": False}),
    _breaks("runAsNonRoot", {f"{_C}.runAsNonRoot": None}),
    _breaks("runAsNonRoot", {f"{_P}.runAsNonRoot": False}),
    _breaks("runAsUser", {f"{_C}.runAsUser": 0}),
    _breaks("runAsUser", {f"{_P}.runAsUser": 0}),
    *(
        _breaks(
            "restrictedVolumes", {"P.volumes.0": {"name": "x", name: source}}, f"P.volumes.0.{name}"
        )
        for name, source in {
            "nfs": {"server": "a", "path": "/a"},
            "awsElasticBlockStore": {"volumeID": "a"},
            "iscsi": {"targetPortal": "a:1", "iqn": "iqn.2001-04.a:b", "lun": 0},
            "flexVolume": {"driver": "a/b"},
            "cephfs": {"monitors": ["a"]},
        }.items()
    ),
]

_HARMLESS: list[dict[str, Any]] = [
    {"C.ports": [{"containerPort": 1}]},
    {"C.ports": [{"containerPort": 1, "hostPort": 0}]},
    {"C.livenessProbe": {"httpGet": {"port": 1, "host": ""}}},
    {_ANNOTATION: "localhost/x"},
    {_ANNOTATION: "runtime/default"},
    {f"{_C}.appArmorProfile": {"type": "RuntimeDefault"}},
    {f"{_C}.seLinuxOptions": {"type": "container_engine_t", "level": "s0"}},
    {f"{_P}.seLinuxOptions": {}},
    {f"{_C}.procMount": "Default"},
    {f"{_C}.seccompProfile": {"type": "Localhost", "localhostProfile": "a"}},
    {
        f"{_C}.seccompProfile": None,
        f"{_P}.seccompProfile": {"type": "RuntimeDefault"},
        f"{_I}.seccompProfile": None,
    },
    {f"{_C}.capabilities.add": ["NET_BIND_SERVICE"]},
    {f"{_C}.runAsNonRoot": None, f"{_P}.runAsNonRoot": True},
    {**_OWN_USERS, f"{_C}.runAsUser": 0, f"{_C}.runAsNonRoot": False},
    {**_OWN_USERS, f"{_C}.runAsNonRoot": None, f"{_P}.runAsUser": 0},
    {
        f"{_P}.sysctls": [
            {"name": "net.ipv4.tcp_wmem", "value": "1"},
            {"name": "kernel.shm_rmid_forced", "value": "1"},
        ]
    },
    {"P.volumes.0": {"name": "nothing"}},
    *(
        {"P.volumes.0": {"name": "x", **source}}
        for source in (
            {"configMap": {"name": "a"}},
            {"secret": {"secretName": "a"}},
            {"projected": {"sources": [{"serviceAccountToken": {"path": "a"}}]}},
            {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            {"persistentVolumeClaim": {"claimName": "a"}},
            {"csi": {"driver": "a"}},
            {"image": {"reference": "a:1"}},
        )
    ),
    {
        "P.os": {"name": "windows"},
        "C.securityContext": {"runAsNonRoot": True},
        "I.securityContext": {"runAsNonRoot": True},
    },
]
HARMLESS = [SecurityCase(edits) for edits in _HARMLESS]
