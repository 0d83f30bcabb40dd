# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of the module ``daemonset``: one DaemonSet, made, changed, restarted or removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import Fault, InputError, NotFoundError
from .._cluster import daemonsets, fieldset, guards, managers, objects
from .._cluster.options import CONNECTION_SPEC
from .._rollout import waiting
from .._rollout.state import has_state
from .._spec import build, fields
from . import change
from .change import Wish, with_change_cause
from .difference import difference
from .settling import changed_all_the_same, field_changes
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
    return _STATES[state](task)


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


def _deadline(task: Task) -> Deadline:
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
    deadline = _deadline(task)
    metadata = draft.manifest["metadata"]
    if not draft.namespace_given:
        metadata["namespace"] = task.cluster.namespace
    live = daemonsets.read(task.cluster, metadata["namespace"], metadata["name"], deadline)
    _guard(task, live, metadata["namespace"], metadata["name"])
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


def _patched(task: Task) -> dict[str, Any]:
    from .._spec import patch

    patch.read_patch(task.params)
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = _deadline(task)
    live = existing(task, namespace, name, deadline, "patched")
    _guard(task, live, namespace, name)
    how = replace(how_of(task), partial=True)
    names = managers.manager_names(how.adopt)

    def intent_of(live: dict[str, Any] | None) -> dict[str, Any]:
        found = live or {}
        owned = fieldset.from_owned(found, managers.owned_with(found, how.manager, names))
        if has_state(found):
            owned = _as_before(task, found, how, deadline)
        owned.update(apiVersion="apps/v1", kind="DaemonSet")
        owned.setdefault("metadata", {}).update(name=name, namespace=namespace)
        return with_change_cause(task, patch.patched(task.params, owned, found), found)

    wish = Wish(intent_of, how, change.plan_of(task.params))
    applied, result = change.carry_out(task, wish, live, deadline)
    task.warnings.extend(_still_there(task, applied.after))
    return result


def _as_before(
    task: Task, live: dict[str, Any], how: objects.How, deadline: Deadline
) -> dict[str, Any]:
    """What we own of a DaemonSet in the middle of a rollout, with the update strategy of before.

    Raises:
        ConflictError: the task gives no images, so that it has no template of its own.
    """
    from .._rollout.held import Held
    from .staged_change import refuse

    if not task.params["images"]:
        refuse(live, "be patched")
    held = Held(task.cluster, live, how, deadline, task.progress)
    return held.with_strategy(held.strategy_before())


def _still_there(task: Task, live: Mapping[str, Any]) -> list[str]:
    """A warning for each label and annotation whose removal was asked for and that another owns."""
    from .._spec import patch

    asked = patch.read_patch(task.params)
    told = []
    for field, changes in (("labels", asked.labels), ("annotations", asked.annotations)):
        for key in live["metadata"].get(field) or {}:
            if key in changes and changes[key] is None:
                owners = managers.owners_of(live, ("f:metadata", f"f:{field}", f"f:{key}"))
                words = ", ".join(managers.word_for(owner) for owner in owners)
                told.append(
                    f"{field}[{key}] stays, since {', '.join(owners)} set it. To take over all that"
                    f" they set, add adopt: [{words}]."
                )
    return told


def restarted(task: Task) -> dict[str, Any]:
    """Replace every pod, unless the last restart was for the same key."""
    from . import restarting

    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = _deadline(task)
    try:
        live = existing(task, namespace, name, deadline, "restarted")
    except NotFoundError as error:
        if not task.check_mode:
            raise
        task.warnings.append(
            f"{error.message} The real run fails if nothing before this task creates it."
        )
        return {"changed": True, "daemonset": None, "rollout": None, "changes": []}
    guards.refuse_deleting(live)
    return restarting.carry_out(task, live, deadline)


def paused(task: Task) -> dict[str, Any]:
    """Stop the rolling update of a DaemonSet where it is."""
    from . import pausing

    return pausing.pause(task, *_there(task, "paused"))


def resumed(task: Task) -> dict[str, Any]:
    """Have a rolling update that was stopped go on."""
    from . import pausing

    return pausing.resume(task, *_there(task, "resumed"))


def _there(task: Task, state: str) -> tuple[dict[str, Any], Deadline]:
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = _deadline(task)
    live = existing(task, namespace, name, deadline, state)
    guards.refuse_deleting(live)
    return live, deadline


def absent(task: Task) -> dict[str, Any]:
    """Remove the DaemonSet, and wait until it is gone where the task waits."""
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = _deadline(task)
    policy = task.params["propagation_policy"]
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    result: dict[str, Any] = {"changed": False, "daemonset": None, "rollout": None, "changes": []}
    if live is None:
        return result
    result["changed"] = "deletionTimestamp" not in live["metadata"]
    if result["changed"]:
        objects.delete(task.cluster, live, policy, task.check_mode, deadline)
        result |= field_changes(task, [(live, None)])
    if task.diff_mode:
        result["diff"] = difference(task, live, None)
    if task.params["wait"] and not task.check_mode:
        unseen = changed_all_the_same(
            result["changed"],
            lambda: waiting.until_gone(task.cluster, live, policy, deadline, task.progress),
        )
        if unseen:
            task.warnings.append(unseen)
    return result


_STATES: dict[str, Callable[[Task], dict[str, Any]]] = {
    "present": _present,
    "patched": _patched,
    "restarted": restarted,
    "absent": absent,
    "paused": paused,
    "resumed": resumed,
}


def existing(
    task: Task, namespace: str, name: str, deadline: Deadline, state: str
) -> dict[str, Any]:
    """The live DaemonSet.

    Raises:
        NotFoundError: there is none, so that it cannot be ``state``.
    """
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    if live is None:
        raise NotFoundError(
            f"There is no DaemonSet {namespace}/{name} on {task.cluster.server}, so it cannot be"
            f" {state}.",
            advice="Create it with state: present, or check name, namespace and cluster.",
            status=404,
        )
    return live


def _guard(task: Task, live: Mapping[str, Any] | None, namespace: str, name: str) -> None:
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
