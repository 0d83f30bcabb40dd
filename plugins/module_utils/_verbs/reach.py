# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where ``daemonset_info`` looks: in one namespace, in some or in all; and what it may not read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Union

from .._base.deadline import Deadline
from .._base.errors import Fault, ForbiddenError
from .._base.words import count_of, some_of
from .._cluster import lists, objects
from .verb import Task

_AT_ONCE = 10
_NAMED = 10
_NAME_THEM = "Name those that may be read with the parameter namespaces."

_Objects = list[dict[str, Any]]
_Place = TypeVar("_Place")
_Listed = Union[_Objects, ForbiddenError]  # noqa: UP007 (sanity wants no X | Y outside annotations)


@dataclass(frozen=True)
class Reach:
    """Where DaemonSets were read.

    Attributes:
        namespaces: in these; None where the whole cluster was read at once.
        denied: the namespaces among those that were asked for that may not be read.
        missing: those among them that do not exist.
    """

    namespaces: tuple[str, ...] | None
    denied: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def faults(params: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the parameters that say where to look."""
    found = []
    if params["namespace"] is not None:
        found = [
            Fault("namespace", f"it cannot be given together with {other}")
            for other in ("namespaces", "all_namespaces")
            if params[other]
        ]
    if params["namespaces"] == [] and not params["all_namespaces"]:
        found.append(Fault("namespaces", "it is empty: name at least one, or leave it out"))
    return found


def daemonsets(task: Task, query: Mapping[str, str], deadline: Deadline) -> tuple[_Objects, Reach]:
    """The DaemonSets of the namespaces that were asked for, and where they were read.

    Raises:
        ForbiddenError: none of the namespaces may be read.
        ClusterError: in one of its other kinds.
    """
    params = task.params
    # Made before there are threads that share it.
    cluster = task.cluster
    if params["all_namespaces"]:
        return _everywhere(task, query, deadline)
    if params["namespaces"]:
        return _in_each(task, params["namespaces"], query, deadline)
    namespace = params["namespace"] or cluster.namespace
    return _list(task, namespace, query, deadline), Reach((namespace,))


def _everywhere(task: Task, query: Mapping[str, str], deadline: Deadline) -> tuple[_Objects, Reach]:
    try:
        return _list(task, None, query, deadline), Reach(None)
    except ForbiddenError as error:
        refused = error
    return _in_each(
        task, task.params["namespaces"] or _visible(task, refused, deadline), query, deadline
    )


def _visible(task: Task, refused: ForbiddenError, deadline: Deadline) -> list[str]:
    """The names of all namespaces, where those may be listed at least."""
    try:
        return [
            str(one["metadata"]["name"])
            for one in lists.each(
                task.cluster, "/api/v1/namespaces", {}, deadline, "list the namespaces"
            )
        ]
    except ForbiddenError as error:
        raise ForbiddenError(
            f"{refused.message} {error.message}", advice=_NAME_THEM, status=error.status
        ) from error


def _in_each(
    task: Task, names: Sequence[str], query: Mapping[str, str], deadline: Deadline
) -> tuple[_Objects, Reach]:
    """The DaemonSets of each namespace, side by side."""
    names = list(dict.fromkeys(names))
    listed = in_each(names, lambda name: _list(task, name, query, deadline))
    denied = {
        name: answer
        for name, answer in zip(names, listed, strict=True)
        if isinstance(answer, ForbiddenError)
    }
    if denied and len(denied) == len(names):
        raise _all_denied(list(denied.values()))
    if denied:
        task.warnings.append(
            f"The DaemonSets of {count_of(len(denied), 'namespace')} may not be listed, and are not"
            f" shown: {some_of(list(denied), _NAMED)}."
        )
    missing: list[str] = []
    if task.params["namespaces"]:
        from .namespaces import warn_of_missing

        empty = [name for name, answer in zip(names, listed, strict=True) if answer == []]
        missing = warn_of_missing(task, empty, deadline)
    found = [item for answer in listed if isinstance(answer, list) for item in answer]
    read = tuple(name for name in names if name not in denied)
    return found, Reach(read, tuple(sorted(denied)), tuple(missing))


def _all_denied(errors: Sequence[ForbiddenError]) -> ForbiddenError:
    first = errors[0]
    if len(errors) == 1:
        return first
    return ForbiddenError(
        f"None of {len(errors)} namespaces may be read. {first.message}",
        advice=f"{_NAME_THEM} {first.advice}".strip(),
        status=first.status,
    )


def in_each(places: Sequence[_Place], read: Callable[[_Place], _Objects]) -> list[_Listed]:
    """What ``read`` gives for each place, or the error where that is forbidden."""

    def tried(place: _Place) -> _Listed:
        try:
            return read(place)
        except ForbiddenError as error:
            return error

    if len(places) == 1:
        return [tried(places[0])]
    from .many_at_once import side_by_side

    return side_by_side(places, tried, _AT_ONCE)


def warn_of(task: Task, what: str, answers: Sequence[_Listed]) -> None:
    """Tell the user in one warning what is not shown, as it may not be listed."""
    warn_of_refusals(
        task, what, [one.message for one in answers if isinstance(one, ForbiddenError)]
    )


def warn_of_refusals(task: Task, what: str, reasons: Sequence[str]) -> None:
    """The same, where it is known of each namespace that may not be read why."""
    if reasons:
        others = count_of(len(reasons) - 1, "other namespace")
        more = f" So it is in {others}." if len(reasons) > 1 else ""
        task.warnings.append(f"The {what} are not shown: {reasons[0]}{more}")


def _list(
    task: Task, namespace: str | None, query: Mapping[str, str], deadline: Deadline
) -> _Objects:
    found, _version = objects.list_all(
        task.cluster,
        f"/apis/apps/v1{path_of(namespace)}/daemonsets",
        query,
        deadline,
        f"list DaemonSets {in_words(namespace)}",
    )
    return found


def path_of(namespace: str | None) -> str:
    """The part of an API path that names the namespace; empty for all."""
    return "" if namespace is None else f"/namespaces/{namespace}"


def in_words(namespace: str | None) -> str:
    """Where, in words."""
    return "in all namespaces" if namespace is None else f"in namespace {namespace}"
