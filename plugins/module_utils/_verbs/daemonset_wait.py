# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of ``daemonset_wait``: many rollouts, in one or many namespaces, waited for at once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import (
    BatchError,
    ClusterError,
    EverynodeError,
    Fault,
    ForbiddenError,
    InputError,
    NotFoundError,
)
from .._base.words import count_of
from .._cluster.objects import list_all
from .._cluster.options import CONNECTION_SPEC
from .._rollout import waiting, watching
from .._rollout.following import Following
from .._rollout.patience import Patience
from .._spec.build import identity
from .verb import Task, Verb

_OWN_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "namespace": {"type": "str"},
    "namespaces": {"type": "list", "elements": "str"},
    "all_namespaces": {"type": "bool", "default": False},
    "label_selectors": {"type": "list", "elements": "str", "default": []},
    "wait_for_missing": {"type": "bool", "default": False},
}
_PATIENCE = {name: spec for name, spec in waiting.WAIT_SPEC.items() if name != "wait"}


@dataclass
class _Place:
    """What is waited for in one namespace, or in all (an empty name).

    Attributes:
        namespace: its name.
        names: the DaemonSets that must be there; empty for all that match the selectors.
        wanted: names that need not be in this one, as they may be in another.
        error: why its DaemonSets may not be listed.
    """

    namespace: str
    names: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    error: ForbiddenError | None = None

    def takes(self, name: str) -> bool:
        """Whether a DaemonSet of this name is waited for."""
        chosen = self.names | self.wanted
        return not chosen or name in chosen

    @property
    def only(self) -> str:
        """The one name that is looked for; empty where it is not exactly one."""
        chosen = self.names | self.wanted
        return next(iter(chosen)) if len(chosen) == 1 else ""


class _Coming(watching.Expected):
    """The DaemonSets that are named and not there yet."""

    def __init__(self, places: Sequence[_Place], followed: list[Following], patience: Patience):
        self._places = {place.namespace: place for place in places}
        self._followed = followed
        self._patience = patience

    def missing(self) -> int:
        return len(_missing(list(self._places.values()), self._followed))

    def take(self, live: dict[str, Any], now: float) -> Following | None:
        metadata = live["metadata"]
        place = self._places.get(metadata["namespace"]) or self._places.get("")
        known = {one.name for one in self._followed}
        if place is None or f"{metadata['namespace']}/{metadata['name']}" in known:
            return None
        if not place.takes(metadata["name"]):
            return None
        one = _followed(live, self._patience, now)
        self._followed.append(one)
        return one


def _followed(live: Mapping[str, Any], patience: Patience, now: float) -> Following:
    # In a list, the server's answer says the kind once for all.
    kind = {"apiVersion": "apps/v1", "kind": "DaemonSet"}
    return Following({**kind, **live}, patience, now, to_the_last_step=True)


def run(task: Task) -> dict[str, Any]:
    """Wait until all DaemonSets that were asked for are ready.

    Raises:
        BatchError: some are missing, or are not ready in time, or will not be; its details say what
            became of each.
    """
    faults = _faults(task.params)
    if faults:
        raise InputError(faults)
    deadline = Deadline(task.params["wait_timeout"])
    patience = waiting.patience_of(task.params)
    places = _places(task)
    followed: list[Following] = []
    scopes: list[watching.Scope] = []
    for place in places:
        try:
            found, version = _listed(task, place, deadline)
        except ForbiddenError as error:
            place.error = error
            continue
        now = time.monotonic()
        some = [_followed(one, patience, now) for one in found]
        followed += some
        later = task.params["wait_for_missing"] and bool(_missing([place], some))
        if later or not all(one.ended for one in some):
            scopes.append(watching.Scope(place.namespace, version, place.only))
    _warn_of_missing_namespaces(task, places, followed, deadline)
    expected = _Coming(places, followed, patience) if task.params["wait_for_missing"] else None
    failed: ClusterError | None = None
    if not task.check_mode:
        try:
            watching.follow(task.cluster, followed, scopes, deadline, task.progress, expected)
        except ClusterError as error:
            failed = error
    return _result(task, places, followed, failed)


