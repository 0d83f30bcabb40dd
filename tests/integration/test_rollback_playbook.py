# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook everynode.kubernetes.rollback, by its name, as on a command line or in AWX."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.harness import Play, run
from tests.integration.manifests import NOWHERE
from tests.integration.rollbacks import image, observed
from tests.integration.verbs import Tasks

_ROLLBACK = [{"ansible.builtin.import_playbook": "everynode.kubernetes.rollback"}]


@pytest.fixture
def three(api: Api, tasks: Tasks) -> Tasks:
    """An agent at its third version, which runs nowhere."""
    for number in (1, 2, 3):
        container = {"name": "agent", "image": f"example.test/agent:{number}"}
        tasks.ok(name="agent", containers=[container], node_selector=NOWHERE)
        observed(api, tasks.namespace)
    return tasks


def _run(api: Api, *arguments: str, **variables: Any) -> Play:
    extra = [f"--extra-vars={name}={value}" for name, value in variables.items()]
    # A credential of AWX is in the environment, too.
    environment = {"KUBECONFIG": str(api.cluster.kubeconfig)}
    return run(api, _ROLLBACK, *extra, *arguments, variables=environment)


def test_it_goes_back_to_the_previous_revision(api: Api, three: Tasks) -> None:
    asked = {"daemonset_name": "agent", "daemonset_namespace": three.namespace}
    # A survey gives empty texts for what was left out.
    empty = dict.fromkeys(("rollback_to_revision", "rollback_to_image", "rollback_adopt"), "")
    told = _run(api, "--check", **asked, **empty).done()
    assert told.step("Roll it back").changed
    assert image(api, three.namespace) == "example.test/agent:3"
    done = _run(api, **asked, **empty).done()
    assert done.step("Roll it back").changed
    assert image(api, three.namespace) == "example.test/agent:2"
    shown = done.step("Tell what stands now").result["msg"]
    assert shown["rollout"] == "no node is eligible"
    assert [one["revision"] for one in shown["revisions"]] == [4, 3, 1]
    assert [one["current"] for one in shown["revisions"]] == [True, False, False]


@pytest.mark.parametrize(
    "where", [{"rollback_to_revision": "1"}, {"rollback_to_image": "example.test/agent:1"}]
)
def test_it_goes_back_to_what_is_asked_for(api: Api, three: Tasks, where: dict[str, str]) -> None:
    asked = {"daemonset_name": "agent", "daemonset_namespace": three.namespace}
    where["rollback_wait"] = "false"
    assert _run(api, **asked, **where).done().step("Roll it back").changed
    assert image(api, three.namespace) == "example.test/agent:1"


def test_without_a_name_it_says_what_is_missing(api: Api) -> None:
    failed = _run(api)
    assert failed.code == 2
    assert "with the variable daemonset_name" in failed.output
    assert failed.requests == []
