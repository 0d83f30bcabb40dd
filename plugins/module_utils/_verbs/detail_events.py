# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of DaemonSets and of their pods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._nodes.pods import node_of, uid_of
from .._views.events import MOST, Newest, as_core
from .detail_reading import Reading

# Of a list so many are read: a busy cluster has more than anybody waits for.
_MOST_READ = 10_000
# The two APIs of the same events, and what the object is called in each: one may be readable where
# the other is not.
_APIS = (("/api/v1", "involvedObject"), ("/apis/events.k8s.io/v1", "regarding"))


def events(reading: Reading) -> list[list[dict[str, Any]] | None]:
    """The newest events of each DaemonSet and of its pods; None where they may not be read."""
    newest = {one.uid: Newest() for one in reading.each}
    refused: dict[str, str] = {}
    for kind, subjects in _subjects(reading).items():
        refused |= _read(reading, kind, subjects, newest)
    reading.tell_refused("events", refused)
    found: list[list[dict[str, Any]] | None] = []
    for one in reading.each:
        its = newest[one.uid]
        found.append(None if one.namespace in refused else its.views())
        if one.pods is None:
            reading.tell([one], "The events of the pods are not shown, as its pods are not known.")
        if one.namespace not in refused and its.seen > MOST:
            reading.tell([one], f"{its.seen - MOST} older events are not shown.")
    return found


# By namespace and uid, whose events they are, and on which node.
_Subjects = Mapping[str, Mapping[str, tuple[str, "str | None"]]]


def _subjects(reading: Reading) -> dict[str, _Subjects]:
    """What the events are about, by kind."""
    daemonsets: dict[str, dict[str, tuple[str, str | None]]] = {}
    pods: dict[str, dict[str, tuple[str, str | None]]] = {}
    for one in reading.each:
        daemonsets.setdefault(one.namespace, {})[one.uid] = (one.uid, None)
        for pod in one.pods or ():
            own = pods.setdefault(one.namespace, {})
            own[uid_of(pod)] = (one.uid, node_of(pod) or None)
    return {"DaemonSet": daemonsets, "Pod": pods}


def _read(
    reading: Reading, kind: str, subjects: _Subjects, newest: Mapping[str, Newest]
) -> dict[str, str]:
    """Take in the events about the subjects; of the namespaces that may not be read, why."""

    def take(namespace: str, event: dict[str, Any]) -> None:
        event = as_core(event)
        about = event.get("involvedObject") or {}
        subject = subjects[namespace].get(str(about.get("uid")))
        if subject is not None:
            event["metadata"].pop("managedFields", None)
            newest[subject[0]].add(event, subject[1])

    refused: dict[str, str] = dict.fromkeys(subjects, "")
    for group, what in _APIS:
        if refused:

            def query(namespace: str, what: str = what) -> dict[str, str]:
                uids: Collection[str] = subjects.get(namespace, ())
                selected = f"uid={next(iter(uids))}" if len(uids) == 1 else f"kind={kind}"
                return {"fieldSelector": f"{what}.{selected}"}

            visited = reading.visit(
                group, "events", take, namespaces=set(refused), query=query, most=_MOST_READ
            )
            refused = visited.refused
            if visited.cut:
                reading.tell(
                    [one for one in reading.each if one.namespace in subjects],
                    f"There are more than {_MOST_READ} events about objects of the kind {kind}, not"
                    " all of which were read: newer ones may be missing.",
                )
    return refused
