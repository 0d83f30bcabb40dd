# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metadata, selector, update strategy."""

from __future__ import annotations

from .case import REMOVED, Case, fault, fine, stricter, warned

_ROLLING = "S.updateStrategy.rollingUpdate"
_SELECTOR = "S.selector.matchExpressions"


def _expression(operator: str, *values: str, key: str = "app") -> list[dict[str, object]]:
    return [{"key": key, "operator": operator, "values": list(values)}]


DAEMONSET: list[Case] = [
    fine("M.name", "agent"),
    fine("M.name", "a" * 63),
    warned("M.name", "a" * 253, says="more than 63"),
    warned("M.name", "agent.v1", says="dots"),
    fault("M.name", "a" * 254, says="it has 254"),
    fault("M.name", "Agent_1", says='"Agent_1" is not a valid name of a DaemonSet: lower-case'),
    fault("M.name", "-agent", says="starting and ending"),
    fault("M.name", "agent\n", says="not a valid name"),
    fault("M.name", "a..b", says="not a valid name"),
    fault("M.name", "", says="missing"),
    fine("M.generateName", "agent-"),
    fine("M.generateName", "A-"),
    fault("M.generateName", "Foo_x", says="prefix"),
    fault("M.labels.a b", "x", says="not a valid key"),
    fault("M.labels", {"a/b/c": "x"}, at="M.labels.a|b|c", says="domain"),
    fault("M.labels", {"A.example/b": "x"}, at="M.labels.A/example|b", says="key"),
    fault("M.labels", {"/b": "x"}, at="M.labels.|b", says="key"),
    fault("M.labels." + "k" * 64, "x", says="at most 63"),
    fine("M.labels." + "k" * 63, "v" * 63),
    fine("M.labels", {"app": "agent", f"{'d' * 63}.example/k": "v", "x": "", "X_y.z-1": "A_b.c-1"}),
    fault("M.labels.app", "v" * 64, says="it has 64"),
    fault("M.labels.app", "-v", says="label value"),
    fault("M.labels.app", "a b", says="label value"),
    fault("M.labels.app", "grün", says="label value"),
    fine("M.annotations", {"Some.Example/KEY": "any text at all: \n ü"}),
    fault("M.annotations.a b", "x", says="key"),
    fine("M.annotations.big", "x" * (256 * 1024 - 100)),
    fault("M.annotations", {"big": "x" * 256 * 1024}, says="256 KiB"),
    fault("T.metadata.annotations", {"big": "ü" * 128 * 1024}, says="256 KiB"),
    fine("M.annotations.kubernetes/io|description", "x" * 256),
    warned("M.annotations.kubernetes/io|description", "ü" * 512, says="512 characters"),
    fine("M.annotations.kubesphere/io|alias-name", "x" * 63),
    warned("M.annotations.kubesphere/io|alias-name", "x" * 64, says="at most 63"),
    stricter("M.annotations.kubernetes/io|description", "x" * 513, says="this one 513"),
    stricter("M.annotations.kubesphere/io|description", "x" * 513, says="at most 512"),
    fine("M.finalizers", ["example.com/x"]),
    fault("M.finalizers", ["a b"], at="M.finalizers.0", says="finalizer"),
    fault("M.finalizers", ["a.b/c", "a.b/c"], at="M.finalizers.1", says="twice"),
    fault("M.finalizers", ["orphan", "foregroundDeletion"], says="exclude"),
    # The selector and the pod labels.
    fault("S.selector", {}, says="empty"),
    fault("S.selector", {"matchLabels": {}}, says="empty"),
    fault("S.selector.matchLabels.app", "other", says="pods have"),
    fault("S.selector.matchLabels.tier", "x", says="no such label"),
    fault("T.metadata.labels", REMOVED, at="S.selector.matchLabels.app", says="no such label"),
    fault("S.selector.matchLabels.a b", "x", says="key"),
    fine(_SELECTOR, _expression("In", "agent", "b")),
    fine(_SELECTOR, _expression("NotIn", "b")),
    fine(_SELECTOR, _expression("NotIn", "b", key="none")),
    fine(_SELECTOR, _expression("Exists")),
    fine(_SELECTOR, _expression("DoesNotExist", key="none")),
    fault(_SELECTOR, _expression("In", "b"), at=f"{_SELECTOR}.0", says="do not match"),
    fault(_SELECTOR, _expression("NotIn", "agent"), at=f"{_SELECTOR}.0", says="do not match"),
    fault(_SELECTOR, _expression("DoesNotExist"), at=f"{_SELECTOR}.0", says="do not match"),
    fault(_SELECTOR, _expression("Exists", key="z"), at=f"{_SELECTOR}.0", says="do not match"),
    fault(_SELECTOR, _expression("In"), at=f"{_SELECTOR}.0.values", says="at least one"),
    fault(_SELECTOR, _expression("Exists", "a"), at=f"{_SELECTOR}.0.values", says="no values"),
    fault(_SELECTOR, _expression("Gt", "1"), at=f"{_SELECTOR}.0.operator", says='"In"'),
    fault(_SELECTOR, _expression("In", "agent", "a b"), at=f"{_SELECTOR}.0.values.1", says="value"),
    fault(_SELECTOR, _expression("Exists", key=""), at=f"{_SELECTOR}.0.key", says="missing"),
    fault("T.metadata.labels.x", "a b", says="label value"),
    fault("T.metadata.annotations.a b", "x", says="key"),
    # Update strategy.
    fine("S.updateStrategy", {}),
    fine("S.updateStrategy", {"type": ""}),
    fine("S.updateStrategy", {"type": "OnDelete"}),
    fine("S.updateStrategy", {"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 0}}),
    fault("S.updateStrategy.type", "Recreate", says='"RollingUpdate" with maxUnavailable "100%"'),
    fault("S.updateStrategy.type", "ondelete", says='"RollingUpdate" or "OnDelete"'),
    fine(_ROLLING, {}),
    fine(_ROLLING, {"maxUnavailable": "25%"}),
    fine(_ROLLING, {"maxUnavailable": "100%"}),
    fine(_ROLLING, {"maxUnavailable": "0100%"}),
    fine(_ROLLING, {"maxUnavailable": 5000}),
    fine(_ROLLING, {"maxUnavailable": 1, "maxSurge": 0}),
    fine(_ROLLING, {"maxUnavailable": 1, "maxSurge": "0%"}),
    fine({_ROLLING: {"maxUnavailable": 0, "maxSurge": 1}, "C.ports": []}),
    fine({_ROLLING: {"maxUnavailable": "0%", "maxSurge": "30%"}, "C.ports": []}),
    warned(_ROLLING, {"maxUnavailable": 0, "maxSurge": 1}, at=f"{_ROLLING}.maxSurge", says="9100"),
    warned(
        {
            _ROLLING: {"maxUnavailable": 0, "maxSurge": 1},
            "C.ports": [{"containerPort": 80}],
            "P.hostNetwork": True,
        },
        at=f"{_ROLLING}.maxSurge",
        says="port 80",
    ),
    warned(
        {
            _ROLLING: {"maxUnavailable": 0, "maxSurge": 1},
            "C.ports": [],
            "I.restartPolicy": "Always",
            "I.ports": [{"containerPort": 81, "hostPort": 81}],
        },
        at=f"{_ROLLING}.maxSurge",
        says="port 81",
    ),
    fault(_ROLLING, {"maxUnavailable": 0}, at=f"{_ROLLING}.maxUnavailable", says="both 0"),
    fault(_ROLLING, {"maxUnavailable": "0%"}, at=f"{_ROLLING}.maxUnavailable", says="both 0"),
    fault(_ROLLING, {"maxSurge": 1}, at=f"{_ROLLING}.maxSurge", says="1 by default"),
    fault(
        _ROLLING,
        {"maxUnavailable": "25%", "maxSurge": "25%"},
        at=f"{_ROLLING}.maxSurge",
        says="one",
    ),
    fault(f"{_ROLLING}.maxUnavailable", "25", says="without quotes"),
    fault(f"{_ROLLING}.maxUnavailable", "101%", says="100%"),
    fault(f"{_ROLLING}.maxUnavailable", "-1%", says="percentage"),
    fault(f"{_ROLLING}.maxUnavailable", "1.5%", says="percentage"),
    fault(f"{_ROLLING}.maxUnavailable", "", says="percentage"),
    fault(f"{_ROLLING}.maxUnavailable", -1, says="0 or more"),
    fault(f"{_ROLLING}.maxSurge", "x", says="percentage"),
    fine("S.minReadySeconds", 0),
    fault("S.minReadySeconds", -1, says="0 or more"),
    fine("S.revisionHistoryLimit", 0),
    fault("S.revisionHistoryLimit", -1, says="0 or more"),
]
