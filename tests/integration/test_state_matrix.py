# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each state of ``daemonset`` does, whatever the DaemonSet is in the middle of.

Each pair of the table is a DaemonSet of its own. The task runs in check mode, for real, and both
once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.api import Api, eventually, uids
from tests.integration.held import at_rest
from tests.integration.stages import ANNOTATION, BROKEN, LONG, NEW, NEWER, OLD
from tests.integration.verbs import Outcome, Tasks

# same: nothing to do. changes: check mode says so, it does so, and then there is nothing to do.
# again: it does so each time. refuses: check mode does so as well, and nothing was changed.
# fails: its pods do not get well, or those of the rollout before, which only the real run sees.
_TABLE = """
                 same    former  other   label   staged  rebuild image   patch   restart key     pause   resume  absent
fresh            same    same    changes changes changes changes changes changes again   same    changes same    changes
rolling          same    changes changes changes changes changes changes changes again   same    changes same    changes
failing          fails   changes changes fails   changes changes changes fails   fails   fails   changes fails   changes
paused           same    same    refuses changes refuses refuses refuses changes refuses same    same    changes changes
paused-midway    same    refuses refuses changes refuses refuses refuses changes refuses same    same    changes changes
holding          same    changes refuses same    refuses refuses refuses refuses refuses same    changes same    changes
stages-paused    refuses changes refuses refuses refuses refuses refuses refuses refuses same    same    changes changes
stages-failed    fails   changes refuses fails   refuses refuses refuses refuses refuses same    changes same    changes
rebuild          fails   changes refuses fails   refuses refuses refuses refuses refuses same    refuses same    changes
"""  # noqa: E501

# What the real run says, and check mode as well where it refuses.
_SAYS = {
    "failing": {
        "same label patch key resume": "ImagePull on 1",
        "restart": "The rollout before has not ended well",
    },
    "paused": {
        "same former label patch": "is paused: no pod is replaced until state: resumed",
        "other staged rebuild image": "Have it go on first with state: resumed",
        "restart": "is paused, so it cannot be restarted. Nothing was changed. Have it go on first",
        "key": "left alone, since it is paused",
        "pause": "it is paused: 5 of 5 pods are updated",
    },
    "paused-midway": {
        "former other": "Have it go on first with state: resumed",
        "key": "left alone, since it is paused",
    },
    "holding": {
        "same label": "the rollout stops here until the task runs again",
        "former": "rolled back on 1 node",
        "other staged image": "on_unfinished_rollout: proceed",
        "rebuild": "it excludes a rebuild",
        "patch": "in the middle of a staged rollout (holding), so it cannot be patched",
        "restart": "in the middle of a staged rollout (holding), so it cannot be restarted",
        "key": "left alone, since a rollout in stages is holding at stage 1 of 2",
        "pause": "it is paused at stage 1 of 2",
        "resume": "the next run of the task with its definition goes on with the rollout",
    },
    "stages-paused": {
        "same label": "Have it go on with state: resumed",
        "patch restart": "Have it go on first with state: resumed",
        "pause": "it is paused at stage 1 of 2",
        "resume": "the next run of the task with its definition goes on with the rollout",
    },
    "stages-failed": {
        "same label": "stage 1 of 2 failed: ImagePull on node-0",
        "former": "rolled back on 1 node",
        "pause": "it is paused at stage 1 of 2",
    },
    "rebuild": {
        "same label": "The rebuild of DaemonSet",
        "other staged rebuild image": "is being rebuilt to another template",
        "patch": "in the middle of a rebuild (filling), so it cannot be patched",
        "restart": "in the middle of a rebuild (filling), so it cannot be restarted",
        "key": "left alone, since it is in the middle of a rebuild (filling)",
        "pause": "a rebuild cannot be paused",
        "resume": "goes on with the rebuild",
    },
}
_SLOW = {
    "everynode.kubernetes/simulate": "slow-start",
    "everynode.kubernetes/simulate-seconds": "2",
}
_PATIENCE = {"wait": True, "wait_timeout": LONG, "failure_grace_seconds": 1}
_STAGES = {"stages": [1, "100%"]}
_ROWS = [line.split() for line in _TABLE.strip().splitlines()]
_EXPECTED = {row[0]: dict(zip(_ROWS[0], row[1:], strict=True)) for row in _ROWS[1:]}
_SIDE_BY_SIDE = 5


def _agent(image: str, **more: Any) -> dict[str, Any]:
    containers = [{"name": "agent", "image": image}]
    return {"name": "agent", "containers": containers, **_PATIENCE, **more}


def _named(state: str, **more: Any) -> dict[str, Any]:
    return {"name": "agent", "state": state, **_PATIENCE, **more}


def _fresh(tasks: Tasks) -> None:
    tasks.ok(**_agent(OLD))
    tasks.ok(**_named("restarted", restart_key="done"))


def _rolling(tasks: Tasks) -> None:
    _fresh(tasks)
    tasks.ok(**_agent(NEW, pod_annotations=_SLOW, wait=False))
    eventually(lambda: _pods_of(tasks, NEW) or None, "the first pod is replaced")


def _failing(tasks: Tasks) -> None:
    _fresh(tasks)
    tasks.fails(**_agent(BROKEN))


def _paused(tasks: Tasks) -> None:
    _fresh(tasks)
    tasks.ok(**_named("paused"))


def _paused_midway(tasks: Tasks) -> None:
    _rolling(tasks)
    tasks.ok(**_named("paused"))
    at_rest(tasks.api, tasks.namespace, ready=True)


