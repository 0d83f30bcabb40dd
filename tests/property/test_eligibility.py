# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever nodes and templates are like, we say of a node what the controller does with it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.eligibility import (
    name_of,
    why_not,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.pods import node_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.api import MERGE, Api, daemonsets, eventually
from tests.integration.manifests import simple
from tests.integration.verbs import Tasks

_NODES, _TEMPLATES = 12, 6
# About half a minute.
_EXAMPLES = 25
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_numbers = itertools.count(1)

_NAMES = st.sampled_from([f"node-{number}" for number in range(_NODES + 1)])
_KEYS = st.sampled_from(["disk", "cores", "example.test/pool"])
_VALUES = st.sampled_from(["", "ssd", "a", "4", "8", "16", "007", "9223372036854775808"])
_TAINT_KEYS = st.sampled_from(
    ["example.test/a", "example.test/b", "node.cloudprovider.kubernetes.io/uninitialized"]
)
_TAINT_VALUES = st.sampled_from(["", "x", "5"])
_EFFECTS = st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"])


def _unique(taint: dict[str, str]) -> tuple[str, str]:
    return taint["key"], taint["effect"]


_TAINT = st.fixed_dictionaries({"key": _TAINT_KEYS, "effect": _EFFECTS, "value": _TAINT_VALUES})
_NODE = st.fixed_dictionaries(
    {
        "labels": st.dictionaries(_KEYS, _VALUES),
        "taints": st.just([]) | st.lists(_TAINT, max_size=3, unique_by=_unique),
        "unschedulable": st.sampled_from([False, False, True]),
    }
)


def _requirement(operator: str) -> st.SearchStrategy[dict[str, Any]]:
    values: st.SearchStrategy[list[str]] = st.lists(_VALUES, min_size=1, max_size=3, unique=True)
    if operator in ("Gt", "Lt"):
        values = st.sampled_from([["4"], ["7"], ["10"], ["0"]])
    if operator in ("Exists", "DoesNotExist"):
        values = st.just([])
    return st.fixed_dictionaries({"key": _KEYS, "operator": st.just(operator), "values": values})


_REQUIREMENTS = st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]).flatmap(
    _requirement
)
_FIELDS = st.fixed_dictionaries(
    {
        "key": st.just("metadata.name"),
        "operator": st.sampled_from(["In", "NotIn"]),
        "values": _NAMES.map(lambda name: [name]),
    }
)
_TERM = st.fixed_dictionaries(
    {},
    optional={
        "matchExpressions": st.lists(_REQUIREMENTS, max_size=2),
        "matchFields": st.lists(_FIELDS, max_size=1),
    },
)
_AFFINITY = st.lists(_TERM, min_size=1, max_size=3).map(
    lambda terms: {"nodeAffinity": {_REQUIRED: {"nodeSelectorTerms": terms}}}
)


def _toleration(made: dict[str, str]) -> dict[str, str]:
    """One that the server accepts: with no key there is no value, and with Exists neither."""
    if not made.get("key"):
        made = {**made, "operator": "Exists"}
    if made.get("operator") == "Exists":
        made = {key: value for key, value in made.items() if key != "value"}
    return made


