# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of the module ``daemonset``: one DaemonSet, made, changed, restarted or removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, Fault, InputError, NotFoundError
from .._base.redaction import redact
from .._cluster import daemonsets, fieldset, guards, managers, objects
from .._cluster.applying import Applied, apply
from .._cluster.compare import align, differences
from .._cluster.options import CONNECTION_SPEC
from .._nodes.readiness import verdict
from .._rollout import replacing, restart, waiting
from .._spec import build, fields
from .._spec.fields import CHANGE_CAUSE
from .difference import difference
from .verb import Task, Verb

OWN_SPEC: dict[str, dict[str, Any]] = {
    "state": {
        "type": "str",
        "choices": ["present", "patched", "absent", "restarted"],
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
        "choices": ["fail", *replacing.POLICIES],
        "default": "fail",
    },
    "label_selectors": {"type": "list", "elements": "str"},
    "max_objects": {"type": "int"},
    "create_namespace": {"type": "bool", "default": False},
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
    faults = waiting.check_patience(params)
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
    applied = _applied(task, draft, live, deadline)
    result = settle(task, applied, deadline)
    if task.params["create_namespace"]:
        result["namespace_created"] = applied.namespace is not None
    if draft.pod_security is not None:
        result["pod_security"] = draft.pod_security
    return result


def _applied(
    task: Task, draft: build.Draft, live: dict[str, Any] | None, deadline: Deadline
) -> Applied:
    """Apply what the task asks for, to a new DaemonSet where its selector has to be another."""
    policy = replacing.POLICIES.get(task.params["on_selector_change"])
    if live is None and policy == "Orphan":
        intent = with_change_cause(task, build.complete(draft, None), None)
        return replacing.create(task.cluster, intent, how_of(task), deadline)
    if live is None or policy is None or not build.changes_selector(draft, live):
        intent = with_change_cause(task, build.complete(draft, live), live)
        return apply(task.cluster, intent, live, how_of(task), deadline)
    intent = with_change_cause(task, build.complete(draft, None), live)
    replacement = replacing.Replacement(live, intent, policy)
    return replacing.carry_out(task.cluster, replacement, how_of(task), deadline, task.progress)


def _patched(task: Task) -> dict[str, Any]:
    from .._spec import patch

    patch.read_patch(task.params)
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = _deadline(task)
    live = _existing(task, namespace, name, deadline, "patched")
    _guard(task, live, namespace, name)
    how = replace(how_of(task), partial=True)
    names = managers.manager_names(how.adopt)
    owned = fieldset.from_owned(live, managers.owned_with(live, how.manager, names))
    owned.update(apiVersion="apps/v1", kind="DaemonSet")
    owned.setdefault("metadata", {}).update(name=name, namespace=namespace)
    intent = with_change_cause(task, patch.patched(task.params, owned, live), live)
    applied = apply(task.cluster, intent, live, how, deadline)
    task.warnings.extend(_still_there(task, applied.after))
    return settle(task, applied, deadline)


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


def _restarted(task: Task) -> dict[str, Any]:
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = _deadline(task)
    key = task.params["restart_key"]
    try:
        live = _existing(task, namespace, name, deadline, "restarted")
    except NotFoundError as error:
        if not task.check_mode:
            raise
        task.warnings.append(
            f"{error.message} The real run fails if nothing before this task creates it."
        )
        return {"changed": True, "daemonset": None, "rollout": None}
    guards.refuse_deleting(live)
    applied = restart.once(task.cluster, live, key, task.check_mode, deadline)
    return settle(task, applied, deadline)


def absent(task: Task) -> dict[str, Any]:
    """Remove the DaemonSet, and wait until it is gone where the task waits."""
    namespace, name = build.identity(task.params, task.cluster.namespace)
    deadline = _deadline(task)
    policy = task.params["propagation_policy"]
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    result: dict[str, Any] = {"changed": False, "daemonset": None, "rollout": None}
    if live is None:
        return result
    result["changed"] = "deletionTimestamp" not in live["metadata"]
    if result["changed"]:
        objects.delete(task.cluster, live, policy, task.check_mode, deadline)
    if task.diff_mode:
        result["diff"] = difference(task, live, None)
    if task.params["wait"] and not task.check_mode:
        unseen = _changed_all_the_same(
            result["changed"],
            lambda: waiting.until_gone(task.cluster, live, policy, deadline, task.progress),
        )
        if unseen:
            task.warnings.append(unseen)
    return result


_STATES: dict[str, Callable[[Task], dict[str, Any]]] = {
    "present": _present,
    "patched": _patched,
    "restarted": _restarted,
    "absent": absent,
}


def _existing(
    task: Task, namespace: str, name: str, deadline: Deadline, state: str
) -> dict[str, Any]:
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


def with_change_cause(
    task: Task, intent: dict[str, Any], live: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The intent with its change cause: the new one where the template changes, else the one that
    stands.
    """
    cause = task.params["change_cause"]
    if cause is None:
        return intent
    if live is not None and not _template_differs(intent, live, task.params["field_manager"]):
        cause = (live["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)
    if cause is not None:
        intent["metadata"].setdefault("annotations", {})[CHANGE_CAUSE] = cause
    return intent


def _template_differs(intent: dict[str, Any], live: Mapping[str, Any], manager: str) -> bool:
    path = ("f:spec", "f:template")
    wanted = fieldset.subset(fieldset.set_of_intent(intent), path)
    owned = fieldset.subset(managers.applied_set(live, manager), path)
    if wanted != owned:
        return True
    template = {"spec": {"template": intent["spec"].get("template", {})}}
    return bool(differences(align(template, live), live))


def settle(task: Task, applied: Applied, deadline: Deadline) -> dict[str, Any]:
    """The result of a change, once the rollout has ended where the task waits for it."""
    task.warnings.extend(applied.warnings)
    if applied.rewritten and not applied.changed:
        task.warnings.append(
            "The server holds something else than was asked for (an admission webhook, or a value"
            f" that it writes in another form): {', '.join(applied.rewritten[:8])}."
        )
    after, found = applied.after, verdict(applied.after)
    if task.params["wait"] and not task.check_mode:
        patience = waiting.patience_of(task.params)
        after, found = _changed_all_the_same(
            applied.changed,
            lambda: waiting.until_ready(
                task.cluster, applied.after, patience, deadline, task.progress
            ),
        )
    result = {
        "changed": applied.changed,
        "daemonset": _shown(task, after),
        "rollout": found.as_result(),
    }
    if task.diff_mode:
        diff = difference(task, applied.before, applied.after)
        result["diff"] = (
            diff if applied.namespace is None else [difference(task, None, applied.namespace), diff]
        )
    return result


def _changed_all_the_same(changed: bool, wait: Callable[[], Any]) -> Any:
    """Wait, and have a failure say too whether something was changed before."""
    try:
        return wait()
    except EverynodeError as error:
        error.details["changed"] = changed
        raise


def _shown(task: Task, live: Mapping[str, Any]) -> dict[str, Any]:
    """The object as a result shows it: without managedFields and secrets."""
    metadata = {k: v for k, v in live["metadata"].items() if k != "managedFields"}
    shown: dict[str, Any] = redact({**live, "metadata": metadata}, task.secrets)
    return shown


VERB = Verb(
    name="daemonset",
    run=run,
    argument_spec={**fields.argument_spec(), **OWN_SPEC, **waiting.WAIT_SPEC, **CONNECTION_SPEC},
    mutually_exclusive=(("definition", "src"),),
)
