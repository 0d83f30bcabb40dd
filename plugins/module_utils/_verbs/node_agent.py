# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of the module ``node_agent``: a DaemonSet together with all that it needs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import InputError
from .._cluster import belongings, daemonsets, guards
from .._cluster.applying import Applied
from .._cluster.belongings import Belongings, record, recorded
from .._cluster.options import CONNECTION_SPEC
from .._rollout import waiting
from .._rollout.annotation import has_state
from .._spec import agent_parts, build, fields
from .._spec.agent import arrange
from .._spec.agent_parts import Parts
from . import change, daemonset
from .agent_objects import Agent
from .agent_removal import remove, remove_unnamed
from .change import Wish, with_change_cause
from .difference import difference
from .settling import field_changes
from .verb import Task, Verb

_OWN_SPEC: dict[str, dict[str, Any]] = {
    "settings": {"type": "dict"},
    "state": {
        "type": "str",
        "choices": ["present", "absent", "restarted", "paused", "resumed"],
        "default": "present",
    },
    "prune": {"type": "bool", "default": True},
    "delete_claims": {"type": "bool", "default": False},
    "delete_namespace": {"type": "bool", "default": False},
}
_SHARED = (
    "field_manager",
    "force_conflicts",
    "adopt",
    "change_cause",
    "propagation_policy",
    "create_namespace",
    "restart_key",
)
# What the verb of ``daemonset`` reads, and this module does not offer.
_FIXED = {
    "images": None,
    "resource_version": None,
    "fail_if_exists": False,
    "on_selector_change": "fail",
    "label_selectors": None,
    "max_objects": None,
}


def run(task: Task) -> dict[str, Any]:
    """Carry out one task of the module ``node_agent``."""
    task.params = {**task.params, **_FIXED}
    params, others = agent_parts.taken_apart(task.params)
    task.params = params
    parts = agent_parts.read_parts(params, others)
    task.hidden += _secrets(parts)
    return _STATES[params["state"]](task, parts)


def _secrets(parts: Parts) -> list[str]:
    """What must not be printed: the content of the Secrets, as given and as the API has it."""
    texts = [text for entry in parts.secrets for text in (entry.get("data") or {}).values()]
    encoded = [base64.b64encode(text.encode()).decode() for text in texts]
    binary = [text for entry in parts.secrets for text in (entry.get("binaryData") or {}).values()]
    return [*texts, *encoded, *binary]


def _checked(task: Task, parts: Parts) -> build.Draft:
    """The DaemonSet that is asked for, once nothing is wrong with it or with the parts."""
    faults = [*change.faults(task.params), *parts.faults]
    draft = None
    try:
        # A change of these changes the template, by a name or by a checksum.
        renewed = {
            (kind, str(entry.get("name")))
            for kind, entries in (("ConfigMap", parts.config_maps), ("Secret", parts.secrets))
            for entry in entries
        }
        draft = build.build(task.params, context_namespace="default", renewed=renewed)
    except InputError as error:
        faults += error.faults
    if draft is not None:
        try:
            faults += arrange(parts, build.complete(draft, None)).faults
        except InputError as error:
            faults += error.faults
    if faults or draft is None:
        raise InputError(faults)
    return draft


