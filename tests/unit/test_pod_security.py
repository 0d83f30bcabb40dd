# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Levels of pod security; that they are the server's is shown by the integration tests."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.build import build
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.choices import (
    POD_SECURITY_LEVELS,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.pod_security import (
    standing,
    violations,
)

from tests.cases.case import edited
from tests.cases.pod_security import restricted_manifest

_SAFE: dict[str, Any] = {
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "run_as_non_root": True,
    "seccomp_profile": {"type": "RuntimeDefault"},
}


def task(security: str | None, **container: Any) -> dict[str, Any]:
    return {
        "name": "agent",
        "containers": [{"name": "main", "image": "agent:1", **container}],
        "pod_security": security,
    }


def report(params: dict[str, Any]) -> dict[str, Any] | None:
    return build(params, context_namespace="default").pod_security


def refused(params: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InputError) as told:
        build(params, context_namespace="default")
    return {fault.path: fault.problem for fault in told.value.faults}


def test_no_report_unless_asked_for() -> None:
    assert report(task(None)) is None


def test_a_report_has_the_users_own_paths() -> None:
    params = task("report", security_context=_SAFE) | {
        "volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}],
        "definition": {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "spec": {"template": {"spec": {"hostPID": True}}},
        },
    }

    assert report(params) == {
        "level": "privileged",
        "violations": [
            {
                "level": "baseline",
                "control": "hostNamespaces",
                "path": "definition.spec.template.spec.hostPID",
                "problem": "is true",
            },
            {
                "level": "baseline",
                "control": "hostPathVolumes",
                "path": "volumes[0].hostPath",
                "problem": "is a path of the node",
            },
        ],
    }


def test_what_is_missing_has_a_path_too() -> None:
    found = report(task("report"))

    assert found is not None
    assert found["level"] == "baseline"
    assert {(one["level"], one["control"], one["path"]) for one in found["violations"]} == {
        (
            "restricted",
            "allowPrivilegeEscalation",
            "containers[0].security_context.allow_privilege_escalation",
        ),
        (
            "restricted",
            "capabilities_restricted",
            "containers[0].security_context.capabilities.drop",
        ),
        ("restricted", "runAsNonRoot", "containers[0].security_context.run_as_non_root"),
        (
            "restricted",
            "seccompProfile_restricted",
            "containers[0].security_context.seccomp_profile.type",
        ),
    }


@pytest.mark.parametrize("level", POD_SECURITY_LEVELS)
def test_pods_that_meet_every_level(level: str) -> None:
    found = report(task(level, security_context=_SAFE))

    assert found == {"level": "restricted", "violations": []}


def test_a_level_refuses_what_it_does_not_allow_together_with_other_faults() -> None:
    params = task("baseline", ports=[{"container_port": 80, "host_port": 80}, {"name": "x"}])

    faults = refused(params)

    assert faults["containers[0].ports[0].host_port"] == (
        "80 is a port of the node; pod_security baseline does not allow it (hostPorts)"
    )
    assert "containers[0].ports[1].container_port" in faults
    # What only the restricted level wants is no fault here.
    assert len(faults) == 2


def test_restricted_refuses_what_baseline_does_not_allow_too() -> None:
    params = task("restricted", security_context={**_SAFE, "run_as_user": 0})
    params["host_network"] = True

    assert set(refused(params)) == {"containers[0].security_context.run_as_user", "host_network"}


@pytest.mark.parametrize("level", ["report", "privileged"])
def test_privileged_refuses_nothing(level: str) -> None:
    found = report(task(level, security_context={"privileged": True}))

    assert found is not None
    assert found["level"] == "privileged"


def test_no_report_on_what_is_no_daemonset() -> None:
    faults = refused({"name": "agent", "definition": "kind: Pod", "pod_security": "restricted"})

    assert list(faults) == ["definition"]


def test_each_thing_is_told_once() -> None:
    manifest = edited(
        restricted_manifest(),
        {
            "P.volumes.0": {"name": "x", "hostPath": {"path": "/x"}},
            "C.securityContext.seccompProfile.type": "Unconfined",
            "C.securityContext.capabilities.add": ["NET_ADMIN"],
        },
    )

    found = standing(manifest).violations

    assert {one.control for one in found} == {
        "hostPathVolumes",
        "seccompProfile_baseline",
        "capabilities_baseline",
    }
    assert len(found) == 3


def test_an_unmasked_proc_without_own_users() -> None:
    """No server of today takes it, so that there is none to compare with."""
    manifest = edited(restricted_manifest(), {"C.securityContext.procMount": "Unmasked"})

    assert [one.control for one in violations(manifest, "baseline")] == ["procMount"]
    assert [one.control for one in violations(manifest, "restricted")] == ["procMount_restricted"]
