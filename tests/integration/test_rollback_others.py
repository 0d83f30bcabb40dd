# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling back what others have their hands in: other managers, admission, a change meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.deadline import Deadline
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    ConflictError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.connect import connect
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.objects import How
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.revisions import (
    revisions_of,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import (
    history,
    rolling_back,
)

from tests.integration.api import MERGE, Api, daemonsets, eventually
from tests.integration.makers import owners
from tests.integration.manifests import NOWHERE, simple
from tests.integration.rollbacks import back, image, no_way_back, observed, template
from tests.integration.tap import Tap, Write
from tests.integration.verbs import Tasks

_FIELD = 'spec.template.spec.containers[name="agent"].image'
_ENV = "spec.template.spec.containers[name=agent].env"


def _agent(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "agent",
        "containers": [{"name": "agent", "image": f"example.test/agent:{number}"}],
        "node_selector": NOWHERE,
        **more,
    }


@pytest.fixture
def two(api: Api, tasks: Tasks) -> Tasks:
    """An agent at its second version, which runs nowhere."""
    for number in (1, 2):
        tasks.ok(**_agent(number))
        observed(api, tasks.namespace)
    return tasks


def _kubectl(api: Api, namespace: str, *arguments: str) -> None:
    api.kubectl(*arguments, "-n", namespace)
    observed(api, namespace)


@pytest.mark.parametrize("check", [True, False])
def test_a_conflict_names_the_field_and_its_manager(api: Api, two: Tasks, check: bool) -> None:
    _kubectl(api, two.namespace, "set", "image", "daemonset/agent", "agent=example.test/agent:9")
    before = api.daemonset(two.namespace, "agent")
    failed = no_way_back(two, check=check)
    assert failed.result["error"] == {"kind": "conflict", "status": 409}
    assert len(failed.result["conflicts"]) == 1
    assert failed.result["conflicts"][0]["manager"] == "kubectl-set"
    assert _FIELD in failed.result["msg"]
    assert "force_conflicts: true" in failed.result["msg"]
    assert api.daemonset(two.namespace, "agent") == before


@pytest.mark.parametrize("way", [{"force_conflicts": True}, {"adopt": ["kubectl"]}])
def test_either_way_out_of_it_goes_back(api: Api, two: Tasks, way: dict[str, Any]) -> None:
    _kubectl(api, two.namespace, "set", "image", "daemonset/agent", "agent=example.test/agent:9")
    told = back(two, check=True, diff=True, **way)
    done = back(two, diff=True, **way)
    assert done.result["diff"] == told.result["diff"]
    assert image(api, two.namespace) == "example.test/agent:2"
    two.same(**_agent(2))


def test_what_others_added_since_stays_with_a_warning(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1))
    observed(api, tasks.namespace)
    _kubectl(api, tasks.namespace, "set", "env", "daemonset/agent", "MODE=fast")
    tasks.ok(**_agent(2))
    observed(api, tasks.namespace)
    done = back(tasks, to_revision=1)
    assert image(api, tasks.namespace) == "example.test/agent:1"
    assert f"{_ENV} (kubectl-set)" in done.warnings
    assert "adopt: [kubectl]" in done.warnings
    (container,) = template(api, tasks.namespace)["spec"]["containers"]
    assert container["env"] == [{"name": "MODE", "value": "fast"}]
    # It is theirs as before.
    before = owners(api.daemonset(tasks.namespace, "agent"))
    assert {name for name, _operation in before} >= {"everynode", "kubectl-set"}


def test_where_others_hold_all_of_it_nothing_is_done(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1))
    observed(api, tasks.namespace)
    _kubectl(api, tasks.namespace, "set", "env", "daemonset/agent", "MODE=fast")
    failed = no_way_back(tasks)
    assert "others hold all that would have to change" in failed.result["msg"]
    assert failed.result["conflicts"] == [{"field": _ENV, "manager": "kubectl-set"}]
    assert failed.writes == []
    back(tasks, adopt=["kubectl"])
    (container,) = template(api, tasks.namespace)["spec"]["containers"]
    assert "env" not in container
    tasks.same(**_agent(1))


