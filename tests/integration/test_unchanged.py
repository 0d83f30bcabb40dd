# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing to do costs one request and says so, however it is written and whatever others did."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import yaml

from tests.integration.api import MERGE, Api, daemonsets, eventually, uids
from tests.integration.manifests import NOWHERE, at, desired, full, simple
from tests.integration.verbs import Tasks

_AGENT = {"name": "agent", "image": "example.test/agent:1"}
Parameters = dict[str, Any]
Pair = tuple[Parameters, Parameters]


def _agent(**fields: Any) -> Parameters:
    return {"containers": [{**_AGENT, **fields}]}


def _volume(**source: Any) -> Parameters:
    return {**_agent(), "volumes": [{"name": "data", **source}]}


def _resources(**amounts: Any) -> Parameters:
    return _agent(resources={"requests": amounts})


def _strategy(**numbers: Any) -> Parameters:
    return {**_agent(), "update_strategy": {"type": "RollingUpdate", "rolling_update": numbers}}


def _pair(both: Iterable[Parameters]) -> Pair:
    first, second = both
    return first, second


# The same, written in two ways: both must be unchanged after either.
_ALIKE: dict[str, Pair] = {
    "half a core": (_resources(cpu="500m"), _resources(cpu="0.5")),
    "half a core as a number": (_resources(cpu="500m"), _resources(cpu=0.5)),
    "a core as a number": (_resources(cpu="1000m"), _resources(cpu=1)),
    "a gibibyte": (_resources(memory="1Gi"), _resources(memory="1024Mi")),
    "a power of ten": (_resources(memory="1e3"), _resources(memory="1k")),
    "a count of devices": (
        _agent(resources={"limits": {"example.test/gpu": 1}}),
        _agent(resources={"limits": {"example.test/gpu": "1"}}),
    ),
    "size of an emptyDir": (
        _volume(empty_dir={"size_limit": "0.5Gi"}),
        _volume(emptyDir={"sizeLimit": "512Mi"}),
    ),
    "an int of an int-or-string": (
        _agent(liveness_probe={"tcp_socket": {"port": 80}}),
        _agent(liveness_probe={"tcp_socket": {"port": "80"}}),
    ),
    "maxUnavailable as a string": (_strategy(max_unavailable=2), _strategy(max_unavailable="2")),
    "an octal mode as YAML and as text": (
        _volume(config_map={"name": "c", "default_mode": yaml.safe_load("0644")}),
        _volume(config_map={"name": "c", "default_mode": "0644"}),
    ),
    "an octal mode and its decimal": (
        _volume(secret={"secret_name": "s", "default_mode": "0400"}),
        _volume(secret={"secretName": "s", "defaultMode": 256}),
    ),
    "both spellings": (
        {**_agent(imagePullPolicy="Always"), "host_network": True},
        {**_agent(image_pull_policy="Always"), "host_network": "yes"},
    ),
    "numbers as text": (
        {**_agent(ports=[{"container_port": 80}]), "min_ready_seconds": 3},
        {**_agent(ports=[{"container_port": "80"}]), "min_ready_seconds": "3"},
    ),
    "order of volumes": (
        {**_agent(), "volumes": [{"name": n, "empty_dir": {}} for n in "abc"]},
        {**_agent(), "volumes": [{"name": n, "empty_dir": {}} for n in "cab"]},
    ),
    "order of mounts": _pair(
        {
            **_volume(empty_dir={}),
            **_agent(volume_mounts=[{"name": "data", "mount_path": path} for path in order]),
        }
        for order in (("/a", "/b", "/c"), ("/c", "/a", "/b"))
    ),
    "order of ports": _pair(
        _agent(ports=[{"container_port": 53, "protocol": p} for p in order])
        for order in (("TCP", "UDP", "SCTP"), ("SCTP", "UDP", "TCP"))
    ),
    "order of tolerations": _pair(
        {**_agent(), "tolerations": [{"key": key, "operator": "Exists"} for key in order]}
        for order in ("abc", "bca")
    ),
    # Each of them says what another one says, and less.
    "order of tolerations alike": _pair(
        {**_agent(), "tolerations": list(order)}
        for order in itertools.islice(
            itertools.permutations(
                [
                    {"operator": "Exists"},
                    {"operator": "Exists", "effect": "NoSchedule"},
                    {"operator": "Exists", "effect": "NoSchedule", "key": "a"},
                ]
            ),
            4,
            6,
        )
    ),
    "order of pull secrets": _pair(
        {**_agent(), "image_pull_secrets": [{"name": name} for name in order]}
        for order in ("abc", "bca")
    ),
    "order of env without references": _pair(
        _agent(env=[{"name": name, "value": "1"} for name in order]) for order in ("ABC", "CAB")
    ),
    "order of capabilities": _pair(
        _agent(security_context={"capabilities": {"add": list(order)}})
        for order in (("NET_ADMIN", "SYS_TIME"), ("SYS_TIME", "NET_ADMIN"))
    ),
}