def _faults(params: Mapping[str, Any]) -> list[Fault]:
    faults = waiting.check_patience(params)
    if params["name"] is not None and params["names"] is not None:
        faults.append(Fault("name", "it cannot be given together with names"))
    given = [name for name in ("namespace", "namespaces") if params[name] is not None]
    if params["all_namespaces"]:
        given.append("all_namespaces")
    if len(given) > 1:
        faults.append(Fault(given[0], f"it cannot be given together with {given[1]}"))
    for path, name in _named(params):
        namespace, _slash, short = name.rpartition("/")
        faults += _misspelt(path, {"name": short, "namespace": namespace or "default"})
        if namespace and params["all_namespaces"]:
            faults.append(
                Fault(path, f'"{name}" names a namespace, and all_namespaces asks for all')
            )
    for path, namespace in _namespaces(params):
        faults += _misspelt(path, {"name": "all", "namespace": namespace})
    for path in ("names", "namespaces"):
        if params[path] == []:
            faults.append(Fault(path, "it is empty; leave it out to wait for all"))
    if params["wait_for_missing"]:
        if not _named(params):
            faults.append(Fault("wait_for_missing", "it needs names, or name: who is to come"))
        if params["label_selectors"]:
            problem = "it cannot be given together with label_selectors"
            faults.append(Fault("wait_for_missing", problem))
    return faults + _wrong_selectors(params["label_selectors"])


def _wrong_selectors(selectors: Sequence[str]) -> list[Fault]:
    empty = [
        Fault(f"label_selectors[{index}]", "it is empty")
        for index, selector in enumerate(selectors)
        if not selector.strip()
    ]
    if empty or not selectors:
        return empty
    from .._spec.query_selectors import check_label_selectors

    return check_label_selectors("label_selectors", selectors)


def _misspelt(path: str, given: Mapping[str, str]) -> Iterable[Fault]:
    try:
        identity(given, "default")
    except InputError as error:
        return [Fault(path, fault.problem) for fault in error.faults]
    return []


