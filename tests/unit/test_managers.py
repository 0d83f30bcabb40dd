# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking over fields, and telling what is left behind."""

from __future__ import annotations

from typing import Any

from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster import (
    fieldset,
    managers,
)


def entry(manager: str, operation: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def restarted(field: str = "f:kubectl.kubernetes.io/restartedAt") -> dict[str, Any]:
    return {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {field: {}}}}}}


def live(*entries: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "metadata": {"managedFields": list(entries)}, "spec": spec}


def test_words_stand_for_the_names_that_tools_write_under() -> None:
    names = managers.manager_names(["kubectl", "argocd", "kube-controller-manager"])
    assert {"kubectl-client-side-apply", "kubectl-edit", "argocd"} <= names
    assert "kube-controller-manager" not in names


def test_adoption_moves_updates_and_applies_into_our_entry() -> None:
    obj = live(
        entry("everynode", "Apply", {"f:a": {}}),
        entry("kubectl-client-side-apply", "Update", {"f:b": {}}),
        entry("kubectl", "Apply", {"f:c": {}}),
        entry("kured", "Update", {"f:d": {}}),
        entry("kube-controller-manager", "Update", {"f:status": {}}, subresource="status"),
    )
    plan = managers.plan_adoption(obj, "everynode", managers.manager_names(["kubectl"]))
    assert plan is not None
    assert plan.taken == {"f:b": {}, "f:c": {}}
    by_name = {(e["manager"], e["operation"]): e["fieldsV1"] for e in plan.managed_fields}
    assert by_name == {
        ("kured", "Update"): {"f:d": {}},
        ("kube-controller-manager", "Update"): {"f:status": {}},
        ("everynode", "Apply"): {"f:a": {}, "f:b": {}, "f:c": {}},
    }


def test_a_restart_annotation_stays_with_whoever_set_it() -> None:
    obj = live(entry("kubectl-rollout", "Update", {**restarted(), "f:x": {}}))
    plan = managers.plan_adoption(obj, "everynode", managers.manager_names(["kubectl"]))
    assert plan is not None
    assert plan.taken == {"f:x": {}}
    assert plan.managed_fields[0]["manager"] == "kubectl-rollout"
    assert plan.managed_fields[0]["fieldsV1"] == restarted()


def test_nothing_to_adopt_is_no_plan() -> None:
    only_restart = live(entry("kubectl-rollout", "Update", restarted()))
    names = managers.manager_names(["kubectl"])
    assert managers.plan_adoption(only_restart, "everynode", names) is None
    assert managers.plan_adoption(live(), "everynode", names) is None


def test_an_update_entry_of_our_own_name_becomes_part_of_our_apply_entry() -> None:
    obj = live(entry("everynode", "Update", {"f:b": {}}))
    plan = managers.plan_adoption(obj, "everynode", frozenset())
    assert plan is not None
    assert plan.managed_fields[0]["operation"] == "Apply"


def test_left_behind_names_only_what_means_something_and_nobody_else_owns() -> None:
    obj = live(
        entry(
            "kubectl-client-side-apply",
            "Update",
            {"f:spec": {"f:minReadySeconds": {}, "f:revisionHistoryLimit": {}, "f:mine": {}}},
        ),
        minReadySeconds=5,
        revisionHistoryLimit=10,
    )
    intended: dict[str, Any] = {"f:spec": {"f:mine": {}}}
    assert managers.left_behind(obj, intended, "everynode", frozenset()) == {
        "kubectl": ["spec.minReadySeconds"]
    }
    adopted = managers.manager_names(["kubectl"])
    assert managers.left_behind(obj, intended, "everynode", adopted) == {}


def test_a_map_that_holds_only_what_is_no_loss_is_not_told() -> None:
    last_applied = "kubectl.kubernetes.io/last-applied-configuration"
    owned: dict[str, Any] = {"f:metadata": {"f:annotations": {".": {}, f"f:{last_applied}": {}}}}
    obj = live(entry("kubectl-client-side-apply", "Update", owned))
    obj["metadata"]["annotations"] = {last_applied: "{}"}
    assert managers.left_behind(obj, {}, "everynode", frozenset()) == {}


def test_pruned_by_adoption_spares_what_others_own_too() -> None:
    obj = live(
        entry("helm", "Update", {"f:a": {}, "f:b": {}, "f:c": {}}),
        entry("kured", "Update", {"f:b": {}}),
    )
    plan = managers.plan_adoption(obj, "everynode", frozenset({"helm"}))
    assert plan is not None
    pruned = managers.pruned_by_adoption(obj, plan, {"f:c": {}}, "everynode")
    assert [fieldset.readable(path) for path in pruned] == ["a"]