@pytest.mark.parametrize("case", _ALIKE)
def test_the_same_in_other_words_is_unchanged(tasks: Tasks, case: str) -> None:
    first, second = _ALIKE[case]
    for name, order in (("one", (first, second)), ("two", (second, first))):
        given = {"name": name, "node_selector": NOWHERE}
        assert tasks.ok(**given, **order[0]).changed
        tasks.same(**given, **order[0])
        tasks.same(**given, **order[1])
        tasks.same(check=True, diff=True, **given, **order[1])


# What says nothing new beside the rest; the second task may come to own it, the third may not.
_SPELLED_OUT: dict[str, Parameters] = {
    "defaults of a container": _agent(
        termination_message_path="/dev/termination-log",
        termination_message_policy="File",
        image_pull_policy="IfNotPresent",
        resources={},
        ports=[{"container_port": 80, "protocol": "TCP"}],
    ),
    "defaults of the pod": {
        **_agent(),
        "dns_policy": "ClusterFirst",
        "scheduler_name": "default-scheduler",
        "termination_grace_period_seconds": 30,
        "host_network": False,
        "host_pid": False,
        "pod_security_context": {},
    },
    "defaults of the DaemonSet": {
        **_agent(),
        "revision_history_limit": 10,
        "min_ready_seconds": 0,
        "update_strategy": {
            "type": "RollingUpdate",
            "rolling_update": {"max_unavailable": 1, "max_surge": 0},
        },
    },
    "defaults of a probe": _agent(
        liveness_probe={
            "http_get": {"path": "/", "port": 80, "scheme": "HTTP"},
            "initial_delay_seconds": 0,
            "timeout_seconds": 1,
            "period_seconds": 10,
            "success_threshold": 1,
            "failure_threshold": 3,
        }
    ),
    "defaults of volumes": {
        **_agent(),
        "volumes": [
            {"name": "a", "host_path": {"path": "/a", "type": ""}},
            {"name": "b", "config_map": {"name": "b", "default_mode": 420}},
            {"name": "c", "empty_dir": {"medium": ""}},
            {"name": "d", "empty_dir": {}},
        ],
    },
    "defaults within atomic values": _agent(
        env=[
            {
                "name": "NODE",
                "value_from": {"field_ref": {"api_version": "v1", "field_path": "spec.nodeName"}},
            },
            {"name": "CPU", "value_from": {"resource_field_ref": {"resource": "limits.cpu"}}},
        ]
    ),
    "an empty value": _agent(env=[{"name": "EMPTY", "value": ""}, {"name": "BARE"}]),
    "nulls": {
        **_agent(env=None, ports=None, resources=None, readiness_probe=None),
        "volumes": None,
        "node_selector": None,
        "affinity": None,
        "labels": None,
        "annotations": {"note": None},
        "priority_class_name": None,
    },
    "empty lists and objects": {
        **_agent(env=[], ports=[], volume_mounts=[], security_context={}),
        "volumes": [],
        "tolerations": [],
        "node_selector": {},
        "labels": {},
        "annotations": {},
    },
    "mirrored names": {**_agent(), "service_account_name": "agent"},
    "an API object reference in full": {
        **_agent(),
        "affinity": {
            "node_affinity": {
                "required_during_scheduling_ignored_during_execution": {
                    "node_selector_terms": [
                        {"match_expressions": [{"key": "x", "operator": "Exists"}]}
                    ]
                }
            }
        },
    },
}


