# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server-side apply of one object, with a proof where it would change nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import (
    ClusterError,
    ConflictError,
    EverynodeError,
    NotFoundError,
    RefusedError,
)
from .._spec.schema import FieldType
from . import fieldset, managers, obstacles
from .compare import align, differences
from .connection import Cluster
from .kinds import Kind, is_built_in, kind_of
from .objects import How, controllable, read, send


@dataclass
class Applied:
    """What an apply did, or in check mode would do.

    Attributes:
        before: the live object, or None where there was none.
        after: the object afterwards.
        changed: whether the object or what we own of it changed; status never counts.
        warnings: the server's warnings, and our own about this apply.
        rewritten: paths where the server holds something else than was asked for.
        namespace: the namespace that was made for the object, if one was.
    """

    before: dict[str, Any] | None
    after: dict[str, Any]
    changed: bool
    warnings: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    namespace: dict[str, Any] | None = None


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def apply(
    cluster: Cluster,
    intent: dict[str, Any],
    live: dict[str, Any] | None,
    how: How,
    deadline: Deadline,
) -> Applied:
    """Make ``intent`` all that our field manager wants of the object, by server-side apply
    (KEP-555).

    Sends nothing where the live object proves that the server would change nothing: every value
    that is asked for is there, and the fields that we own are those that applying would make ours.

    Raises:
        ConflictError: another manager owns a field with another value.
        RefusedError: the server does not accept the object.
        ClusterError: everything else that a request can run into.
    """
    kind = kind_of(intent)
    if live is None:
        return _create(cluster, kind, intent, how, deadline)
    if not is_built_in(kind):
        return _apply_unknown(cluster, intent, live, how, deadline)
    field_type = kind.field_type
    intended = fieldset.set_of_intent(intent, field_type)
    names = managers.manager_names(how.adopt)
    adoption = managers.plan_adoption(live, how.manager, names)
    silent = how.force or how.partial
    warnings = (
        [] if silent else obstacles.left_behind(live, intended, how.manager, names, field_type)
    )
    aligned = intent if how.verbatim else align(intent, live, field_type)
    owned = managers.applied_set(live, how.manager)
    if adoption is None and owned == intended and not differences(aligned, live, field_type):
        return Applied(live, live, False, warnings)
    sent = aligned
    if kind.kind == "DaemonSet":
        sent = _with_nulls(aligned, live, intended, how, names)
    if adoption is None:
        after, server_warnings = _send(cluster, sent, live, how, deadline)
    elif how.dry_run:
        from .adopting import predict

        after, server_warnings = predict(cluster, sent, intended, live, adoption, how, deadline)
    else:
        from .adopting import adopt

        version = adopt(cluster, live, adoption, names, how, deadline)
        if how.resource_version is not None:
            how = replace(how, resource_version=version)
        after, server_warnings = _send(cluster, sent, live, how, deadline)
    if sent is not aligned and not how.dry_run:
        after = _given_up(cluster, aligned, after, how, deadline)
    rewritten = differences(align(aligned, after, field_type), after, field_type)
    changed = adoption is not None or _changed(live, after, how.manager, field_type)
    return Applied(live, after, changed, [*server_warnings, *warnings], rewritten)


def _with_nulls(
    intent: dict[str, Any],
    live: dict[str, Any],
    intended: fieldset.FieldSet,
    how: How,
    adopted: frozenset[str],
) -> dict[str, Any]:
    """The intent, with a null for what nobody owns and what would outlive it; else itself."""
    from . import clearing

    owned = managers.owned_with(live, how.manager, adopted)
    paths = clearing.outlived(intent, live, intended, owned, adopted | {how.manager})
    found: dict[str, Any] = clearing.cleared(intent, paths) if paths else intent
    return found


def _given_up(
    cluster: Cluster, intent: dict[str, Any], made: dict[str, Any], how: How, deadline: Deadline
) -> dict[str, Any]:
    """Give up the fields that were ours only so that they go away; the object stays as it is."""
    try:
        return send(cluster, intent, replace(how, resource_version=None), deadline)[0]
    except ClusterError:
        # The object is as it was asked for all the same; the next apply gives them up.
        return made


