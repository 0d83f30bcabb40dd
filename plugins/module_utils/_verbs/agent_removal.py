# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing what a node agent needs no more, or all of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from .._base.errors import ForbiddenError
from .._cluster import belongings, daemonsets, kinds, objects
from .._cluster.applying import Applied
from .._cluster.belongings import Belongings, Reference
from .._spec.agent import rank
from .._spec.references import mentioned
from .agent_objects import Agent

_CONFIGURATION = ("ConfigMap", "Secret")


def remove_unnamed(
    agent: Agent,
    applied: Applied,
    had: Belongings,
    wanted: Sequence[Reference],
    *,
    prune: bool,
) -> list[Reference]:
    """Remove what earlier runs made and the task names no more; returns what stays.

    Configuration stays while a pod or a kept revision refers to it; what stayed before is looked at
    again only when the DaemonSet changed. Claims and namespaces stay, and everything does without
    ``prune``.
    """
    unnamed = belongings.without(had.current, wanted)
    stayed = belongings.without(had.kept, [*wanted, *unnamed])
    if not prune:
        for ref in unnamed:
            agent.keep(ref)
        return [*stayed, *unnamed]
    candidates = [*unnamed, *stayed] if applied.changed or agent.changed or unnamed else []
    stays = belongings.without(stayed, candidates)
    used: set[tuple[str, str]] | None = None
    for ref in sorted(candidates, key=lambda one: rank(one.kind), reverse=True):
        if not _may_go(agent, ref):
            stays.append(ref)
            continue
        if ref.kind in _CONFIGURATION and ref.namespace == agent.namespace:
            if used is None:
                used = _in_use(agent, applied)
            if used is None or (ref.kind, ref.name) in used:
                stays.append(ref)
                continue
        agent.delete(ref)
    for ref in stays:
        if ref in unnamed:
            agent.keep(ref)
    return stays


def _may_go(agent: Agent, ref: Reference) -> bool:
    if ref.kind == "PersistentVolumeClaim":
        return bool(agent.task.params["delete_claims"])
    if ref.kind == "Namespace":
        return bool(
            agent.task.params["delete_namespace"] and agent.task.params["state"] == "absent"
        )
    return True


def _in_use(agent: Agent, applied: Applied) -> set[tuple[str, str]] | None:
    """The ConfigMaps and Secrets of the pods and of the kept revisions; None where they cannot be
    seen.

    A DaemonSet that is new also takes over the pods and revisions that it matches and nobody
    controls (k8s.io/kubernetes pkg/controller/controller_ref_manager.go). In check mode it never
    does, and otherwise it may be about to.
    """
    cluster, deadline = agent.task.cluster, agent.deadline
    live = applied.after
    what = f"DaemonSet {agent.namespace}/{agent.name}"
    try:
        pods, _version = objects.list_all(
            cluster,
            f"/api/v1/namespaces/{agent.namespace}/pods",
            daemonsets.pods_query(live),
            deadline,
            f"list the pods of {what}",
        )
        revisions, _version = objects.list_all(
            cluster,
            f"/apis/apps/v1/namespaces/{agent.namespace}/controllerrevisions",
            {"labelSelector": daemonsets.label_selector(live["spec"]["selector"])},
            deadline,
            f"list the revisions of {what}",
        )
    except ForbiddenError:
        agent.task.warnings.append(
            f"Older ConfigMaps and Secrets of {what} stay, since its pods and revisions may not be"
            " listed."
        )
        return None
    specs = [pod["spec"] for pod in _its_own(pods, live)]
    for revision in _its_own(revisions, live):
        template = revision.get("data", {}).get("spec", {}).get("template", {})
        specs.append(template.get("spec", {}))
    # What the DaemonSet held becomes a revision, if it is not one yet.
    specs += [one["spec"]["template"]["spec"] for one in (applied.before, live) if one is not None]
    return {found for spec in specs for found in mentioned(spec)}


def _its_own(found: Sequence[dict[str, Any]], live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of a DaemonSet's selector that it controls, or takes over."""
    orphans = [one for one in found if objects.controller_of(one) is None]
    return [*objects.owned_by(found, live["metadata"]["uid"]), *orphans]


def remove(agent: Agent, named: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Remove the DaemonSet and all objects that belong to the agent.

    Args:
        agent: which.
        named: manifests that the task names, of kinds that no list by label would find.
    """
    # A module is compiled anew in each task, so what few tasks need is imported where it is used.
    from .daemonset_states import absent

    live = daemonsets.read(agent.task.cluster, agent.namespace, agent.name, agent.deadline)
    had = belongings.recorded(live)
    if not had.all():
        had = agent.found_by_label()
    refs = had.all()
    for manifest in named:
        namespaced = {**manifest["metadata"]}
        namespaced.setdefault("namespace", agent.namespace)
        kind = agent.kind(belongings.reference({**manifest, "metadata": namespaced}))
        if kind is not None:
            if not kind.namespaced:
                namespaced.pop("namespace")
            refs.append(belongings.reference({**manifest, "metadata": namespaced}))
    own = Reference("v1", "Namespace", "", agent.namespace)
    if agent.task.params["delete_namespace"]:
        refs.append(own)
    ordered = sorted(dict.fromkeys(refs), key=lambda one: rank(one.kind), reverse=True)
    going = [ref for ref in ordered if _may_go(agent, ref)]
    # The DaemonSet has the only list of what is of other kinds, so these go before it.
    unknown = [ref for ref in going if kinds.known_built_in(ref.api_version, ref.kind) is None]
    for ref in unknown:
        agent.explained(functools.partial(agent.delete, ref))
    result = agent.explained(lambda: absent(agent.task))
    for ref in belongings.without(going, unknown):
        agent.explained(functools.partial(agent.delete, ref))
    for ref in belongings.without(ordered, [*going, own]):
        agent.keep(ref)
    return result