@pytest.mark.parametrize("case", _SPELLED_OUT)
def test_what_goes_without_saying_is_unchanged_the_second_time(tasks: Tasks, case: str) -> None:
    given = {"name": "agent", **_SPELLED_OUT[case]}
    assert tasks.ok(**given).changed
    tasks.same(**given)
    tasks.same(check=True, diff=True, **given)


# Each is stored as nothing, or as what is there anyway.
_NOTHING: dict[str, Any] = {
    **{key: {} for key in ("labels", "annotations", "pod_labels", "pod_annotations")},
    **{key: {} for key in ("node_selector", "pod_security_context", "update_strategy")},
    **{key: [] for key in ("tolerations", "volumes", "init_containers", "image_pull_secrets")},
    **{key: [] for key in ("host_aliases", "topology_spread_constraints")},
    **dict.fromkeys(("description", "priority_class_name"), ""),
    "min_ready_seconds": 0,
    "host_network": False,
}
_NOTHING_IN_A_CONTAINER: dict[str, Any] = {
    **{key: [] for key in ("command", "args", "env", "env_from", "ports", "volume_mounts")},
    "resources": {},
}


@pytest.mark.parametrize(
    "more",
    [
        *({**_agent(), name: value} for name, value in _NOTHING.items()),
        *(_agent(**{name: value}) for name, value in _NOTHING_IN_A_CONTAINER.items()),
    ],
    ids=[*_NOTHING, *_NOTHING_IN_A_CONTAINER],
)
def test_what_is_stored_as_nothing_is_unchanged_the_first_time(
    api: Api, tasks: Tasks, more: Parameters
) -> None:
    """So it is when it is given, and when it is left out again, whatever is ours then."""
    without: Parameters = {"name": "agent", **_agent()}
    given: Parameters = {"name": "agent", **more}
    tasks.ok(**without)
    before = desired(api.daemonset(tasks.namespace, "agent"))
    for wanted in (given, without):
        for check in (True, False):
            done = tasks.ok(check=check, diff=True, **wanted)
            assert not done.changed
            assert done.result["changes"] == []
        assert desired(api.daemonset(tasks.namespace, "agent")) == before
        tasks.same(**wanted)


def test_what_is_empty_and_stored_is_a_change(tasks: Tasks) -> None:
    """Also where it is left out again: the pods restart by it."""
    tasks.ok(name="agent", **_agent())
    for given in (_agent(security_context={}), _agent()):
        assert tasks.ok(name="agent", check=True, **given).changed
        assert tasks.ok(name="agent", **given).changed


def test_an_empty_list_in_the_place_of_anothers_is_no_secret(api: Api, tasks: Tasks) -> None:
    tasks.ok(name="agent", **_agent())
    theirs = {"spec": {"template": {"spec": {"tolerations": [{"operator": "Exists"}]}}}}
    path = f"{daemonsets(tasks.namespace)}/agent"
    api.request("PATCH", path, query={"fieldManager": "them"}, body=theirs, kind=MERGE)
    refused = tasks.fails(name="agent", **_agent(), tolerations=[])
    assert refused.result["error"]["kind"] == "conflict"
    assert tasks.ok(name="agent", **_agent(), tolerations=[], force_conflicts=True).changed