def test_one_that_kubectl_made_and_changed(api: Api, tasks: Tasks) -> None:
    """Nothing of it is ours before, and only what has to be is afterwards."""
    for number in (1, 2):
        manifest = simple("agent", tasks.namespace, nodeSelector=NOWHERE)
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        container["image"] = f"example.test/agent:{number}"
        if number == 2:
            container["args"] = ["--new"]
        api.kubectl("apply", "-f", "-", stdin=manifest)
        observed(api, tasks.namespace)
    failed = no_way_back(tasks)
    assert [one["manager"] for one in failed.result["conflicts"]] == ["kubectl-client-side-apply"]
    first = back(tasks, adopt=["kubectl"], check=True).result["daemonset"]["spec"]["template"]
    back(tasks, adopt=["kubectl"])
    assert template(api, tasks.namespace) == first
    assert "args" not in first["spec"]["containers"][0]
    assert image(api, tasks.namespace) == "example.test/agent:1"


def test_what_excludes_a_part_of_it_is_told_with_the_way_out(api: Api, tasks: Tasks) -> None:
    """A volume is of one kind only, and only who holds the other one can take it away."""
    for medium in ("", "Memory"):
        volume = {"name": "data", "empty_dir": {"medium": medium} if medium else {}}
        tasks.ok(**_agent(1, volumes=[volume]))
        observed(api, tasks.namespace)
    live = api.daemonset(tasks.namespace, "agent")
    live["spec"]["template"]["spec"]["volumes"] = [{"name": "data", "hostPath": {"path": "/data"}}]
    path = f"{daemonsets(tasks.namespace)}/agent"
    api.request("PUT", path, query={"fieldManager": "kubectl-edit"}, body=live)
    observed(api, tasks.namespace)
    failed = no_way_back(tasks, to_revision=1, force_conflicts=True)
    message = failed.result["msg"]
    assert "may not specify more than 1 volume type" in message
    assert "volumes[name=data].hostPath (kubectl-edit)" in message
    assert "adopt: [kubectl]" in message
    back(tasks, to_revision=1, adopt=["kubectl"])
    assert template(api, tasks.namespace)["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]


def test_fields_of_another_manager_stay_its_own(api: Api, two: Tasks) -> None:
    """One that is in both revisions is neither taken over nor lost."""
    annotations = {"metadata": {"annotations": {"checked-by": "security"}}}
    theirs = simple("agent", two.namespace)
    theirs["spec"] = {"selector": theirs["spec"]["selector"], "template": annotations}
    api.apply(theirs, "security")
    observed(api, two.namespace)
    two.ok(**_agent(3))
    observed(api, two.namespace)
    assert back(two).warnings == ""
    assert image(api, two.namespace) == "example.test/agent:2"
    assert template(api, two.namespace)["metadata"]["annotations"] == {"checked-by": "security"}
    two.same(**_agent(2))


@pytest.fixture
def injected(api: Api, namespace: str) -> Iterator[None]:
    """Admission that adds a container to each template that has none of it."""
    policies = "/apis/admissionregistration.k8s.io/v1"
    sidecar = (
        "has(object.spec.template.spec.containers) && !object.spec.template.spec.containers.exists("
        'c, c.name == "sidecar") ? [JSONPatch{op: "add", path: "/spec/template/spec/containers/-", '
        'value: Object.spec.template.spec.containers{name: "sidecar", image: "example.test/s:1"}}]'
        " : []"
    )
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["daemonsets"],
    }
    matching = {
        "resourceRules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    specs: dict[str, dict[str, Any]] = {
        "mutatingadmissionpolicies": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "matchConstraints": matching,
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": sidecar}}],
        },
        "mutatingadmissionpolicybindings": {"policyName": namespace},
    }
    for kind, spec in specs.items():
        body = {"metadata": {"name": namespace}, "spec": spec}
        api.request("POST", f"{policies}/{kind}", body=body)
    _until_injected(api, namespace)
    yield
    for kind in reversed(specs):
        api.request("DELETE", f"{policies}/{kind}/{namespace}")


def _until_injected(api: Api, namespace: str) -> None:
    def active() -> bool | None:
        probe = api.apply(simple("probe", namespace), "tests", dry_run=True)
        return len(probe["spec"]["template"]["spec"]["containers"]) == 2 or None

    eventually(active, "the policy is in force")


@pytest.mark.usefixtures("injected")
def test_what_admission_adds_is_there_before_and_after(api: Api, tasks: Tasks) -> None:
    tasks.ok(**_agent(1))
    first = observed(api, tasks.namespace)["spec"]["template"]
    assert len(first["spec"]["containers"]) == 2
    tasks.ok(**_agent(2))
    observed(api, tasks.namespace)
    told = back(tasks, check=True).result["daemonset"]["spec"]["template"]
    assert back(tasks).warnings == ""
    assert template(api, tasks.namespace) == told == first
    generation = observed(api, tasks.namespace)["metadata"]["generation"]
    tasks.ok(**_agent(1))
    assert api.daemonset(tasks.namespace, "agent")["metadata"]["generation"] == generation


