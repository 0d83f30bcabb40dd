# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace that a task lists and that does not exist is told, and costs a request at most."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import (
    daemonset_info,
    daemonset_wait,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.verb import Verb

from tests.integration.api import Api
from tests.integration.manifests import NOWHERE
from tests.integration.verbs import Outcome, Tasks

_VERBS = [daemonset_info.VERB, daemonset_wait.VERB]
_APPS = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["list", "watch"]}


def _make(tasks: Tasks) -> None:
    containers = [{"name": "agent", "image": "example.test/agent:1"}]
    tasks.ok(name="agent", containers=containers, node_selector=NOWHERE, wait=True)


def _look(tasks: Tasks, verb: Verb, namespaces: list[str], **more: Any) -> tuple[Outcome, int]:
    """What a task says of these namespaces, and how often it asked about namespaces themselves."""
    mark = tasks.api.mark()
    done = tasks.ok(verb=verb, namespace=None, namespaces=namespaces, **more)
    paths = [request.path.partition("?")[0] for request in tasks.api.requests(mark)]
    return done, sum(path.removeprefix("/api/v1/").count("/") <= 1 for path in paths)


@pytest.mark.parametrize("verb", _VERBS, ids=lambda verb: verb.name)
def test_a_misspelt_namespace_is_a_warning(
    two_namespaces: tuple[str, str], api: Api, verb: Verb
) -> None:
    full, empty = two_namespaces
    tasks = Tasks(api, full)
    _make(tasks)
    for names, missing, asked in (
        ([full], [], 0),
        ([full, empty], [], 1),
        ([full, "misspelt"], ["misspelt"], 1),
        (["misspelt", full, empty, "another"], ["misspelt", "another"], 1),
    ):
        done, count = _look(tasks, verb, names)
        told = {0: "", 1: "1 namespace does", 2: "2 namespaces do"}[len(missing)]
        expected = f"{told} not exist: {', '.join(missing)}." if missing else ""
        assert done.warnings == expected
        assert count == asked
        assert len(done.result["daemonsets"]) == 1
        if verb is daemonset_info.VERB:
            assert done.result["missing_namespaces"] == missing


@pytest.mark.parametrize("verb", _VERBS, ids=lambda verb: verb.name)
def test_who_may_not_read_namespaces_is_told_nothing(
    two_namespaces: tuple[str, str], api: Api, verb: Verb
) -> None:
    full, empty = two_namespaces
    tasks = Tasks(api, full)
    _make(tasks)
    for place in two_namespaces:
        user = api.user_with([_APPS], place, "sees-no-namespaces")
    done, count = _look(tasks, verb, [full, empty], impersonate_user=user)
    assert done.warnings == ""
    assert count == 1
    assert len(done.result["daemonsets"]) == 1


def test_what_is_waited_for_may_still_come_with_its_namespace(tasks: Tasks) -> None:
    failed = tasks.fails(
        verb=daemonset_wait.VERB,
        namespace=None,
        namespaces=["still-to-come"],
        name="agent",
        wait_for_missing=True,
        wait_timeout=1,
    )
    assert failed.warnings == ""