def _apply_unknown(
    cluster: Cluster,
    intent: dict[str, Any],
    live: dict[str, Any],
    how: How,
    deadline: Deadline,
) -> Applied:
    """Apply an object whose fields are not known here: a dry run says what would change."""
    names = managers.manager_names(how.adopt)
    adoption = managers.plan_adoption(live, how.manager, names)
    if adoption is not None and not how.dry_run:
        from .adopting import adopt

        adopt(cluster, live, adoption, names, how, deadline)
    trial = replace(how, dry_run=True, force=how.force or adoption is not None)
    after, warnings = send(cluster, intent, trial, deadline)
    changed = adoption is not None or _changed(live, after, how.manager)
    if changed and not how.dry_run:
        after, warnings = _send(cluster, intent, live, how, deadline)
    return Applied(live, after, changed, warnings)


def _send(
    cluster: Cluster,
    intent: dict[str, Any],
    live: Mapping[str, Any],
    how: How,
    deadline: Deadline,
) -> tuple[dict[str, Any], list[str]]:
    """As `objects.send`, but where nobody else than the write itself has changed the object, whose
    answer was lost, its repetition is no conflict.
    """
    try:
        return send(cluster, intent, how, deadline)
    except ConflictError as error:
        found = _written(cluster, intent, live, how, deadline) if error.repeated else None
        if found is None:
            raise
        return found, []


def _written(
    cluster: Cluster,
    intent: dict[str, Any],
    live: Mapping[str, Any],
    how: How,
    deadline: Deadline,
) -> dict[str, Any] | None:
    """The object as it is now, where that is what applying the intent to ``live`` has made of it;
    else None.
    """
    metadata = live["metadata"]
    found = read(cluster, kind_of(live), metadata.get("namespace", ""), metadata["name"], deadline)
    if found is None or found["metadata"]["uid"] != metadata["uid"]:
        return None
    if managers.others_have_written(live, found, how.manager):
        return None
    try:
        trial, _warnings = send(
            cluster, intent, replace(how, dry_run=True, resource_version=None), deadline
        )
    except (ConflictError, RefusedError):
        return None
    return None if _changed(found, trial, how.manager) else found


def _create(
    cluster: Cluster, kind: Kind, intent: dict[str, Any], how: How, deadline: Deadline
) -> Applied:
    namespace = intent["metadata"].get("namespace", "")
    try:
        after, warnings = send(cluster, intent, how, deadline)
    except NotFoundError as error:
        if not kind.namespaced:
            raise
        if how.create_namespace:
            return _create_with_namespace(cluster, intent, how, deadline)
        if how.dry_run:
            return unseen(intent)
        raise NotFoundError(
            f"Cannot create {kind.called(namespace, intent['metadata']['name'])}: the namespace"
            f" {namespace} does not exist on {cluster.server}.",
            advice="Create the namespace first, have the task do it with create_namespace: true, or"
            " name another with the parameter namespace.",
            status=error.status,
            body=error.body,
        ) from error
    rewritten = []
    if is_built_in(kind):
        rewritten = differences(align(intent, after, kind.field_type), after, kind.field_type)
    return Applied(None, after, True, warnings, rewritten)


def _create_with_namespace(
    cluster: Cluster, intent: dict[str, Any], how: How, deadline: Deadline
) -> Applied:
    """Make a namespace, of which only the name is ours, and the object in it."""
    name = intent["metadata"]["namespace"]
    wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    namespace, warnings = send(cluster, wanted, How(how.manager, dry_run=how.dry_run), deadline)
    if how.dry_run:
        applied = unseen(intent)
    else:
        try:
            applied = _create(
                cluster, kind_of(intent), intent, replace(how, create_namespace=False), deadline
            )
        except EverynodeError as error:
            error.details["changed"] = True
            error.advice = f"{error.advice} The namespace {name} has been created.".strip()
            raise
    applied.namespace = namespace
    applied.warnings[:0] = warnings
    return applied


def unseen(intent: dict[str, Any]) -> Applied:
    """What creating an object in a namespace that does not exist yet would do, as far as that can
    be said without the server (check mode).
    """
    told = (
        f"The namespace {intent['metadata']['namespace']} does not exist yet, so the server could"
        f" not check this {intent['kind']}; it was checked offline only."
    )
    return Applied(None, copy.deepcopy(intent), True, [told])


def _changed(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    manager: str,
    field_type: FieldType | None = None,
) -> bool:
    """Whether the object changed, or what of it is ours; of a type that is known, only what holds a
    value counts.
    """
    if controllable(before) != controllable(after):
        return True
    had, has = (managers.applied_set(side, manager) for side in (before, after))
    if had == has or field_type is None:
        return had != has
    return fieldset.of_values(had, before, field_type) != fieldset.of_values(has, after, field_type)