def test_a_resource_version_that_is_over_is_refused(api: Api, two: Tasks) -> None:
    version = api.daemonset(two.namespace, "agent")["metadata"]["resourceVersion"]
    _label(api, two.namespace)
    failed = no_way_back(two, resource_version=version)
    assert failed.result["error"]["kind"] == "conflict"
    assert f"not at resource version {version} any more" in failed.result["msg"]
    assert failed.writes == []
    version = api.daemonset(two.namespace, "agent")["metadata"]["resourceVersion"]
    assert back(two, resource_version=version).changed


def _label(api: Api, namespace: str) -> None:
    body = {"metadata": {"labels": {"by": "others"}}}
    api.request("PATCH", f"{daemonsets(namespace)}/agent", body=body, kind=MERGE)


def _count(api: Api, namespace: str) -> None:
    """A change of the status alone, as the controller makes many of during a rollout."""
    path = f"{daemonsets(namespace)}/agent/status"
    live = api.daemonset(namespace, "agent")
    number = live["status"]["numberMisscheduled"] + 1
    api.request("PATCH", path, body={"status": {"numberMisscheduled": number}}, kind=MERGE)


def _rolled_back(api: Api, tasks: Tasks, meanwhile: Callable[[Api, str], None]) -> bool:
    """Go on with a DaemonSet as it was read before something else happened to it."""
    cluster = connect({"kubeconfig": str(api.cluster.kubeconfig)})
    deadline = Deadline(30)
    live = api.daemonset(tasks.namespace, "agent")
    target = history.previous(live, revisions_of(cluster, live, deadline))
    assert target is not None
    meanwhile(api, tasks.namespace)
    done = rolling_back.to_template(cluster, live, target.template, How("everynode"), deadline)
    return done.changed


def test_a_change_of_the_status_meanwhile_does_not_count(api: Api, two: Tasks) -> None:
    assert _rolled_back(api, two, _count)
    assert image(api, two.namespace) == "example.test/agent:1"


def test_a_change_of_the_object_meanwhile_is_refused(api: Api, two: Tasks) -> None:
    with pytest.raises(ConflictError, match="was changed by somebody else"):
        _rolled_back(api, two, _label)
    assert image(api, two.namespace) == "example.test/agent:2"


def test_it_goes_back_while_the_status_changes_all_the_time(api: Api, tasks: Tasks) -> None:
    """As in a rollout on many nodes."""
    for number in (1, 2):
        tasks.ok(**_agent(number))
        observed(api, tasks.namespace)
    end = threading.Event()

    def keep_counting() -> None:
        while not end.wait(0.05):
            _count(api, tasks.namespace)

    thread = threading.Thread(target=keep_counting)
    thread.start()
    try:
        assert back(tasks).changed
    finally:
        end.set()
        thread.join()
    assert image(api, tasks.namespace) == "example.test/agent:1"


@pytest.mark.parametrize("how", [{}, {"adopt": ["kubectl"]}], ids=["ours", "adopted"])
@pytest.mark.parametrize("number", [1, 2])
def test_an_answer_that_is_lost_is_no_change_by_others(
    api: Api, two: Tasks, tmp_path: Path, how: dict[str, Any], number: int
) -> None:
    """What is sent again then finds another version: its own."""
    if how:
        _kubectl(api, two.namespace, "set", "env", "daemonset/agent", "MODE=fast")

    with Tap(api) as tap:

        def cut(at: int, _write: Write, done: bool) -> None:
            if at == number and done:
                tap.cut()

        tap.at = cut
        path = tmp_path / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "tap",
                    "clusters": [{"name": "tap", "cluster": {"server": tap.url}}],
                    "contexts": [{"name": "tap", "context": {"cluster": "tap", "user": "nobody"}}],
                    "users": [{"name": "nobody", "user": {}}],
                }
            )
        )
        done = back(two, to_revision=1, kubeconfig=str(path), **how)

    assert len(tap.writes) >= number or not how
    assert done.changed
    assert image(api, two.namespace) == "example.test/agent:1"
    assert "env" not in template(api, two.namespace)["spec"]["containers"][0]
    two.same(**_agent(1))
