# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading for the details of several DaemonSets at once: each list once for a scope, each object
once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import ForbiddenError, NotFoundError
from .._cluster import lists
from .many_at_once import side_by_side
from .reach import warn_of_refusals
from .verb import Task

# For more namespaces than these, one list of all is read rather than one of each.
_FEW = 3
# Objects that are read one by one: so many in all, and so many at a time.
_MOST = 200
_AT_ONCE = 8

Keep = Callable[[dict[str, Any]], "dict[str, Any] | None"]


@dataclass
class Shown:
    """A DaemonSet whose details are shown.

    Attributes:
        live: the whole object.
        pods: all of its pods; None where they were not listed, or may not be.
        notes: sentences about what could not be found out.
    """

    live: Mapping[str, Any]
    pods: list[dict[str, Any]] | None
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The DaemonSet's name."""
        return str(self.live["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The DaemonSet's namespace."""
        return str(self.live["metadata"]["namespace"])

    @property
    def uid(self) -> str:
        """The DaemonSet's uid."""
        return str(self.live["metadata"]["uid"])

    @property
    def template(self) -> Mapping[str, Any]:
        """The pod template."""
        found: Mapping[str, Any] = self.live["spec"]["template"]
        return found


@dataclass(frozen=True)
class Known:
    """What is known of an object that something names.

    Attributes:
        exists: None where it may not be read, or was not looked up.
        kept: what is kept of it, where it is there.
    """

    exists: bool | None = None
    kept: dict[str, Any] | None = None


@dataclass(frozen=True)
class Visited:
    """How going through a list went.

    Attributes:
        refused: of the namespaces that may not be read, why.
        cut: whether there are more objects than were to be read.
    """

    refused: dict[str, str]
    cut: bool


class Reading:
    """What the details of some DaemonSets are read with.

    Args:
        task: the task.
        each: the DaemonSets.
        deadline: when to give up.
    """

    def __init__(self, task: Task, each: Sequence[Shown], deadline: Deadline):
        self.task = task
        self.each = each
        self.deadline = deadline
        # Whether lists of all namespaces are tried: a refusal mostly holds for the next kind, too.
        self._wide = True

    def by_namespace(self) -> dict[str, list[Shown]]:
        """The DaemonSets by their namespaces."""
        found: dict[str, list[Shown]] = {}
        for one in self.each:
            found.setdefault(one.namespace, []).append(one)
        return found

    def visit(
        self,
        group: str,
        resource: str,
        take: Callable[[str, dict[str, Any]], None],
        *,
        namespaces: Collection[str],
        query: Callable[[str], Mapping[str, str]] = lambda _namespace: {},
        most: int | None = None,
        deadline: Deadline | None = None,
    ) -> Visited:
        """Go through the objects of some namespaces, of which one page at a time is in memory.

        Args:
            group: the path of the API, such as ``/api/v1``.
            resource: the plural of the kind.
            take: is given the namespace and each object in it; of several namespaces at a time.
            namespaces: those that are looked into.
            query: the query for a namespace, or, where it is empty, for all.
            most: of a list no more objects than these are read.
            deadline: when to give up, where that is before the task's.

        Raises:
            ClusterError: for other reasons than a missing right.
        """

        def read(namespace: str) -> str | None:
            """Whether it went well, or why not."""
            scope = f"/namespaces/{namespace}" if namespace else ""
            where = f"in namespace {namespace}" if namespace else "in all namespaces"
            found = lists.each(
                self.task.cluster,
                f"{group}{scope}/{resource}",
                query(namespace),
                deadline or self.deadline,
                f"list {resource} {where}",
            )
            try:
                for number, obj in enumerate(found):
                    if number == most:
                        cut.append(namespace)
                        break
                    home = namespace or obj["metadata"].get("namespace", "")
                    if home in namespaces:
                        take(home, obj)
            except ForbiddenError as error:
                return error.message
            return None

        cut: list[str] = []
        if self._wide and len(namespaces) > _FEW:
            if read("") is None:
                return Visited({}, bool(cut))
            self._wide = False
        names = sorted(namespaces)
        told = [read(names[0])] if len(names) == 1 else side_by_side(names, read, _AT_ONCE)
        return Visited({name: why for name, why in zip(names, told, strict=True) if why}, bool(cut))

    def lists(
        self,
        group: str,
        resource: str,
        keep: Keep,
        *,
        query: Callable[[str], Mapping[str, str]] = lambda _namespace: {},
        warn: bool = True,
    ) -> dict[str, list[dict[str, Any]] | None]:
        """What ``keep`` makes of the objects of each namespace, without those of which it makes
        None; None, with a note, for a namespace that may not be read.

        Args:
            group: see `visit`.
            resource: see `visit`.
            keep: cuts an object down.
            query: see `visit`.
            warn: whether there is a warning, too.
        """
        homes = self.by_namespace()
        found: dict[str, list[dict[str, Any]]] = {namespace: [] for namespace in homes}

        def take(namespace: str, obj: dict[str, Any]) -> None:
            kept = keep(obj)
            if kept is not None:
                found[namespace].append(kept)

        refused = self.visit(group, resource, take, namespaces=homes, query=query).refused
        self.tell_refused(resource, refused, warn=warn)
        return {home: None if home in refused else listed for home, listed in found.items()}

    def look_up(self, paths: Iterable[str], keep: Keep) -> dict[str, Known]:
        """What is known of the objects at these paths of the API, each read once.

        Args:
            paths: those of the objects.
            keep: cuts an object down before the next one is read.
        """
        wanted = list(dict.fromkeys(paths))

        def read(path: str) -> Known:
            try:
                body = self.task.cluster.request(
                    "GET", path, deadline=self.deadline, doing=f"read {path}"
                ).body
            except NotFoundError:
                return Known(exists=False)
            except ForbiddenError:
                return Known()
            return Known(exists=True, kept=keep(body))

        found = side_by_side(wanted[:_MOST], read, _AT_ONCE)
        known = dict(zip(wanted, found, strict=False))
        return {path: known.get(path, Known()) for path in wanted}

    def tell_refused(self, what: str, refused: Mapping[str, str], *, warn: bool = True) -> None:
        """Note on the DaemonSets of these namespaces why something is not shown; and warn of it
        once for all.

        Args:
            what: what is not shown, in the plural.
            refused: of each namespace that may not be read, why.
            warn: whether there is a warning, too.
        """
        homes = self.by_namespace()
        for namespace, why in refused.items():
            self.tell(homes[namespace], f"The {what} are not shown: {why}")
        if warn:
            warn_of_refusals(self.task, what, list(refused.values()))

    @staticmethod
    def tell(those: Iterable[Shown], note: str) -> None:
        """Note on each of these DaemonSets what could not be found out."""
        for one in those:
            if note not in one.notes:
                one.notes.append(note)
