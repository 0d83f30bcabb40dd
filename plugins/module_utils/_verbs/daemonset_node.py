# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of ``daemonset_node``: the pod of one node is replaced, and proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import Fault, InputError, NotFoundError
from .._base.redaction import redact
from .._cluster import daemonsets, guards
from .._cluster.options import CONNECTION_SPEC
from .._rollout import one_node
from .._rollout.one_node import Done, Pod, Wish
from .._rollout.outcomes import reasons_of
from .._rollout.patience import WAIT_SPEC
from .._rollout.pods import Proof
from .._spec.build import identity
from .._spec.checks.findings import quoted
from .._spec.checks.syntax import DNS_SUBDOMAIN
from .._spec.rollout import Check
from .._spec.rollout_parameter import read_plan
from .._views.pods import pod_view
from . import coming
from .verb import Task, Verb
from .verify_container import warn_of_unknown

_AS_IN_ROLLOUTS = ("verify", "max_failures")
_OF_ALL_NODES = ("unavailable_budget", "ignore_not_ready_nodes")
_LEAST = {
    "wait_timeout": 1,
    "failure_grace_seconds": 0,
    "progress_deadline_seconds": 1,
    "soak_seconds": 0,
    "max_pod_restarts": 0,
}
OWN_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "node": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["updated", "restarted"], "default": "updated"},
    "verify": {"type": "raw"},
    "soak_seconds": {"type": "int", "default": 0},
    "max_pod_restarts": {"type": "int", "default": 0},
    "max_failures": {"type": "str"},
    **{name: entry for name, entry in WAIT_SPEC.items() if name not in _OF_ALL_NODES},
}


def run(task: Task) -> dict[str, Any]:
    """Carry out one task of the module ``daemonset_node``."""
    params = task.params
    check = _checked(params)
    namespace, name = identity(params, task.cluster.namespace)
    deadline = Deadline(params["wait_timeout"])
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    if live is None:
        error = NotFoundError(
            f"There is no DaemonSet {namespace}/{name} on {task.cluster.server}, so its pod on"
            f" {params['node']} cannot be {params['state']}.",
            advice="Check name, namespace and cluster.",
            status=404,
        )
        coming.warn_or_fail(task, error)
        return _of_none(params["node"], params["state"])
    guards.refuse_deleting(live)
    warn_of_unknown(task, check, "verify.container", live["spec"]["template"])
    wish = Wish(
        params["node"],
        params["state"] == "restarted",
        Proof(
            min_ready_seconds=int(live["spec"].get("minReadySeconds") or 0),
            soak_seconds=params["soak_seconds"],
            max_pod_restarts=params["max_pod_restarts"],
            verify=check,
            grace_seconds=params["failure_grace_seconds"] if params["fail_early"] else float("inf"),
            progress_deadline_seconds=params["progress_deadline_seconds"],
        ),
        params["wait"],
        params["max_failures"],
    )
    done = one_node.carry_out(task.cluster, live, wish, task.check_mode, deadline, task.progress)
    result = _result(task, done, wish)
    failure = one_node.failure(done, wish, deadline)
    if failure is not None:
        failure.details.update(result)
        raise failure
    return _redacted(task, result)


def _checked(params: Mapping[str, Any]) -> Check | None:
    """The command of ``verify``.

    Raises:
        InputError: a parameter is wrong; with all faults.
    """
    faults = [
        Fault(name, f"{params[name]} is not allowed: it must be {least} or more")
        for name, least in _LEAST.items()
        if params[name] < least
    ]
    if not params["node"].strip():
        faults.append(Fault("node", "is empty: give the name of a node"))
    elif not DNS_SUBDOMAIN.holds(params["node"]):
        # It stands in a path and in a selector of requests.
        problem = f"{quoted(params['node'])} is not a valid name: {DNS_SUBDOMAIN.allowed}"
        faults.append(Fault("node", problem))
    try:
        identity(params, "default")
    except InputError as error:
        faults += error.faults
    check = None
    of_rollouts = {name: params[name] for name in _AS_IN_ROLLOUTS if params[name] is not None}
    if of_rollouts:
        given = {"rollout": of_rollouts, "wait_timeout": params["wait_timeout"]}
        plan, wrong = read_plan(given)
        faults += [Fault(one.path.removeprefix("rollout."), one.problem) for one in wrong]
        check = plan.verify if plan else None
    if not params["wait"]:
        faults += [
            Fault(name, "needs wait: true, since only a task that waits looks at the new pod")
            for name in ("verify", "soak_seconds")
            if params[name]
        ]
    elif params["soak_seconds"] >= params["wait_timeout"] >= 1:
        limit = params["wait_timeout"]
        problem = f"{params['soak_seconds']} is not less than wait_timeout, which is {limit}"
        faults.append(Fault("soak_seconds", problem))
    if faults:
        raise InputError(faults)
    return check


def _result(task: Task, done: Done, wish: Wish) -> dict[str, Any]:
    outcome = done.outcome
    result: dict[str, Any] = {
        "changed": done.changed,
        "node": wish.node,
        "pod": {"before": _pod(done.before), "after": _pod(done.after)},
        "revision": done.revision or None,
        "message": done.message,
        "reasons": reasons_of([outcome] if outcome else []),
        "verify": outcome.verify if outcome else None,
    }
    if task.diff_mode:
        result["diff"] = _difference(done, wish)
    return result


def _of_none(node: str, state: str) -> dict[str, Any]:
    """The result of a check where there is no DaemonSet: the pods of one that a task before creates
    are of its template.
    """
    return {
        "changed": state == "restarted",
        "node": node,
        "pod": {"before": None, "after": None},
        "revision": None,
        "message": "there is no such DaemonSet so far",
        "reasons": [],
        "verify": None,
    }


def _redacted(task: Task, result: dict[str, Any]) -> dict[str, Any]:
    """The result without secrets, which a command or an image's name may hold."""
    shown: dict[str, Any] = redact(result, task.secrets)
    return shown


def _pod(pod: Pod | None) -> dict[str, Any] | None:
    return None if pod is None else {**pod_view(pod), "uid": pod["metadata"]["uid"]}


def _difference(done: Done, wish: Wish) -> dict[str, Any]:
    """The pod of the node before and after; in check mode, the one that would come."""
    before = _short(done.before)
    after = _short(done.after)
    if done.changed and done.after is None:
        template = done.live["spec"]["template"]["spec"]
        images = {one["name"]: one.get("image") for one in template["containers"]}
        after = {"pod": "(a new one)", "revision": done.revision or None, "images": images}
    elif not done.changed:
        after = before
    metadata = done.live["metadata"]
    header = f"pod of DaemonSet {metadata['namespace']}/{metadata['name']} on {wish.node}"
    return {"before": before, "after": after, "before_header": header, "after_header": header}


def _short(pod: Pod | None) -> dict[str, Any]:
    if pod is None:
        return {}
    view = pod_view(pod)
    return {"pod": view["name"], "revision": view["revision"], "images": view["images"]}


VERB = Verb(
    name="daemonset_node",
    run=run,
    argument_spec={**OWN_SPEC, **CONNECTION_SPEC},
)