def _holding(tasks: Tasks) -> None:
    _fresh(tasks)
    tasks.ok(**_agent(NEW, rollout={**_STAGES, "until_stage": 1}))


def _stages_paused(tasks: Tasks) -> None:
    _holding(tasks)
    tasks.ok(**_named("paused"))


def _stages_failed(tasks: Tasks) -> None:
    _fresh(tasks)
    tasks.fails(**_agent(BROKEN, rollout={**_STAGES, "on_failure": "fail"}))


def _rebuild(tasks: Tasks) -> None:
    _fresh(tasks)
    tasks.fails(**_agent(BROKEN, rollout={"rebuild": True, "on_failure": "fail"}))
    at_rest(tasks.api, tasks.namespace)


# How a DaemonSet gets there, and the image that its task then wants.
_SCENES: dict[str, tuple[Callable[[Tasks], None], str]] = {
    "fresh": (_fresh, OLD),
    "rolling": (_rolling, NEW),
    "failing": (_failing, BROKEN),
    "paused": (_paused, OLD),
    "paused-midway": (_paused_midway, NEW),
    "holding": (_holding, NEW),
    "stages-paused": (_stages_paused, NEW),
    "stages-failed": (_stages_failed, BROKEN),
    "rebuild": (_rebuild, BROKEN),
}


def _wish(scene: str, action: str) -> dict[str, Any]:
    """The parameters of a task."""
    slow = {"pod_annotations": _SLOW} if scene in ("rolling", "paused-midway") else {}
    same = _agent(_SCENES[scene][1], **slow)
    wishes: dict[str, dict[str, Any]] = {
        "same": same,
        "former": _agent(OLD),
        "other": _agent(NEWER),
        "label": {**same, "labels": {"tier": "node"}},
        "staged": _agent(NEWER, rollout=_STAGES),
        "rebuild": _agent(NEWER, rollout={"rebuild": True}),
        "image": _named("patched", images={"agent": NEWER}),
        "patch": _named("patched", labels={"tier": "node"}),
        "restart": _named("restarted"),
        "key": _named("restarted", restart_key="done"),
        "pause": _named("paused"),
        "resume": _named("resumed"),
        "absent": _named("absent"),
    }
    return wishes[action]


def _pods_of(tasks: Tasks, image: str) -> list[dict[str, Any]]:
    pods = tasks.api.pods(tasks.namespace, "agent")
    return [pod for pod in pods if pod["spec"]["containers"][0]["image"] == image]


def _words(outcome: Outcome) -> str:
    result = outcome.result
    told = (result.get("rollout") or {}).get("message", "")
    return "\n".join([result.get("msg", ""), told, outcome.warnings])


def _same_as_before(tasks: Tasks) -> dict[str, Any]:
    """What must stay where nothing is to be changed."""
    live = tasks.api.daemonset(tasks.namespace, "agent")
    metadata = live["metadata"]
    pods = uids(tasks.api.pods(tasks.namespace, "agent"))
    return {"pods": pods, "spec": live["spec"], "annotations": metadata["annotations"]}


def _judge(tasks: Tasks, scene: str, action: str) -> None:
    """Run the task of a pair, and see whether it is as the table says."""
    _SCENES[scene][0](tasks)
    wish, expected = _wish(scene, action), _EXPECTED[scene][action]
    before = _same_as_before(tasks)
    checked = tasks.run(check=True, **wish)
    if scene != "rolling":
        assert _same_as_before(tasks) == before
    ran = tasks.run(**wish)
    assert expected.replace("again", "changes") == _seen(checked, ran), _words(ran)
    text = next((t for keys, t in _SAYS.get(scene, {}).items() if action in keys.split()), "")
    assert text in _words(ran), _words(ran)
    if expected == "refuses":
        assert ran.writes == checked.writes == []
        assert _words(ran) == _words(checked)
    if expected in ("same", "refuses") and scene != "rolling":
        assert _same_as_before(tasks) == before
    then = {"changes": "same", "again": "changes"}.get(expected, expected)
    if action == "absent":
        assert not tasks.api.exists(tasks.namespace, "agent")
    elif action in ("former", "other", "staged", "rebuild", "image") and expected == "changes":
        _has_ended(tasks, OLD if action == "former" else NEWER)
    assert then == _seen(tasks.run(check=True, **wish), tasks.run(**wish))


def _seen(checked: Outcome, ran: Outcome) -> str:
    """A word of the table."""
    failed = bool(checked.result.get("failed")), bool(ran.result.get("failed"))
    if failed == (True, True) and not (checked.changed or ran.changed):
        return "refuses"
    if failed == (False, True):
        return "fails"
    if failed == (False, False) and checked.changed == ran.changed:
        return "changes" if ran.changed else "same"
    return f"check mode: {checked.result}; the real run: {ran.result}"


def _has_ended(tasks: Tasks, image: str) -> None:
    """Make sure that no trace is left of what it was in the middle of."""
    live = tasks.api.settled(tasks.namespace, "agent")
    assert ANNOTATION not in live["metadata"]["annotations"]
    assert live["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    assert len(_pods_of(tasks, image)) == 5


@pytest.mark.parametrize("scene", _EXPECTED)
def test_each_state(api: Api, namespaces: Callable[[], str], scene: str) -> None:
    made: Mapping[str, Tasks] = {action: Tasks(api, namespaces()) for action in _ROWS[0]}

    def judge(action: str) -> str:
        try:
            _judge(made[action], scene, action)
        except AssertionError as error:
            return f"{action}: {error}"
        return ""

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        wrong = "\n\n".join(filter(None, pool.map(judge, made)))
    assert not wrong, wrong
