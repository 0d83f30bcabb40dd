# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verb of ``daemonset_rollback``: a DaemonSet gets a template back that it had."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .._base.deadline import Deadline
from .._base.errors import EverynodeError, Fault, InputError, NotFoundError
from .._base.words import count_of
from .._cluster import daemonsets, guards
from .._cluster.applying import Applied
from .._cluster.objects import How
from .._cluster.options import CONNECTION_SPEC
from .._cluster.revisions import Revision, revisions_of
from .._rollout import forecast, history, outdated, rolling_back, unfinished
from .._rollout.annotation import has_state
from .._rollout.patience import WAIT_SPEC, check_patience, patience_of
from .._rollout.restart import is_on_delete
from .._spec.build import identity
from .._views.revisions import in_words, revision_views
from .difference import difference
from .settling import settle
from .verb import Task, Verb

_MOST = 20

OWN_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "to_revision": {"type": "int"},
    "to_image": {"type": "raw"},
    "field_manager": {"type": "str", "default": "everynode"},
    "force_conflicts": {"type": "bool", "default": False},
    "adopt": {"type": "list", "elements": "str", "default": []},
    "resource_version": {"type": "str"},
}


def run(task: Task) -> dict[str, Any]:
    """Carry out one task of the module ``daemonset_rollback``."""
    image = _checked(task.params)
    namespace, name = identity(task.params, task.cluster.namespace)
    deadline = Deadline(task.params["wait_timeout"])
    live = daemonsets.read(task.cluster, namespace, name, deadline)
    if task.params["resource_version"] is not None:
        guards.expect_version(live, namespace, name, task.params["resource_version"])
    if live is None:
        raise NotFoundError(
            f"There is no DaemonSet {namespace}/{name} on {task.cluster.server}, so it cannot be"
            " rolled back.",
            advice="Check name, namespace and cluster.",
            status=404,
        )
    guards.refuse_deleting(live)
    named: Revision | None = None
    if has_state(live) and (task.params["to_revision"] or image is not None):
        # Before anything is ended: where there is none such, nothing is, and its number may be
        # another afterwards.
        revisions = revisions_of(task.cluster, live, deadline)
        named = _found(task.params["to_revision"], image, live, revisions)
    ended = unfinished.ended(
        task.cluster, live, _how(task), patience_of(task.params), deadline, task.progress
    )
    if ended is not None and not task.params["to_revision"] and image is None:
        return _told(task, ended.applied, ended.stable, None, deadline, ended.restarts)
    if ended is not None:
        live = ended.applied.after
        if task.check_mode:
            live = unfinished.as_seen(live)
    result = _rolled_back(task, live, image, named, deadline)
    if ended is not None:
        result["changed"] = True
        _tell_both(result["rollout"], ended.restarts, task.check_mode)
        if task.diff_mode:
            before = ended.applied.before
            result["diff"]["before"] = difference(task, before, before)["before"]
    return result


def _tell_both(rollout: dict[str, Any], ended: dict[str, Any], is_foretold: bool) -> None:
    """Have a result tell of the pods that restart as an unfinished rollout ends, too.

    Args:
        rollout: the result's, with the way back to the revision.
        ended: the ``restarts`` of the end.
        is_foretold: whether all of it is only foretold.
    """
    more = rollout.get("restarts")
    if more is None:
        rollout["restarts"] = ended
    elif ended["pods"]:
        nodes = [*ended["nodes"], *(node for node in more["nodes"] if node not in ended["nodes"])]
        rollout["restarts"] = {
            "pods": ended["pods"] + more["pods"],
            "nodes": nodes[:_MOST],
            "message": f"{ended['message']}; then {more['message']}",
        }
    if is_foretold:
        rollout["message"] = rollout["restarts"]["message"]


def _how(task: Task) -> How:
    return How(
        manager=task.params["field_manager"],
        force=task.params["force_conflicts"],
        adopt=tuple(task.params["adopt"]),
        dry_run=task.check_mode,
    )


def _rolled_back(
    task: Task,
    live: dict[str, Any],
    image: str | Mapping[str, str] | None,
    named: Revision | None,
    deadline: Deadline,
) -> dict[str, Any]:
    revisions = revisions_of(task.cluster, live, deadline)
    target = _target(task.params["to_revision"], image, live, revisions, named)
    if target is None:
        return _already_there(task, live, revisions, image, deadline)
    name = f"{live['metadata']['namespace']}/{live['metadata']['name']}"
    task.progress(f"{name}: back to revision {target.number}")
    standing = history.current(live, revisions)
    is_named = bool(task.params["to_revision"]) or image is not None
    if not is_named and standing is not None and target.created > standing.created:
        task.warnings.append(
            f"Revision {target.number} is newer than the template that {name} has: that had been"
            " rolled back to, and this goes forward again. To go further back, name a revision with"
            " to_revision."
        )
    applied = rolling_back.to_template(
        task.cluster,
        live,
        target.template,
        _how(task),
        deadline,
        cause=rolling_back.Cause(target.change_cause),
    )
    resumed = unfinished.resumed(task.cluster, applied, _how(task), deadline)
    # Where it was paused, pods are replaced from then on.
    at = None if resumed is applied or task.check_mode else _version(applied.after)
    restarts = forecast.restarts(task.cluster, applied.before, resumed.after, deadline, at=at)
    return _told(task, resumed, target, revisions, deadline, restarts)


def _version(live: Mapping[str, Any]) -> str:
    return str(live["metadata"]["resourceVersion"])


