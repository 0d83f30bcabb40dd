# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Side by side with a console: with the rights that it gives out, and on what it has touched."""

from __future__ import annotations

from typing import Any

from tests.integration.api import Api, daemonsets, uids
from tests.integration.manifests import at
from tests.integration.verbs import Tasks

_AGENT: dict[str, Any] = {
    "name": "agent",
    "containers": [{"name": "agent", "image": "example.test/agent:1"}],
}
_WATCH = ["get", "list", "watch"]
_ALL = [*_WATCH, "create", "update", "patch", "delete"]
# What the editor of a namespace may do there: no Secrets, and nothing outside.
_EDITOR = [
    {"apiGroups": ["apps"], "resources": ["daemonsets", "controllerrevisions"], "verbs": _ALL},
    {
        "apiGroups": [""],
        "resources": ["pods", "services", "configmaps", "persistentvolumeclaims", "events"],
        "verbs": _ALL,
    },
]


def test_all_of_it_with_the_rights_of_an_editor(api: Api, tasks: Tasks) -> None:
    editor = {"impersonate_user": api.user_with(_EDITOR, tasks.namespace, "editor"), "wait": True}

    assert tasks.ok(**_AGENT, **editor, wait_timeout=300).changed
    tasks.same(**_AGENT, **editor)
    assert tasks.ok(**_AGENT, **editor, description="An agent", check=True).changed
    assert tasks.ok(**_AGENT, **editor, description="An agent").changed
    patched = {"name": "agent", "state": "patched", "images": {"agent": "example.test/agent:2"}}
    assert tasks.ok(**patched, **editor).changed
    assert tasks.ok(name="agent", state="restarted", **editor).changed
    shown = tasks.info(impersonate_user="editor", include=["pods"])
    assert [len(one["pods"]) for one in shown.result["daemonsets"]] == [5]
    assert shown.warnings == ""
    assert tasks.ok(name="agent", state="absent", **editor).changed


def test_a_failure_is_explained_with_the_rights_of_an_editor(api: Api, tasks: Tasks) -> None:
    editor = {"impersonate_user": api.user_with(_EDITOR, tasks.namespace, "editor"), "wait": True}
    broken = {"everynode.kubernetes/simulate": "image-pull"}
    failed = tasks.fails(**_AGENT, **editor, pod_annotations=broken, wait_timeout=10)
    assert failed.result["error"]["kind"] == "rollout"
    assert failed.result["rollout"]["reasons"]


def test_a_viewer_sees_all_and_changes_nothing(api: Api, tasks: Tasks) -> None:
    rules = [{**rule, "verbs": _WATCH} for rule in _EDITOR]
    viewer = {"impersonate_user": api.user_with(rules, tasks.namespace, "viewer")}
    tasks.ok(**_AGENT, wait=True)
    shown = tasks.info(**viewer, include=["pods"])
    assert [len(one["pods"]) for one in shown.result["daemonsets"]] == [5]
    tasks.same(**_AGENT, **viewer, wait=True)
    failed = tasks.fails(**_AGENT, **viewer, labels={"a": "b"})
    assert failed.result["error"] == {"kind": "forbidden", "status": 403}


def test_a_restart_by_a_console_stays(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_AGENT, wait=True)
    path = ("spec", "template", "metadata", "annotations", "kubesphere.io/restartedAt")
    restarted = {"spec": {"template": {"metadata": {"annotations": {path[-1]: "now"}}}}}
    api.request(
        "PATCH",
        f"{daemonsets(tasks.namespace)}/agent",
        query={"fieldManager": "ks-console"},
        body=restarted,
        kind="application/strategic-merge-patch+json",
    )
    api.settled(tasks.namespace, "agent")
    pods = uids(api.pods(tasks.namespace, "agent"))

    tasks.same(**_AGENT)
    for change in ({"labels": {"a": "b"}}, {"adopt": ["ks-console"], "labels": {"a": "c"}}):
        assert tasks.ok(**_AGENT, **change, wait=True).changed
        live = api.daemonset(tasks.namespace, "agent")
        assert at(live, path) == "now"
        assert uids(api.pods(tasks.namespace, "agent")) == pods
    # As it is when somebody edits the YAML in the console and pastes it here.
    tasks.ok(definition=live, wait=True)
    assert uids(api.pods(tasks.namespace, "agent")) == pods
