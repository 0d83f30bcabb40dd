# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security contexts and the annotations that came before them."""

from __future__ import annotations

from typing import Any

from .case import Case, fault, fine, newer, warned

_SECCOMP_POD = "T.metadata.annotations.seccomp/security/alpha/kubernetes/io|pod"
_APPARMOR = "T.metadata.annotations.container/apparmor/security/beta/kubernetes/io|main"
_TOLERATIONS = "T.metadata.annotations.scheduler/alpha/kubernetes/io|tolerations"
_COST = "T.metadata.annotations.controller/kubernetes/io|pod-deletion-cost"


def _own(**context: Any) -> dict[str, Any]:
    return {"C.securityContext": context}


def _shared(**context: Any) -> dict[str, Any]:
    return {"P.securityContext": context}


_C = "C.securityContext"
_P = "P.securityContext"

_CONTAINERS = [
    fine(_own()),
    fine(_own(privileged=True)),
    fine(
        _own(allowPrivilegeEscalation=False, capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})
    ),
    fault(
        _own(privileged=True, allowPrivilegeEscalation=False),
        at=f"{_C}.allowPrivilegeEscalation",
        says="privileged",
    ),
    fault(
        _own(allowPrivilegeEscalation=False, capabilities={"add": ["CAP_SYS_ADMIN"]}),
        at=f"{_C}.allowPrivilegeEscalation",
        says="CAP_SYS_ADMIN",
    ),
    fine(_own(runAsUser=0, runAsGroup=2**31 - 1)),
    fault(_own(runAsUser=-1), at=f"{_C}.runAsUser", says="from 0"),
    fault(_own(runAsUser=2**31), at=f"{_C}.runAsUser", says="2147483647"),
    fault(_own(runAsGroup=-1), at=f"{_C}.runAsGroup"),
    warned(_own(runAsUser=0, runAsNonRoot=True), at=f"{_C}.runAsNonRoot", says="never start"),
    warned(
        {**_own(runAsUser=0), **_shared(runAsNonRoot=True)},
        at=_C,
        says="runAsNonRoot with the user 0",
    ),
    fine({**_own(runAsUser=5), **_shared(runAsUser=0, runAsNonRoot=True)}),
    fine(_own(procMount="Default")),
    fine({**_own(procMount="Unmasked"), "P.hostUsers": False}),
    fault(_own(procMount="Unmasked"), at=f"{_C}.procMount", says="hostUsers: false"),
    fault(_own(procMount="unmasked"), at=f"{_C}.procMount", says='"Unmasked"'),
    fine(_own(seccompProfile={"type": "Localhost", "localhostProfile": "a/b"})),
    fine(_own(seccompProfile={"type": "RuntimeDefault"})),
    fault(_own(seccompProfile={}), at=f"{_C}.seccompProfile.type", says="missing"),
    fault(_own(seccompProfile={"type": "Runtime"}), at=f"{_C}.seccompProfile.type", says="Unconf"),
    fault(_own(seccompProfile={"type": "Localhost"}), at=f"{_C}.seccompProfile.localhostProfile"),
    fault(
        _own(seccompProfile={"type": "Localhost", "localhostProfile": "/a"}),
        at=f"{_C}.seccompProfile.localhostProfile",
        says="relative",
    ),
    fault(
        _own(seccompProfile={"type": "Unconfined", "localhostProfile": "a"}),
        at=f"{_C}.seccompProfile.localhostProfile",
        says='"Localhost"',
    ),
    fine(_own(appArmorProfile={"type": "Localhost", "localhostProfile": "k8s-x"})),
    fault(
        _own(appArmorProfile={"type": "Localhost", "localhostProfile": " x"}),
        at=f"{_C}.appArmorProfile.localhostProfile",
        says="white space",
    ),
    fault(
        _own(appArmorProfile={"type": "Localhost", "localhostProfile": ""}),
        at=f"{_C}.appArmorProfile.localhostProfile",
    ),
    fault(_own(appArmorProfile={"type": "x"}), at=f"{_C}.appArmorProfile.type"),
]