def _told(
    task: Task,
    applied: Applied,
    target: Revision,
    revisions: Sequence[Revision] | None,
    deadline: Deadline,
    restarts: dict[str, Any],
) -> dict[str, Any]:
    """The result of a way back to a revision.

    Args:
        task: the task.
        applied: what it did.
        target: the revision.
        revisions: the history before; None where an unfinished rollout was ended, whose nodes
            went back one by one.
        deadline: the task's.
        restarts: which pods restart by it.
    """
    revisions = revisions or [target]
    standing = history.current(applied.before, revisions) if applied.before else None
    result = settle(task, applied, deadline, restarts=restarts, tells_fields=False)
    result["rollout"]["rolled_back"] = {
        "from_revision": standing.number if standing else None,
        "to_revision": target.number,
        "images": target.images,
        "change_cause": target.change_cause,
    }
    _tell_outdated(task, result, applied.after, revisions, deadline)
    return result


def _checked(params: Mapping[str, Any]) -> str | dict[str, str] | None:
    """The image to go back to: one, or several by the names of their containers.

    Raises:
        InputError: a parameter is wrong; with all faults.
    """
    number, image = params["to_revision"], _from_json(params["to_image"])
    faults = check_patience(params)
    if number is not None and number < 0:
        faults.append(
            Fault("to_revision", f"{number} is no number of a revision, nor 0 for the previous one")
        )
    if image is not None and not _is_image(image):
        faults.append(
            Fault("to_image", "expects an image, or images by the names of their containers")
        )
    try:
        identity(params, "default")
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    if isinstance(image, Mapping):
        return {str(name): str(one) for name, one in image.items()}
    return None if image is None else str(image)


def _from_json(given: Any) -> Any:
    """A dictionary that came as text, as from the command line or a survey; else as it is."""
    if not isinstance(given, str) or not given.lstrip().startswith("{"):
        return given
    try:
        return json.loads(given)
    except ValueError:
        # No image begins like that: it is a fault as an empty dictionary is.
        return {}


def _is_image(given: Any) -> bool:
    if isinstance(given, Mapping):
        return bool(given) and all(isinstance(one, str) and one.strip() for one in given.values())
    return isinstance(given, str) and bool(given.strip())


def _target(
    number: int | None,
    image: str | Mapping[str, str] | None,
    live: Mapping[str, Any],
    revisions: Sequence[Revision],
    named: Revision | None,
) -> Revision | None:
    """The revision to go back to; None where the DaemonSet has that template already.

    Args:
        number: the task's.
        image: the task's.
        live: the DaemonSet.
        revisions: its history.
        named: the one that the task names, where it was looked for before.

    Raises:
        NotFoundError: there is none such.
    """
    template = live["spec"]["template"]
    if image is not None and history.has_image(template, image):
        return None
    found = named or _found(number, image, live, revisions)
    return None if history.same_template(found.template, template) else found


def _found(
    number: int | None,
    image: str | Mapping[str, str] | None,
    live: Mapping[str, Any],
    revisions: Sequence[Revision],
) -> Revision:
    """The revision that the task names, or the previous one.

    Raises:
        NotFoundError: there is none such.
    """
    if image is not None:
        found = history.with_image(revisions, image)
        wanted = f"no revision with {_image_in_words(image)}"
    elif number:
        found = history.numbered(revisions, number)
        wanted = f"no revision {number}"
    else:
        found = history.previous(live, revisions)
        wanted = "no revision that differs from what it has now"
    if found is not None and history.is_passing(found):
        wanted = f"no pods in revision {number}, by which a rebuild ended those before it"
        found = None
    if found is None:
        raise _no_such(live, revisions, wanted)
    return found


def _image_in_words(image: str | Mapping[str, str]) -> str:
    if isinstance(image, str):
        return f"the image {image}"
    return ", ".join(f"the image {one} for the container {name}" for name, one in image.items())


def _no_such(live: Mapping[str, Any], revisions: Sequence[Revision], wanted: str) -> NotFoundError:
    metadata = live["metadata"]
    current = history.current(live, revisions)
    kept = live["spec"].get("revisionHistoryLimit", 10)
    return NotFoundError(
        f"DaemonSet {metadata['namespace']}/{metadata['name']} has {wanted}, so it cannot be rolled"
        f" back to it. {in_words(revisions, current)}",
        advice=f"Beside the current one, {count_of(kept, 'is', 'are')} kept"
        " (revision_history_limit).",
        details={"revisions": revision_views(revisions, current, None)[:_MOST]},
    )


def _already_there(
    task: Task,
    live: dict[str, Any],
    revisions: Sequence[Revision],
    image: str | Mapping[str, str] | None,
    deadline: Deadline,
) -> dict[str, Any]:
    """The result of a task that finds the template in place: nothing is written."""
    if image is not None:
        found = f"it has {_image_in_words(image)} already"
    else:
        found = f"it has the template of revision {task.params['to_revision']} already"
    result = settle(task, Applied(live, live, False), deadline, tells_fields=False)
    rollout = result["rollout"]
    rollout["message"] = f"nothing to roll back, {found}; {rollout['message']}"
    rollout["rolled_back"] = None
    _tell_outdated(task, result, live, revisions, deadline)
    return result


def _tell_outdated(
    task: Task,
    result: dict[str, Any],
    after: Mapping[str, Any],
    revisions: Sequence[Revision],
    deadline: Deadline,
) -> None:
    """Under OnDelete, say which pods keep another template."""
    if not is_on_delete(after):
        return
    try:
        found = outdated.outdated(task.cluster, after, revisions, deadline)
    except EverynodeError as error:
        error.details["changed"] = result["changed"]
        raise
    result["rollout"]["outdated"] = found
    if found and found["pods"]:
        task.warnings.append(outdated.in_words(after, found))


VERB = Verb(
    name="daemonset_rollback",
    run=run,
    argument_spec={**OWN_SPEC, **WAIT_SPEC, **CONNECTION_SPEC},
    mutually_exclusive=(("to_revision", "to_image"),),
)