def _named(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The DaemonSets that are named, with the parameter that does."""
    if params["name"] is not None:
        return [("name", params["name"])]
    return [(f"names[{index}]", name) for index, name in enumerate(params["names"] or [])]


def _namespaces(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    if params["namespace"] is not None:
        return [("namespace", params["namespace"])]
    given = params["namespaces"] or []
    return [(f"namespaces[{index}]", name) for index, name in enumerate(given)]


def _places(task: Task) -> list[_Place]:
    """Where to look for what, each namespace once."""
    params = task.params
    named = [name for _path, name in _named(params)]
    qualified = [name for name in named if "/" in name]
    plain = {name for name in named if "/" not in name}
    names = [name for _path, name in _namespaces(params)]
    if params["all_namespaces"]:
        names = [""]
    elif not names and (plain or not qualified):
        names = [task.cluster.namespace]
    places = {name: _Place(name, wanted=set(plain)) for name in names if plain or not qualified}
    for one in qualified:
        namespace, _slash, name = one.partition("/")
        places.setdefault(namespace, _Place(namespace)).names.add(name)
    return list(places.values())


def _listed(task: Task, place: _Place, deadline: Deadline) -> tuple[list[dict[str, Any]], str]:
    where = f"namespace {place.namespace}" if place.namespace else "all namespaces"
    query = {"labelSelector": ",".join(task.params["label_selectors"])}
    if place.only:
        query["fieldSelector"] = f"metadata.name={place.only}"
    found, version = list_all(
        task.cluster,
        watching.path_of(place.namespace),
        {key: value for key, value in query.items() if value},
        deadline,
        f"list the DaemonSets of {where}",
    )
    return [one for one in found if place.takes(one["metadata"]["name"])], version


def _warn_of_missing_namespaces(
    task: Task, places: Sequence[_Place], followed: Sequence[Following], deadline: Deadline
) -> None:
    """Of those that the task lists, unless they are still to come."""
    listed = task.params["namespaces"]
    if not listed or task.params["wait_for_missing"]:
        return
    from .namespaces import warn_of_missing

    seen = {one.live["metadata"]["namespace"] for one in followed}
    denied = {place.namespace for place in places if place.error is not None}
    warn_of_missing(task, [one for one in listed if one not in seen | denied], deadline)


def _result(
    task: Task,
    places: Sequence[_Place],
    followed: Sequence[Following],
    failed: ClusterError | None,
) -> dict[str, Any]:
    entries = [_entry(task, one, failed) for one in followed]
    missing = [*_forbidden(places), *_absent(task, places, followed)]
    result: dict[str, Any] = {
        "changed": False,
        "ready": not missing and all(one.found.ready for one in followed),
        "daemonsets": entries,
    }
    if not followed and not missing:
        task.warnings.append(f"There was nothing to wait for: no DaemonSet {_where(task)}.")
    if task.check_mode:
        # Tasks before this one create them in the real run.
        task.warnings += [str(error) for error in missing if isinstance(error, NotFoundError)]
        missing = [error for error in missing if not isinstance(error, NotFoundError)]
    errors = [error for one in followed if (error := _error(task, one, failed)) is not None]
    if not errors and not missing:
        return result
    if len(followed) + len(missing) == 1:
        only = [*errors, *missing][0]
        only.details = {**only.details, **result}
        raise only
    problems = [
        f"{one['namespace']}/{one['name']}: {one['msg']}" for one in entries if "msg" in one
    ]
    lines = "".join(f"\n  - {problem}" for problem in [*problems, *map(str, missing)])
    told = _in_words(len(followed), len(errors), len(missing))
    raise BatchError(f"{told}:{lines}", details=result)


def _in_words(found: int, failed: int, missing: int) -> str:
    """How many became ready, and how many did not for which reason."""
    if not found:
        return "Nothing could be waited for"
    told = f"{count_of(found, 'DaemonSet is', 'DaemonSets are')} "
    told = f"{failed} of {told}not ready" if failed else f"{told}ready"
    link = ", and" if failed else ", but"
    return f"{told}{link} {count_of(missing, 'other')} could not be waited for" if missing else told


def _forbidden(places: Iterable[_Place]) -> list[EverynodeError]:
    return [place.error for place in places if place.error is not None]


def _absent(
    task: Task, places: Sequence[_Place], followed: Sequence[Following]
) -> list[EverynodeError]:
    """A failure for each name of which no DaemonSet was found where it could be looked for."""
    waited = task.params["wait_for_missing"] and not task.check_mode
    after = f" after {task.params['wait_timeout']} seconds" if waited else ""
    advice = "Create it before, or check name, namespace and cluster."
    if not waited:
        advice += " To wait for one that is still to come, set wait_for_missing."
    return [
        NotFoundError(
            f"There is no DaemonSet {name if '/' in name else f'{name} {_where(task)}'} on"
            f" {task.cluster.server}{after}.",
            advice=advice,
            status=404,
        )
        for name in _missing(places, followed)
    ]


def _missing(places: Sequence[_Place], followed: Sequence[Following]) -> list[str]:
    """The names of which no DaemonSet was found where it could be looked for: with a namespace
    where it has to be in that one.
    """
    seen = [place for place in places if place.error is None]
    found = {one.name for one in followed}
    absent = [
        f"{place.namespace}/{name}"
        for place in seen
        for name in sorted(place.names)
        if f"{place.namespace}/{name}" not in found
    ]
    if len(seen) == len(places):
        # Of names without a namespace there has to be one somewhere.
        short = {one.live["metadata"]["name"] for one in followed}
        absent += sorted({name for place in seen for name in place.wanted} - short)
    return absent


def _where(task: Task) -> str:
    """Where names without a namespace were looked for, and with what labels."""
    params = task.params
    names = [name for _path, name in _namespaces(params)] or [task.cluster.namespace]
    where = "any namespace" if params["all_namespaces"] else f"namespace {', '.join(names)}"
    selectors = ",".join(params["label_selectors"])
    return f"in {where} with the labels {selectors}" if selectors else f"in {where}"


def _error(task: Task, one: Following, failed: ClusterError | None) -> EverynodeError | None:
    """Why the wait for one of them failed."""
    if task.check_mode:
        return None
    return failed if one.error is None and not one.found.ready else one.error


def _entry(task: Task, one: Following, failed: ClusterError | None) -> dict[str, Any]:
    """What the result says of one DaemonSet."""
    metadata = one.live["metadata"]
    error = _error(task, one, failed)
    entry: dict[str, Any] = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": one.uid,
        "changed": False,
        "done": "nothing",
        "failed": error is not None,
        "rollout": one.found.as_result(),
    }
    if error is not None:
        entry["msg"] = str(error)
        entry["error"] = {"kind": error.kind, "status": getattr(error, "status", None)}
        entry["rollout"] = error.details.get("rollout", entry["rollout"])
    return entry


VERB = Verb(
    name="daemonset_wait",
    run=run,
    argument_spec={**_OWN_SPEC, **_PATIENCE, **CONNECTION_SPEC},
)