_PODS = [
    fine(_shared(runAsUser=0, fsGroup=0, supplementalGroups=[1], fsGroupChangePolicy="Always")),
    fault(_shared(fsGroup=-1), at=f"{_P}.fsGroup"),
    fault(_shared(supplementalGroups=[1, -1]), at=f"{_P}.supplementalGroups.1", says="from 0"),
    fault(_shared(fsGroupChangePolicy="always"), at=f"{_P}.fsGroupChangePolicy", says='"Always"'),
    fault(_shared(supplementalGroupsPolicy="x"), at=f"{_P}.supplementalGroupsPolicy"),
    fault(_shared(seLinuxChangePolicy="x"), at=f"{_P}.seLinuxChangePolicy"),
    fine(_shared(sysctls=[{"name": "net.core.somaxconn", "value": "1"}])),
    fine(_shared(sysctls=[{"name": "net/ipv4/conf/eno2.100/rp_filter", "value": "1"}])),
    fault(_shared(sysctls=[{"name": "A", "value": "1"}]), at=f"{_P}.sysctls.0.name", says="kernel"),
    fault(_shared(sysctls=[{"value": "1"}]), at=f"{_P}.sysctls.0.name", says="missing"),
    fault(
        _shared(sysctls=[{"name": "a.b", "value": "1"}] * 2),
        at=f"{_P}.sysctls.1.name",
        says="twice",
    ),
    fault(
        {**_shared(sysctls=[{"name": "net.a", "value": "1"}]), "P.hostNetwork": True},
        at=f"{_P}.sysctls.0.name",
        says="hostNetwork",
    ),
    fault(
        {**_shared(sysctls=[{"name": "net/a", "value": "1"}]), "P.hostNetwork": True},
        at=f"{_P}.sysctls.0.name",
    ),
    fault(
        {**_shared(sysctls=[{"name": "kernel.msgmax", "value": "1"}]), "P.hostIPC": True},
        at=f"{_P}.sysctls.0.name",
        says="hostIPC",
    ),
    fine({**_shared(sysctls=[{"name": "kernel.msgmax", "value": "1"}]), "P.hostNetwork": True}),
    fine({"P.shareProcessNamespace": True}),
    fault({"P.shareProcessNamespace": True, "P.hostPID": True}, says="exclude"),
    fine({"P.hostPID": True, "P.hostIPC": True}),
    fault({"P.hostPID": True, "P.hostUsers": False}, says="hostUsers"),
    fault({"P.hostIPC": True, "P.hostUsers": False}, says="hostUsers"),
    newer({"P.hostNetwork": True, "P.hostUsers": False}, says="feature"),
    fault(
        {"C.volumeDevices": [{"name": "data", "devicePath": "/x"}], "P.hostUsers": False},
        says="hostUsers",
    ),
]

_ANNOTATIONS = [
    fine(_SECCOMP_POD, "runtime/default"),
    fine(_SECCOMP_POD, "localhost/a/b"),
    fault(_SECCOMP_POD, "localhost//a", says="relative"),
    fault(_SECCOMP_POD, "x", says="runtime/default"),
    fault(
        {_SECCOMP_POD: "unconfined", **_shared(seccompProfile={"type": "RuntimeDefault"})},
        says="take it out",
    ),
    fine({_SECCOMP_POD: "docker/default", **_shared(seccompProfile={"type": "RuntimeDefault"})}),
    fine(_APPARMOR, "unconfined"),
    fine(_APPARMOR, "localhost/x"),
    fault(_APPARMOR, "x", says="localhost/NAME"),
    fault(f"{_APPARMOR}x", "unconfined", says='no container "mainx"'),
    fault(
        {_APPARMOR: "unconfined", **_own(appArmorProfile={"type": "RuntimeDefault"})},
        says="take it out",
    ),
    fault(
        {_APPARMOR: "unconfined", **_shared(appArmorProfile={"type": "RuntimeDefault"})},
        says="take it out",
    ),
    fine({_APPARMOR: "runtime/default", **_shared(appArmorProfile={"type": "RuntimeDefault"})}),
    fine(_TOLERATIONS, '[{"key": "CriticalAddonsOnly", "operator": "Exists"}]'),
    fine(_TOLERATIONS, ""),
    fault(_TOLERATIONS, "x", says="JSON"),
    fault(_TOLERATIONS, '[{"operator": "Equal"}]', says="key is missing"),
    fine(_COST, "-5"),
    fault(_COST, "05", says="integer"),
    fault(_COST, "4294967296", says="integer"),
    fault("T.metadata.annotations.kubernetes/io|config/mirror", "x", says="static pods"),
]

SECURITY: list[Case] = [*_CONTAINERS, *_PODS, *_ANNOTATIONS]
