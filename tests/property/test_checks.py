# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offline checks against a real API server, on manifests that nobody thought of.

Any field of a pod may get any value of its type. Whether the server takes the result must be what
the checks say.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.checks import (
    Finding,
    check_daemonset,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.schema import (
    FieldType,
    fields_of,
)
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.cases import good_manifest
from tests.cases.verdict import refusal
from tests.integration.api import Api

# Right in one place, wrong in most others.
_TEXTS = (
    *("", "a", "A", "a.b", "a b", "1", "x" * 64, "80", "v1", "app", "agent", "main", "metrics"),
    *("/a", "/logs", "a/b", "../a", "..a", "logs", "cache", "data", "example.com/x", "a:1"),
    *("metadata.name", "spec.nodeName", "limits.cpu", "limits.memory", "requests.cpu"),
    *("Always", "Never", "OnFailure", "IfNotPresent", "File", "TCP", "UDP", "HTTP", "HTTPS"),
    *("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Equal", "NoExecute", "NoSchedule"),
    *("Localhost", "RuntimeDefault", "Unmasked", "Merge", "Recursive", "ClusterFirst", "Default"),
    *("Bidirectional", "None", "HostToContainer", "Enabled", "Disabled", "Honor", "Restart"),
    *("cpu", "memory", "NotRequired", "RestartContainer", "DoNotSchedule", "ScheduleAnyway"),
    *("Directory", "Socket", "Block", "ReadWriteOnce", "PersistentVolumeClaim", "windows", "linux"),
    *("https://x", "/subscriptions/x", "Managed", "iqn.2001-04.a:b", "10.0.0.1", "RollingUpdate"),
)
_INTEGERS = (-1, 0, 1, 2, 30, 80, 100, 101, 255, 256, 511, 512, 600, 9100, 65535, 65536, 2**31 - 1)
_QUANTITIES = ("0", "1", "-1", "100m", "1.5", "64Mi", "1e3", "x", "0.1m", "2Mi", "3Mi", 1, 0.5)
_INT_OR_STRINGS = (0, 1, 80, "metrics", "80", "50%", "0%", "101%", -1, 70000)
_KEYS = ("a", "app", "a b", "cpu", "memory", "nvidia.com/gpu", "hugepages-2Mi", "example.com/x")
# What the server leaves out where a feature is off, and what it sets itself.
_LEFT_OUT = frozenset(
    (
        *("ephemeralContainers", "schedulingGroup", "clusterTrustBundle", "podCertificate"),
        *("stopSignal", "managedFields", "creationTimestamp", "deletionTimestamp"),
        "ownerReferences",
    )
)


def values(kind: FieldType) -> st.SearchStrategy[Any]:
    """Values of a type, objects with a few of their fields."""
    scalars: dict[str, st.SearchStrategy[Any]] = {
        "string": st.sampled_from(_TEXTS),
        "integer": st.sampled_from(_INTEGERS),
        "boolean": st.booleans(),
        "quantity": st.sampled_from(_QUANTITIES),
        "int-or-string": st.sampled_from(_INT_OR_STRINGS),
        "any": st.just("x"),
    }
    if kind.kind in scalars:
        return scalars[kind.kind]
    element = kind.element
    if kind.kind == "list" and element:
        return st.lists(st.deferred(lambda: values(element)), max_size=2)
    if kind.kind == "map" and element:
        return st.dictionaries(st.sampled_from(_KEYS), values(element), max_size=2)
    return st.deferred(lambda: objects(str(kind.ref)))


@st.composite
def objects(draw: st.DrawFn, type_name: str) -> dict[str, Any]:
    fields = {key: kind for key, kind in fields_of(type_name).items() if key not in _LEFT_OUT}
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True))
    # Mostly with what is required, or little else would ever be looked at.
    if draw(st.integers(0, 9)):
        chosen += [key for key, kind in fields.items() if kind.required and key not in chosen]
    return {key: draw(values(fields[key])) for key in chosen}


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """The good manifest with one or two fields set to something else."""
    manifest = good_manifest()
    pod = manifest["spec"]["template"]["spec"]
    places = {
        "PodSpec": (pod, {"containers"}),
        "Container": (pod["containers"][0], {"name"}),
        "DaemonSetSpec": (manifest["spec"], {"template"}),
    }
    for _ in range(draw(st.integers(1, 2))):
        type_name = draw(st.sampled_from(("Volume", "Container", "PodSpec", "DaemonSetSpec")))
        fields = fields_of(type_name)
        target, fixed = places.get(type_name, ({"name": "x"}, {"name"}))
        key = draw(st.sampled_from(sorted(fields.keys() - _LEFT_OUT - fixed)))
        target[key] = draw(values(fields[key]))
        if type_name == "Volume":
            pod["volumes"] = [*(pod.get("volumes") or []), target]
    return manifest


@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(manifest=manifests())
def test_the_server_says_the_same(api: Api, manifest: dict[str, Any]) -> None:
    findings = [one for one in check_daemonset(manifest) if not _is_stricter(one)]
    refused = refusal(api, manifest)
    note(f"server: {refused or 'takes it'}")
    note(f"checks: {findings}")

    faults = [one for one in findings if not one.warning]
    # What only some servers take is a warning.
    if refused and any("feature" in one.problem for one in findings):
        return
    assert bool(faults) is bool(refused)


def _is_stricter(finding: Finding) -> bool:
    """Whether it is the project's own rule on ports, which no server has."""
    return "share its ports" in finding.problem
