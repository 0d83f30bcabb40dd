# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only partial update: labels, annotations, description and images of what is there."""

from __future__ import annotations

import pytest

from tests.integration.api import Api, uids
from tests.integration.manifests import NOWHERE, at, desired, full, simple
from tests.integration.verbs import Tasks

_IMAGE = ("spec", "template", "spec", "containers", 0, "image")
_DESCRIPTION = "kubernetes.io/description"


def test_everything_else_stays(api: Api, tasks: Tasks) -> None:
    tasks.ok(definition=full("agent", tasks.namespace), wait=True)
    before = api.settled(tasks.namespace, "agent")
    pods = uids(api.pods(tasks.namespace, "agent"))
    changes = {"labels": {"new": "1", "extra-label": None}, "annotations": {"note": "other"}}
    predicted = tasks.ok(name="agent", state="patched", check=True, diff=True, **changes)
    assert desired(api.daemonset(tasks.namespace, "agent")) == desired(before)
    done = tasks.ok(name="agent", state="patched", diff=True, **changes)
    after = api.daemonset(tasks.namespace, "agent")
    assert predicted.result["diff"] == done.result["diff"]
    assert [request.verb for request in done.requests] == ["get", "patch"]
    assert after["spec"] == before["spec"]
    assert after["metadata"]["labels"] == {"tier": "node", "new": "1"}
    assert after["metadata"]["annotations"]["note"] == "other"
    assert uids(api.pods(tasks.namespace, "agent")) == pods
    tasks.same(name="agent", state="patched", **changes)


def test_images_by_container_and_init_container(api: Api, tasks: Tasks) -> None:
    tasks.ok(definition=full("agent", tasks.namespace, nodeSelector=NOWHERE))
    before = desired(api.daemonset(tasks.namespace, "agent"))
    images = {"extra-container": "example.test/extra:2", "extra-init": "example.test/init:2"}
    assert tasks.ok(name="agent", state="patched", images=images).changed
    pod = api.daemonset(tasks.namespace, "agent")["spec"]["template"]["spec"]
    assert [item["image"] for item in pod["containers"]] == [
        "example.test/agent:1",
        "example.test/extra:2",
    ]
    assert pod["initContainers"][0]["image"] == "example.test/init:2"
    tasks.same(name="agent", state="patched", images=images)
    # The full task undoes it: it always states everything.
    assert tasks.ok(definition=full("agent", tasks.namespace, nodeSelector=NOWHERE)).changed
    assert desired(api.daemonset(tasks.namespace, "agent")) == before


def test_a_description_comes_and_goes(api: Api, tasks: Tasks) -> None:
    tasks.ok(definition=simple("agent", tasks.namespace, nodeSelector=NOWHERE))
    tasks.ok(name="agent", state="patched", description="An agent")
    live = api.daemonset(tasks.namespace, "agent")
    assert live["metadata"]["annotations"][_DESCRIPTION] == "An agent"
    tasks.same(name="agent", state="patched", description="An agent")
    assert tasks.ok(name="agent", state="patched", description="").changed
    live = api.daemonset(tasks.namespace, "agent")
    assert _DESCRIPTION not in live["metadata"]["annotations"]


def test_nothing_to_patch_is_unchanged(tasks: Tasks) -> None:
    tasks.ok(definition=simple("agent", tasks.namespace, nodeSelector=NOWHERE))
    tasks.same(name="agent", state="patched", labels={"not-there": None})


def test_what_another_tool_made_can_be_patched(api: Api, tasks: Tasks) -> None:
    made = full("agent", tasks.namespace, nodeSelector=NOWHERE)
    api.kubectl("apply", "-f", "-", stdin=made)
    before = api.daemonset(tasks.namespace, "agent")
    done = tasks.ok(name="agent", state="patched", labels={"new": "1"})
    after = api.daemonset(tasks.namespace, "agent")
    assert done.changed
    assert after["spec"] == before["spec"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"] | {"new": "1"}
    # A partial update leaves everything else as it is, and need not be told so.
    assert done.warnings == ""
    tasks.same(name="agent", state="patched", labels={"new": "1"})


def test_an_image_that_another_tool_set_is_a_conflict(api: Api, tasks: Tasks) -> None:
    made = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    api.kubectl("apply", "-f", "-", stdin=made)
    given = {"name": "agent", "state": "patched", "images": {"agent": "example.test/agent:2"}}
    failed = tasks.fails(**given)
    assert failed.result["error"]["kind"] == "conflict"
    assert "kubectl-client-side-apply" in failed.result["msg"]
    tasks.ok(**given, force_conflicts=True)
    assert at(api.daemonset(tasks.namespace, "agent"), _IMAGE) == "example.test/agent:2"


def test_a_label_of_another_tool_that_stays_is_told(api: Api, tasks: Tasks) -> None:
    made = full("agent", tasks.namespace, nodeSelector=NOWHERE)
    api.kubectl("apply", "-f", "-", stdin=made)
    done = tasks.ok(name="agent", state="patched", labels={"extra-label": None})
    labels = api.daemonset(tasks.namespace, "agent")["metadata"]["labels"]
    assert labels["extra-label"] == "1"
    assert "extra-label" in done.warnings
    assert "kubectl" in done.warnings


@pytest.mark.parametrize("state", ["present", "patched"])
def test_a_patch_is_kept_by_those_who_own_it(api: Api, tasks: Tasks, state: str) -> None:
    """Another name's labels stay when ours are patched or stated."""
    manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
    tasks.ok(definition=manifest)
    tasks.ok(name="agent", state="patched", labels={"theirs": "1"}, field_manager="second")
    if state == "patched":
        tasks.ok(name="agent", state="patched", labels={"ours": "1"})
    else:
        tasks.same(definition=manifest)
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["labels"]["theirs"] == "1"


def test_adopting_with_a_patch_keeps_everything_else(api: Api, tasks: Tasks) -> None:
    made = full("agent", tasks.namespace)
    api.kubectl("apply", "-f", "-", stdin=made)
    before = api.settled(tasks.namespace, "agent")
    pods = uids(api.pods(tasks.namespace, "agent"))
    given = {
        "name": "agent",
        "state": "patched",
        "labels": {"extra-label": None, "new": "1"},
        "adopt": ["kubectl"],
    }
    predicted = tasks.ok(**given, check=True)
    done = tasks.ok(**given, wait=True)
    after = api.daemonset(tasks.namespace, "agent")
    assert after["metadata"]["labels"] == {"tier": "node", "new": "1"}
    assert after["spec"] == before["spec"]
    assert desired(predicted.result["daemonset"]) == desired(done.result["daemonset"])
    assert uids(api.pods(tasks.namespace, "agent")) == pods
    assert done.warnings == ""
    tasks.same(**given)
