# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet that remembers a rollout in several steps, as a result shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import RolloutError
from .state import PAUSED, STAGED, state_of


def steps(live: Mapping[str, Any]) -> dict[str, Any]:
    """What a result's ``rollout`` says of a rollout in several steps; nothing where there is none.

    The controller's numbers say nothing of it: under OnDelete it has nothing to do.
    """
    try:
        state = state_of(live)
    except RolloutError as error:
        return {"ready": False, "message": error.message}
    if state is None:
        return {}
    told: dict[str, Any] = {"ready": False, "state": state.phase}
    told |= {"kind": state.kind, "phase": state.phase}
    message = f"it is in the middle of a rebuild ({state.phase})"
    if state.kind == PAUSED:
        message = "it is paused: no pod is replaced until state: resumed"
    elif state.kind == STAGED:
        told |= {"stage": state.stage, "stages": state.stages}
        message = f"a rollout in stages is {state.phase} at stage {state.stage}"
        # A run that has only just begun does not know yet how many there are.
        message += f" of {state.stages}" if state.stages else ""
    from .._nodes.trouble import in_one_line

    # Whoever may change the DaemonSet may have written it.
    why = in_one_line(state.why)
    return told | {"message": f"{message}; {why}" if why else message}
