# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Putting a template back that a DaemonSet had, by server-side apply."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .._base.deadline import Deadline
from .._base.errors import ConflictError, RefusedError
from .._cluster import clearing, daemonsets, fieldset, managers
from .._cluster.applying import Applied, apply
from .._cluster.connection import Cluster
from .._cluster.fieldset import FieldSet
from .._cluster.objects import How
from .._cluster.revisions import is_template
from .._spec.fields import CHANGE_CAUSE
from .._spec.tidy import tidied
from . import held_by_others, stating
from .history import TEMPLATE, marks_of, same_template, with_marks

_TEMPLATE_PATH = ("f:spec", "f:template")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Cause:
    """The change cause that belongs to a template; None where it had none."""

    text: str | None


def intent_with_template(
    live: Mapping[str, Any],
    template: Mapping[str, Any],
    manager: str,
    fields: FieldSet | None = None,
    adopt: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """All that our field manager owns of a DaemonSet, with another template.

    Of the template it states what we own now, and what the live one lacks or has otherwise. What
    others own with the same value, and the API's defaults, are left to them, so that a later
    ``present`` of the definition that gave this template finds nothing to do.

    Args:
        live: the DaemonSet as it is.
        template: the pod template that it shall have; its marks of restarts do not count, those of
            the live one stay.
        manager: our field manager.
        fields: the fields of the template that we shall own, where they are known exactly: the
            part of our field set below ``spec.template``.
        adopt: field managers whose fields become ours.
    """
    owned_set = managers.owned_with(live, manager, adopt)
    owned: dict[str, Any] = fieldset.from_owned(live, owned_set)
    intent = {**copy.deepcopy(owned), "apiVersion": "apps/v1", "kind": "DaemonSet"}
    metadata = live["metadata"]
    intent["metadata"] = {
        **(intent.get("metadata") or {}),
        "name": metadata["name"],
        "namespace": metadata["namespace"],
    }
    target = with_marks(template, marks_of(live["spec"]["template"]))
    if fields is not None:
        stated = fieldset.from_owned(target, fields, TEMPLATE)
    else:
        ours = fieldset.subset(owned_set, _TEMPLATE_PATH)
        stated = stating.stated(target, live["spec"]["template"], ours, TEMPLATE)
    return with_stated(intent, stated)


def with_stated(intent: dict[str, Any], template: Any) -> dict[str, Any]:
    """An intent with this template; without one where there is nothing to say of it."""
    spec = {key: value for key, value in (intent.get("spec") or {}).items() if key != "template"}
    if template:
        spec["template"] = template
    return {**{key: value for key, value in intent.items() if key != "spec"}, "spec": spec}


def to_template(
    cluster: Cluster,
    live: dict[str, Any],
    template: Mapping[str, Any],
    how: How,
    deadline: Deadline,
    *,
    fields: FieldSet | None = None,
    cause: Cause | None = None,
) -> Applied:
    """Give a DaemonSet a template that it had.

    A dry run tells first what would come of it. Where the least that has to be said does not give
    the template, all of it is said. What others hold then stays, with a warning. The object is
    guarded by its resource version; a change of its status alone does not count.

    Args:
        cluster: the connection.
        live: the DaemonSet as it is.
        template: the pod template, such as that of a revision; marks of restarts stay as they are.
        how: whose fields, force, adopt, and whether nothing is written.
        deadline: the task's.
        fields: see `intent_with_template`.
        cause: the change cause of the template, which the DaemonSet gets where the annotation is
            ours or nobody's.

    Raises:
        ConflictError: others own a field with another value, or all that would have to change; or
            the DaemonSet was changed meanwhile.
        RefusedError: the server does not accept it any more.
        ClusterError: everything else that a request can run into.
    """

    def attempt(seen: dict[str, Any]) -> Applied:
        guarded = replace(
            how,
            resource_version=seen["metadata"]["resourceVersion"],
            partial=True,
            verbatim=True,
        )
        return _attempt(cluster, seen, template, guarded, deadline, fields, cause)

    return _guarded(cluster, live, attempt, deadline)


def _guarded(
    cluster: Cluster,
    live: dict[str, Any],
    attempt: Callable[[dict[str, Any]], _T],
    deadline: Deadline,
) -> _T:
    """Try something with the object as it is, again where only its status changed meanwhile."""
    while True:
        try:
            return attempt(live)
        except ConflictError as error:
            if error.details.get("conflicts") or deadline.passed():
                raise
            # On many nodes the status changes many times a second, just while a bad version comes.
            live = _only_status_changed(cluster, live, error, deadline)


def _attempt(
    cluster: Cluster,
    live: dict[str, Any],
    template: Mapping[str, Any],
    how: How,
    deadline: Deadline,
    fields: FieldSet | None,
    cause: Cause | None,
) -> Applied:
    target = with_marks(template, marks_of(live["spec"]["template"]))
    adopted = managers.manager_names(how.adopt)
    intent = intent_with_template(live, target, how.manager, fields, adopted)
    _state_cause(intent, live, adopted | {how.manager}, cause)
    sent, predicted = _that_gives(cluster, intent, target, live, how, deadline)
    held = (
        {}
        if _gives(predicted, target)
        else held_by_others.held(predicted.after, target, how.manager)
    )
    if held and same_template(_template(predicted), live["spec"]["template"]):
        raise held_by_others.all_held(live, held)
    if not how.dry_run and predicted.changed:
        predicted = _made(cluster, sent, live, predicted, how, deadline)
        if sent is not intent and _gives(predicted, target):
            predicted = _settled(cluster, intent, predicted, how, deadline)
    if held:
        predicted.warnings.append(held_by_others.stays(live, held))
    return predicted


def _made(
    cluster: Cluster,
    intent: dict[str, Any],
    live: dict[str, Any],
    predicted: Applied,
    how: How,
    deadline: Deadline,
) -> Applied:
    """Do what was predicted. Where the answer was lost, the request is sent again, and the object
    is at another version by then: what was predicted is there.
    """
    try:
        return apply(cluster, intent, live, how, deadline)
    except ConflictError as error:
        if error.details.get("conflicts"):
            raise
        found = _read(cluster, live, deadline)
        wanted = predicted.after
        if found is None or _without_status(found) != _without_status(wanted):
            raise
        # What an adoption comes to is predicted but for the owners.
        owned = fieldset.set_of_intent(intent), managers.applied_set(wanted, how.manager)
        if managers.applied_set(found, how.manager) not in owned:
            raise
        return replace(predicted, after=found)


def _that_gives(
    cluster: Cluster,
    intent: dict[str, Any],
    target: Mapping[str, Any],
    live: dict[str, Any],
    how: How,
    deadline: Deadline,
) -> tuple[dict[str, Any], Applied]:
    """The least intent that gives the template, or comes nearest to it, with what it gives.

    A template that is the former one to the last detail gets the former revision, so that pods
    which are of that one still do not restart.
    """
    trial = replace(how, dry_run=True)
    best: tuple[dict[str, Any], Applied] | None = None
    refusal: RefusedError | None = None
    nobodys: list[fieldset.SetPath] = []
    said = intent["spec"].get("template") or {}
    # First as it is; then, once it is known what nobody owns, without that; then all of it is said.
    fuller = tidied(with_marks(target, {}), TEMPLATE)
    for template in (said, said, fuller):
        sent = with_stated(intent, clearing.cleared(template, nobodys, TEMPLATE))
        if best is not None and sent == best[0]:
            continue
        try:
            applied = apply(cluster, sent, live, trial, deadline)
        except RefusedError as error:
            refusal = refusal or error
            nobodys = nobodys or _left_by_nobody(live, target)
            continue
        if is_template(_template(applied), target):
            return sent, applied
        if best is None or _is_nearer(applied, best[1], target):
            best = sent, applied
        nobodys = nobodys or _left_by_nobody(applied.after, target)
    if best is None:
        raise held_by_others.refused(refusal, live, target, how)
    return best


def _is_nearer(one: Applied, other: Applied, target: Mapping[str, Any]) -> bool:
    """Whether one result is not as far from the template as another that was there before it."""
    return not _gives(other, target) and not same_template(_template(one), _template(other))


def _left_by_nobody(obj: Mapping[str, Any], target: Mapping[str, Any]) -> list[fieldset.SetPath]:
    """Fields of the template that the target lacks, and that stay since no manager owns them: the
    server made them of others (``serviceAccount``) or of nothing (``emptyDir``).
    """
    wanted = tidied(dict(target), TEMPLATE)
    return [
        path
        for path in stating.beside(target, obj["spec"]["template"], TEMPLATE)
        if not managers.owners_of(obj, (*_TEMPLATE_PATH, *path))
        and fieldset.select(wanted, path, TEMPLATE) is None
    ]


def _settled(
    cluster: Cluster, intent: dict[str, Any], made: Applied, how: How, deadline: Deadline
) -> Applied:
    """Give up what only had to be said once, where nothing but the ownership changes by that."""

    def attempt(seen: dict[str, Any]) -> Applied:
        version = seen["metadata"]["resourceVersion"]
        guarded = replace(how, resource_version=version, verbatim=False)
        trial = apply(cluster, intent, seen, replace(guarded, dry_run=True), deadline)
        if not is_template(_template(trial), _template(made)):
            return made
        return replace(made, after=apply(cluster, intent, seen, guarded, deadline).after)

    try:
        return _guarded(cluster, made.after, attempt, deadline)
    except (ConflictError, RefusedError):
        # Refused where a field that must be there would be nobody's then.
        return made


def _template(applied: Applied) -> dict[str, Any]:
    found: dict[str, Any] = applied.after["spec"]["template"]
    return found


def _gives(applied: Applied, target: Mapping[str, Any]) -> bool:
    return same_template(_template(applied), target)


def _state_cause(
    intent: dict[str, Any], live: Mapping[str, Any], ours: frozenset[str], cause: Cause | None
) -> None:
    """Have the annotation of the change cause tell of the template, where it is ours to write."""
    if cause is None:
        return
    path = ("f:metadata", "f:annotations", f"f:{CHANGE_CAUSE}")
    owners = managers.owners_of(live, path)
    if not ours.issuperset(owners):
        return
    annotations = intent["metadata"].setdefault("annotations", {})
    annotations.pop(CHANGE_CAUSE, None)
    if cause.text is not None:
        annotations[CHANGE_CAUSE] = cause.text
    if not annotations:
        del intent["metadata"]["annotations"]


def _only_status_changed(
    cluster: Cluster, live: Mapping[str, Any], stale: ConflictError, deadline: Deadline
) -> dict[str, Any]:
    """The object as it is now, where nobody but the controller wrote it meanwhile.

    Raises:
        ConflictError: somebody did, or it is gone.
    """
    metadata = live["metadata"]
    found = _read(cluster, live, deadline)
    if found is None or _without_status(found) != _without_status(live):
        raise ConflictError(
            f"DaemonSet {metadata['namespace']}/{metadata['name']} was changed by somebody else"
            " while it was being rolled back. Nothing was changed by this task.",
            advice="Look at it again, and run the task once more.",
            status=409,
        ) from stale
    return found


def _read(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> dict[str, Any] | None:
    """The object as it is now; None where it is gone."""
    metadata = live["metadata"]
    found = daemonsets.read(cluster, metadata["namespace"], metadata["name"], deadline)
    is_gone = found is None or found["metadata"]["uid"] != metadata["uid"]
    return None if is_gone else found


def _without_status(obj: Mapping[str, Any]) -> dict[str, Any]:
    passing = ("resourceVersion", "managedFields")
    metadata = {key: value for key, value in obj["metadata"].items() if key not in passing}
    return {**obj, "metadata": metadata, "status": None}