def test_saying_a_default_changes_no_pod(api: Api, tasks: Tasks) -> None:
    tasks.ok(name="agent", wait=True, **_agent())
    before = api.daemonset(tasks.namespace, "agent")
    tasks.ok(name="agent", wait=True, **_SPELLED_OUT["defaults of a container"])
    after = api.daemonset(tasks.namespace, "agent")
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    tasks.ok(name="agent", **_agent(), revision_history_limit=10)
    tasks.same(name="agent", **_agent(), revision_history_limit=10)


def test_fields_that_the_server_sets_are_left_out_of_a_pasted_object(
    api: Api, tasks: Tasks
) -> None:
    manifest = simple("agent", tasks.namespace)
    tasks.ok(definition=manifest, wait=True)
    live = api.settled(tasks.namespace, "agent")
    pasted = copy.deepcopy(manifest)
    for name in ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"):
        pasted["metadata"][name] = live["metadata"][name]
    pasted["metadata"]["selfLink"] = "/apis/apps/v1/daemonsets/agent"
    pasted["spec"]["template"]["metadata"]["creationTimestamp"] = None
    pasted["status"] = live["status"]
    tasks.same(definition=pasted)
    pasted["metadata"]["resourceVersion"] = "1"
    tasks.same(definition=yaml.safe_dump(pasted))


def test_a_whole_live_object_is_unchanged_the_second_time(api: Api, tasks: Tasks) -> None:
    tasks.ok(definition=full("agent", tasks.namespace), wait=True)
    live = api.settled(tasks.namespace, "agent")
    tasks.ok(definition=live)
    after = api.daemonset(tasks.namespace, "agent")
    assert desired(after) == desired(live)
    assert after["metadata"]["generation"] == live["metadata"]["generation"]
    tasks.same(definition=live)


# In each, order decides what runs or how.
_ORDERED: dict[str, Pair] = {
    "containers": _pair(
        {"containers": [{"name": n, "image": "example.test/x:1"} for n in order]}
        for order in ("ab", "ba")
    ),
    "init containers": _pair(
        {
            **_agent(),
            "init_containers": [{"name": n, "image": "example.test/x:1"} for n in order],
        }
        for order in ("ab", "ba")
    ),
    "env with references": _pair(
        _agent(env=order)
        for order in (
            [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}],
            [{"name": "B", "value": "$(A)"}, {"name": "A", "value": "1"}],
        )
    ),
    "args": (_agent(args=["a", "b"]), _agent(args=["b", "a"])),
    "command": (_agent(command=["a", "b"]), _agent(command=["b", "a"])),
}


@pytest.mark.parametrize("case", _ORDERED)
def test_a_reorder_that_means_something_is_a_change(api: Api, tasks: Tasks, case: str) -> None:
    first, second = _ORDERED[case]
    tasks.ok(name="agent", node_selector=NOWHERE, **first)
    before = api.daemonset(tasks.namespace, "agent")
    assert tasks.ok(check=True, name="agent", node_selector=NOWHERE, **second).changed
    assert tasks.ok(name="agent", node_selector=NOWHERE, **second).changed
    after = api.daemonset(tasks.namespace, "agent")
    assert after["spec"]["template"] != before["spec"]["template"]
    tasks.same(name="agent", node_selector=NOWHERE, **second)


def test_a_port_of_two_protocols_survives_updates(api: Api, tasks: Tasks) -> None:
    def ports() -> list[tuple[int, str]]:
        live = api.daemonset(tasks.namespace, "agent")
        found = at(live, ("spec", "template", "spec", "containers", 0, "ports"))
        return [(port["containerPort"], port["protocol"]) for port in found]

    both = [{"container_port": 53}, {"container_port": 53, "protocol": "UDP", "name": "dns"}]
    tasks.ok(name="agent", node_selector=NOWHERE, **_agent(ports=both))
    assert ports() == [(53, "TCP"), (53, "UDP")]
    tasks.same(name="agent", node_selector=NOWHERE, **_agent(ports=both))
    newer = _agent(ports=both) | {"labels": {"newer": "yes"}}
    tasks.ok(name="agent", node_selector=NOWHERE, **newer)
    assert ports() == [(53, "TCP"), (53, "UDP")]
    three = [*both, {"container_port": 54, "protocol": "UDP"}]
    tasks.ok(name="agent", node_selector=NOWHERE, **_agent(ports=three))
    assert ports() == [(53, "TCP"), (53, "UDP"), (54, "UDP")]
    tasks.ok(name="agent", node_selector=NOWHERE, **_agent(ports=[both[1]]))
    assert ports() == [(53, "UDP")]


