# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of Kubernetes' Pod Security Standards a pod meets, and what keeps it from a stricter one.

The verdict is that of the API server of Kubernetes 1.36, see pod_security_controls.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .checks.findings import Finding, Place
from .choices import POD_SECURITY_LEVELS
from .names import Path
from .pod_security_controls import BASELINE, OVERRIDDEN, RESTRICTED, pod_of


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a level does not allow.

    Attributes:
        level: the least strict level that does not allow it.
        control: the name of the control.
        path: where it is in the manifest, in the API's spelling; what is missing has a path, too.
        problem: what is wrong, a clause without a full stop.
    """

    level: str
    control: str
    path: Path
    problem: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a pod stands with the standards.

    Attributes:
        level: the strictest level that it meets.
        violations: what the stricter levels do not allow, each thing once.
    """

    level: str
    violations: Sequence[Violation]

    def as_result(self, user_path: Callable[[Path], str]) -> dict[str, Any]:
        """The same as a task's result has it, with paths as the user wrote them."""
        shown = [
            {
                "level": one.level,
                "control": one.control,
                "path": user_path(one.path),
                "problem": one.problem,
            }
            for one in self.violations
        ]
        return {"level": self.level, "violations": shown}


def violations(manifest: Mapping[str, Any], level: str) -> list[Violation]:
    """What the API server has against a DaemonSet's pods at a level.

    Args:
        manifest: the DaemonSet, in the API's spelling and types.
        level: one of `POD_SECURITY_LEVELS`.
    """
    if level == "privileged":
        return []
    pod = pod_of(Place(manifest).child("spec", "template"))
    is_restricted = level == "restricted"
    controls = [
        ("baseline", name, control)
        for name, control in BASELINE.items()
        if not (is_restricted and name in OVERRIDDEN)
    ]
    if is_restricted:
        controls += [("restricted", name, control) for name, control in RESTRICTED.items()]
    return [
        Violation(whose, name, path, problem)
        for whose, name, control in controls
        for path, problem in control(pod)
    ]


def standing(manifest: Mapping[str, Any]) -> Standing:
    """The strictest level that a DaemonSet's pods meet, and all that is against stricter ones."""
    baseline = violations(manifest, "baseline")
    known = {violation.path for violation in baseline}
    restricted = [one for one in violations(manifest, "restricted") if one.path not in known]
    level = "privileged" if baseline else "baseline" if restricted else "restricted"
    return Standing(level, [*baseline, *restricted])


def refusals(found: Standing, asked: str) -> list[Finding]:
    """Faults for what the level that is asked for does not allow; none for ``report``."""
    levels = POD_SECURITY_LEVELS
    too_much = levels[1 : levels.index(asked) + 1] if asked in levels else ()
    return [
        Finding(
            violation.path,
            f"{violation.problem}; pod_security {asked} does not allow it ({violation.control})",
        )
        for violation in found.violations
        if violation.level in too_much
    ]