def _present(task: Task, parts: Parts) -> dict[str, Any]:
    # The offline checks come first: wrong input is told without a cluster, or a kubeconfig.
    draft = _checked(task, parts)
    deadline = Deadline(task.params["wait_timeout"])
    metadata = draft.manifest["metadata"]
    if not draft.namespace_given:
        metadata["namespace"] = task.cluster.namespace
    live = daemonsets.read(task.cluster, metadata["namespace"], metadata["name"], deadline)
    guards.refuse_deleting(live)
    made = arrange(parts, build.complete(draft, live))
    task.warnings.extend([*draft.warnings, *parts.warnings, *made.warnings])
    agent = Agent(task, metadata["namespace"], metadata["name"], deadline)
    agent.read(made.objects, new=live is None)
    had = recorded(live) if live is not None else agent.found_by_label()
    own = [agent.made_namespace] if agent.made_namespace is not None else []
    wanted = belongings.without([member.ref for member in agent.members], own)

    def prepare() -> None:
        if live is not None and not task.check_mode and not {*wanted} <= {*had.all()}:
            # Before the first object is made, so that none is ever forgotten.
            listed = Belongings([*had.current, *wanted], had.kept)
            record(task.cluster, live, listed, deadline)
        agent.apply_objects()

    def note(applied: Applied) -> None:
        agent.daemonset_is_done = True
        if agent.made_namespace is not None:
            # It is one of the objects, and shown with them. In check mode it is missing still when
            # the DaemonSet comes, whose apply would make it too.
            applied.namespace = None
        if not task.check_mode and live is None and (wanted or own or had.all()):
            listed = Belongings([*had.current, *wanted], [*had.kept, *own])
            applied.after = record(task.cluster, applied.after, listed, deadline)

    wish = Wish(
        lambda live: with_change_cause(task, made.daemonset, live),
        daemonset.how_of(task),
        change.plan_of(task.params),
        prepare,
        note,
    )
    applied, result = agent.explained(lambda: change.carry_out(task, wish, live, deadline))
    if draft.pod_security is not None:
        result["pod_security"] = draft.pod_security
    # In the middle of a rollout, pods come and go that need what is there.
    prune = task.params["prune"] and not has_state(applied.after)
    unnamed = agent.explained(lambda: remove_unnamed(agent, applied, had, wanted, prune=prune))
    if not task.check_mode and (wanted or unnamed or own or had.all()):
        record(task.cluster, applied.after, Belongings(wanted, [*unnamed, *own]), deadline)
    return _with_objects(agent, result)


def _with_objects(agent: Agent, result: dict[str, Any]) -> dict[str, Any]:
    result["changed"] = result["changed"] or agent.changed
    result["objects"] = agent.as_result()
    changed = [(member.before, member.after) for member in agent.members if member.changed]
    result |= field_changes(agent.task, changed, result)
    if agent.task.diff_mode:
        own = result.get("diff") or []
        diffs = own if isinstance(own, list) else [own]
        result["diff"] = [*(difference(agent.task, *pair) for pair in changed), *diffs]
    return result


def _absent(task: Task, parts: Parts) -> dict[str, Any]:
    _raise_faults(task)
    namespace, name = build.identity(task.params, task.cluster.namespace)
    agent = Agent(task, namespace, name, Deadline(task.params["wait_timeout"]))
    named = [one for _path, one in parts.others if isinstance(one.get("metadata"), Mapping)]
    result = remove(agent, named)
    return _with_objects(agent, result)


def _raise_faults(task: Task) -> None:
    faults = change.faults(task.params)
    if faults:
        raise InputError(faults)


def _restarted(task: Task, _parts: Parts) -> dict[str, Any]:
    from .daemonset_states import restarted

    _raise_faults(task)
    return restarted(task)


def _paused(task: Task, _parts: Parts) -> dict[str, Any]:
    from .daemonset_states import paused

    _raise_faults(task)
    return paused(task)


def _resumed(task: Task, _parts: Parts) -> dict[str, Any]:
    from .daemonset_states import resumed

    _raise_faults(task)
    return resumed(task)


_STATES: dict[str, Callable[[Task, Parts], dict[str, Any]]] = {
    "present": _present,
    "absent": _absent,
    "restarted": _restarted,
    "paused": _paused,
    "resumed": _resumed,
}

VERB = Verb(
    name="node_agent",
    run=run,
    argument_spec={
        **fields.argument_spec(),
        **agent_parts.argument_spec(),
        **{name: daemonset.OWN_SPEC[name] for name in _SHARED},
        **_OWN_SPEC,
        **change.ROLLOUT_SPEC,
        **waiting.WAIT_SPEC,
        **CONNECTION_SPEC,
    },
    mutually_exclusive=(("definition", "src"),),
    hides_secrets=True,
    takes_settings=True,
)
