# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of the module ``daemonset``: one DaemonSet, made or changed, and what else it does with
one (`daemonset_states`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import Fault, InputError
from .._cluster import daemonsets, guards, objects
from .._cluster.options import CONNECTION_SPEC
from .._rollout import waiting
from .._spec import build, fields
from . import change
from .change import Wish, with_change_cause
from .verb import Task, Verb

# What happens to the old one's pods, by the value of ``on_selector_change``.
_POLICIES = {"orphan_and_recreate": "Orphan", "recreate": "Background"}
OWN_SPEC: dict[str, dict[str, Any]] = {
    "state": {
        "type": "str",
        "choices": ["present", "patched", "absent", "restarted", "paused", "resumed"],
        "default": "present",
    },
    "field_manager": {"type": "str", "default": "everynode"},
    "force_conflicts": {"type": "bool", "default": False},
    "adopt": {"type": "list", "elements": "str", "default": []},
    "change_cause": {"type": "str"},
    "restart_key": {"type": "str", "no_log": False},
    "propagation_policy": {
        "type": "str",
        "choices": ["Background", "Foreground", "Orphan"],
        "default": "Background",
    },
    "images": {"type": "dict"},
    "resource_version": {"type": "str"},
    "fail_if_exists": {"type": "bool", "default": False},
    "on_selector_change": {
        "type": "str",
        "choices": ["fail", *_POLICIES],
        "default": "fail",
    },
    "label_selectors": {"type": "list", "elements": "str"},
    "max_objects": {"type": "int"},
    "create_namespace": {"type": "bool", "default": False},
    **change.ROLLOUT_SPEC,
}


def run(task: Task) -> dict[str, Any]:
    """Carry out one task of the module ``daemonset``."""
    state: str = task.params["state"]
    faults = _misplaced(task.params, state)
    if task.params["label_selectors"] is not None or task.params["max_objects"] is not None:
        return _batch(task, faults)
    _raise_all(task, faults)
    if state == "present":
        return _present(task)
    from .daemonset_states import STATES

    return STATES[state](task)


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def _batch(task: Task, faults: list[Fault]) -> dict[str, Any]:
    from . import daemonset_batch

    _raise_all(task, [*faults, *daemonset_batch.faults(task.params, task.params["state"])])
    return daemonset_batch.run(task)


def _raise_all(task: Task, faults: list[Fault]) -> None:
    if faults:
        raise InputError([*faults, *_other_faults(task.params, task.params["state"])])


def _misplaced(params: Mapping[str, Any], state: str) -> list[Fault]:
    """Parameters that say something which this state does not do."""
    faults = change.faults(params)
    if state != "patched" and params.get("images") is not None:
        faults.append(Fault("images", f"only state patched takes it, not {state}"))
    if state != "restarted" and params.get("restart_key") is not None:
        faults.append(Fault("restart_key", f"only state restarted takes it, not {state}"))
    if state not in ("present", "patched") and params.get("resource_version") is not None:
        faults.append(
            Fault("resource_version", f"only states present and patched take it, not {state}")
        )
    if params.get("fail_if_exists") and state != "present":
        faults.append(Fault("fail_if_exists", f"only state present takes it, not {state}"))
    elif params.get("fail_if_exists") and params.get("resource_version") is not None:
        faults.append(Fault("fail_if_exists", "excludes resource_version, which wants it to exist"))
    if params.get("on_selector_change", "fail") != "fail" and state != "present":
        faults.append(Fault("on_selector_change", f"only state present takes it, not {state}"))
    return faults


def _other_faults(params: Mapping[str, Any], state: str) -> list[Fault]:
    """What is wrong with the rest, so that a task tells all of its faults at once."""
    try:
        if state == "present":
            build.build(params, context_namespace="default")
        elif params.get("label_selectors") is None:
            build.identity(params, "default")
    except InputError as error:
        return error.faults
    return []


def deadline_of(task: Task) -> Deadline:
    """When the time of a task is over."""
    return Deadline(task.params["wait_timeout"])


def how_of(task: Task) -> objects.How:
    """How the parameters of a task want things applied."""
    return objects.How(
        manager=task.params["field_manager"],
        force=task.params["force_conflicts"],
        adopt=tuple(task.params["adopt"]),
        dry_run=task.check_mode,
        resource_version=task.params["resource_version"],
        create_namespace=task.params["create_namespace"],
    )


def _present(task: Task) -> dict[str, Any]:
    # The offline checks come first: wrong input is told without a cluster, or a kubeconfig.
    draft = build.build(task.params, context_namespace="default")
    task.warnings.extend(draft.warnings)
    deadline = deadline_of(task)
    metadata = draft.manifest["metadata"]
    if not draft.namespace_given:
        metadata["namespace"] = task.cluster.namespace
    live = daemonsets.read(task.cluster, metadata["namespace"], metadata["name"], deadline)
    guard(task, live, metadata["namespace"], metadata["name"])
    policy = _POLICIES.get(task.params["on_selector_change"])
    if policy is not None and (live is None or build.changes_selector(draft, live)):
        from . import another_selector

        applied, result = another_selector.carry_out(task, draft, live, policy, deadline)
    else:

        def intent_of(live: dict[str, Any] | None) -> dict[str, Any]:
            return with_change_cause(task, build.complete(draft, live), live)

        wish = Wish(intent_of, how_of(task), change.plan_of(task.params))
        applied, result = change.carry_out(task, wish, live, deadline)
    if task.params["create_namespace"]:
        result["namespace_created"] = applied.namespace is not None
    if draft.pod_security is not None:
        result["pod_security"] = draft.pod_security
    return result


def guard(task: Task, live: Mapping[str, Any] | None, namespace: str, name: str) -> None:
    """Refuse what the user ruled out, and an object that is on its way out."""
    if task.params["fail_if_exists"]:
        guards.refuse_existing(live)
    if task.params["resource_version"] is not None:
        guards.expect_version(live, namespace, name, task.params["resource_version"])
    guards.refuse_deleting(live)


VERB = Verb(
    name="daemonset",
    run=run,
    argument_spec={**fields.argument_spec(), **OWN_SPEC, **waiting.WAIT_SPEC, **CONNECTION_SPEC},
    mutually_exclusive=(("definition", "src"),),
)