_TOLERATION = st.fixed_dictionaries(
    {},
    optional={
        "key": _TAINT_KEYS,
        "operator": st.sampled_from(["Equal", "Exists"]),
        "value": _TAINT_VALUES,
        "effect": _EFFECTS,
    },
).map(_toleration)
_SPEC = st.fixed_dictionaries(
    # Most are for more than a single node.
    {"nodeName": st.integers(0, 9).flatmap(lambda turn: st.just("") if turn else _NAMES)},
    optional={
        "nodeSelector": st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=2),
        "affinity": _AFFINITY,
        "tolerations": st.lists(_TOLERATION, max_size=3),
        "hostNetwork": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def many_nodes(api: Api) -> Iterator[None]:
    """More nodes than usual; the usual ones as they were in the end."""
    before = len(api.request("GET", "/api/v1/nodes")["items"])
    api.cluster.set_nodes(_NODES)
    yield
    for number in range(before):
        _change(api, f"node-{number}", {"labels": {}, "taints": [], "unschedulable": False})
    api.cluster.set_nodes(before)


def _change(api: Api, name: str, made: dict[str, Any]) -> None:
    keys = ("disk", "cores", "example.test/pool")
    labels = {key: made["labels"].get(key) for key in keys}
    spec = {"taints": made["taints"], "unschedulable": made["unschedulable"] or None}
    body = {"metadata": {"labels": labels}, "spec": spec}
    api.request("PATCH", f"/api/v1/nodes/{name}", body=body, kind=MERGE)


def _difference(api: Api, namespace: str, name: str) -> str:
    """What is not as we say it is; empty where all is."""
    live = api.daemonset(namespace, name)
    pods = {node_of(pod) for pod in api.pods(namespace, name)}
    nodes = api.request("GET", "/api/v1/nodes")["items"]
    found = {name_of(node): why_not(live, node) for node in nodes}
    eligible = {node for node, why in found.items() if why is None}
    staying = {node for node, why in found.items() if why is not None and not why.pods_end}
    status = live["status"]
    counted = (status.get("desiredNumberScheduled"), status.get("numberMisscheduled"))
    spec = live["spec"]["template"]["spec"]
    if not eligible <= pods or not pods <= eligible | staying:
        told = {node: why for node, why in found.items() if (node in pods) != (why is None)}
        return f"pods on {sorted(pods)}, but {told} of {spec}"
    if counted != (len(eligible), len(pods - eligible)):
        return f"the controller counts {counted}, we {len(eligible), len(pods - eligible)}: {spec}"
    return ""


def _look_again(api: Api, namespace: str, name: str) -> None:
    """The controller does not count again where a node with a pod gets a NoSchedule taint."""
    body = {"metadata": {"annotations": {"example.test/look": str(next(_numbers))}}}
    api.request("PATCH", f"{daemonsets(namespace)}/{name}", body=body, kind=MERGE)


def _agreed(api: Api, namespace: str, names: list[str]) -> None:
    """Nodes and DaemonSets change one by one: the controller agrees once it has seen all."""
    told = [""]

    def agrees() -> bool | None:
        for name in names:
            told[0] = _difference(api, namespace, name)
            if told[0]:
                _look_again(api, namespace, name)
                return None
        return True

    try:
        eventually(agrees, "the controller agrees", within=20, every=0.3)
    except AssertionError:
        pytest.fail(told[0])


@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # Making a failing case smaller would take minutes; what differs says enough.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(
    before=st.lists(_NODE, min_size=_NODES, max_size=_NODES),
    after=st.lists(_NODE, min_size=_NODES, max_size=_NODES),
    specs=st.lists(_SPEC, min_size=_TEMPLATES, max_size=_TEMPLATES),
)
@pytest.mark.usefixtures("many_nodes")
def test_the_controller_makes_pods_where_we_say(
    tasks: Tasks,
    counts: Counter[str],
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    specs: list[dict[str, Any]],
) -> None:
    api, namespace = tasks.api, tasks.namespace
    names = []
    for number, made in enumerate(before):
        _change(api, f"node-{number}", made)
    for spec in specs:
        names.append(f"d{next(_numbers)}")
        api.request("POST", daemonsets(namespace), body=simple(names[-1], **spec))
    _agreed(api, namespace, names)
    for number, made in enumerate(after):
        _change(api, f"node-{number}", made)
    _agreed(api, namespace, names)
    _are_explained(tasks, names, counts)
    for name in names:
        api.request("DELETE", f"{daemonsets(namespace)}/{name}")


def _are_explained(tasks: Tasks, names: list[str], counts: Counter[str]) -> None:
    """What the module says of the nodes without a pod: each of them has a reason, and is counted
    once.
    """
    for shown in tasks.info(include=["reasons"]).result["daemonsets"]:
        if shown["name"] not in names:
            continue
        pods = {node_of(pod) for pod in tasks.api.pods(tasks.namespace, shown["name"])}
        by_why: Counter[str] = Counter()
        for one in shown["nodes_without_pod"]:
            by_why[one["why"]] += one["count"]
        assert sum(by_why.values()) == _NODES - len(pods)
        assert "not_created" not in by_why
        counts.update(by_why)
        counts["nodes with a pod"] += len(pods)
