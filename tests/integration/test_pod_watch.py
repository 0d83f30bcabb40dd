# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch that counts pods for other tests sees what kubectl does."""

from __future__ import annotations

from typing import Any

from tests.integration.api import Api
from tests.integration.held import HELD, at_rest, let_go
from tests.integration.manifests import simple
from tests.integration.pod_watch import PodWatch


def _settled(api: Api, namespace: str, image: str, **spec: Any) -> dict[str, Any]:
    manifest = simple("agent", namespace)
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = image
    manifest["spec"] |= spec
    api.apply(manifest, "tests")
    return api.settled(namespace, "agent")


def test_nothing_happens(api: Api, namespace: str) -> None:
    _settled(api, namespace, "example.test/agent:1")
    with PodWatch(api, namespace) as watch:
        pass
    assert len(watch.pods()) == 5
    assert {pod.created for pod in watch.pods()} == {pod.deleted for pod in watch.pods()} == {None}
    assert watch.restarted_nodes() == watch.created() == watch.deleted() == set()
    assert watch.most_unavailable() == 0


def test_one_pod_is_replaced(api: Api, namespace: str) -> None:
    _settled(api, namespace, "example.test/agent:1")
    with PodWatch(api, namespace) as watch:
        first = watch.pods()[0]
        api.kubectl("delete", "pod", first.name, f"--namespace={namespace}")
        api.settled(namespace, "agent")
    assert watch.restarts_by_node() == {first.node: 1}
    assert watch.deleted() == {first.uid}
    assert watch.uids_by_node()[first.node] == [first.uid, *watch.created()]
    assert watch.most_unavailable() == 1
    assert watch.most_unavailable(but=[first.node]) == 0
    assert watch.ever_unavailable() == {first.node}


def test_two_pods_are_replaced_at_once(api: Api, namespace: str) -> None:
    """By the test itself: the controller at times takes more than its strategy allows, as it counts
    a deletion of one pod several times.
    """
    _settled(api, namespace, "example.test/agent:1")
    manifest = simple("agent", namespace)
    manifest["spec"]["updateStrategy"] = {"type": "OnDelete"}
    manifest["spec"]["template"]["metadata"]["annotations"] = HELD
    api.apply(manifest, "tests")
    at_rest(api, namespace)
    with PodWatch(api, namespace) as watch:
        two = watch.pods()[:2]
        names = [pod.name for pod in two]
        api.kubectl("delete", "pod", *names, f"--namespace={namespace}")
        at_rest(api, namespace)
        let_go(api, namespace)
        at_rest(api, namespace, ready=True)
    nodes = {pod.node for pod in two}
    assert watch.restarts_by_node() == dict.fromkeys(nodes, 1)
    assert watch.deleted() == {pod.uid for pod in two}
    assert watch.most_unavailable() == 2
    assert watch.ever_unavailable() == nodes


def test_all_are_replaced_one_after_the_other(api: Api, namespace: str) -> None:
    _settled(api, namespace, "example.test/agent:1")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    with PodWatch(api, namespace) as watch:
        _settled(api, namespace, "example.test/agent:2", updateStrategy=strategy)
    nodes = {f"node-{number}" for number in range(5)}
    assert watch.restarts_by_node() == dict.fromkeys(nodes, 1)
    assert len(watch.created()) == len(watch.deleted()) == 5
    assert watch.most_unavailable() >= 1
    assert watch.ever_unavailable() == nodes
    assert len({pod.revision for pod in watch.pods()}) == 2


def test_all_are_replaced_with_the_new_before_the_old(api: Api, namespace: str) -> None:
    _settled(api, namespace, "example.test/agent:1")
    surge = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }
    with PodWatch(api, namespace) as watch:
        _settled(api, namespace, "example.test/agent:2", updateStrategy=surge)
    assert len(watch.restarted_nodes()) == 5
    assert watch.most_unavailable() == 0