def _restarted_by_kubectl(api: Api, namespace: str) -> None:
    api.kubectl("rollout", "restart", "daemonset/agent", "-n", namespace)


def _given_a_sidecar(api: Api, namespace: str) -> None:
    manifest = simple("agent", namespace)
    manifest["spec"]["template"]["spec"]["containers"] = [
        {"name": "sidecar", "image": "example.test/sidecar:1"}
    ]
    api.apply(manifest, "injector")


def _annotated(api: Api, namespace: str) -> None:
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "agent",
            "namespace": namespace,
            "annotations": {"kured.dev/lock": "held"},
            "labels": {"team": "night"},
        },
    }
    api.apply(manifest, "kured")


def _annotated_by_kubectl(api: Api, namespace: str) -> None:
    api.kubectl("annotate", "daemonset/agent", "-n", namespace, "note=by-hand")


_OTHERS: dict[str, Callable[[Api, str], None]] = {
    "kubectl rollout restart": _restarted_by_kubectl,
    "a sidecar of an injector": _given_a_sidecar,
    "an annotation and a label of an operator": _annotated,
    "an annotation by hand": _annotated_by_kubectl,
}


@pytest.mark.parametrize("case", _OTHERS)
def test_what_others_did_is_neither_a_change_nor_undone(api: Api, tasks: Tasks, case: str) -> None:
    manifest = simple("agent", tasks.namespace)
    tasks.ok(definition=manifest, wait=True)
    _OTHERS[case](api, tasks.namespace)
    before = desired(api.settled(tasks.namespace, "agent"))
    tasks.same(definition=manifest)
    tasks.same(definition=manifest, wait=True)
    pods = uids(api.pods(tasks.namespace, "agent"))
    changed = copy.deepcopy(manifest)
    changed["metadata"]["labels"] = {"ours": "1"}
    assert tasks.ok(definition=changed, wait=True).changed
    after = desired(api.daemonset(tasks.namespace, "agent"))
    assert after == before | {"labels": before["labels"] | {"ours": "1"}}
    assert uids(api.pods(tasks.namespace, "agent")) == pods


def test_a_rollout_under_way_is_no_change(tasks: Tasks) -> None:
    slow = {
        "everynode.kubernetes/simulate": "slow-start",
        "everynode.kubernetes/simulate-seconds": "3",
    }
    given = {"name": "agent", "pod_annotations": slow, **_agent()}
    tasks.ok(**given)
    for _time in range(4):
        tasks.same(**given)
    done = tasks.ok(wait=True, **given)
    assert not done.changed
    assert done.result["rollout"]["ready"]


@pytest.fixture
def six_nodes(api: Api) -> Iterator[Callable[[], None]]:
    """Lets a sixth node join when it is called."""
    yield lambda: api.cluster.set_nodes(6)
    api.cluster.set_nodes(5)


def test_a_node_that_joins_is_no_change(
    api: Api, tasks: Tasks, six_nodes: Callable[[], None]
) -> None:
    tasks.ok(name="agent", wait=True, **_agent())
    pods = uids(api.pods(tasks.namespace, "agent"))
    six_nodes()

    def joined() -> bool | None:
        return len(api.pods(tasks.namespace, "agent")) == 6 or None

    tasks.same(name="agent", **_agent())
    eventually(joined, "a pod on the sixth node")
    tasks.same(name="agent", **_agent())
    api.settled(tasks.namespace, "agent")
    tasks.same(name="agent", wait=True, **_agent())
    assert pods < uids(api.pods(tasks.namespace, "agent"))
