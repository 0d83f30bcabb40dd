# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes and lifecycle hooks."""

from __future__ import annotations

from .case import Case, fault, fine, warned

_EXEC = {"exec": {"command": ["true"]}}

PROBES: list[Case] = [
    fine("C.livenessProbe", _EXEC),
    fine("C.livenessProbe", {"httpGet": {"port": 80}}),
    fine("C.livenessProbe", {"httpGet": {"port": "metrics", "scheme": "HTTPS", "path": "x"}}),
    fine("C.livenessProbe", {"tcpSocket": {"port": 80}, "timeoutSeconds": 0, "periodSeconds": 0}),
    fine("C.startupProbe", {"grpc": {"port": 80}, "successThreshold": 0}),
    fine("C.readinessProbe", {**_EXEC, "successThreshold": 5}),
    warned("C.livenessProbe", {"tcpSocket": {"port": "web"}}, at="C.livenessProbe.tcpSocket.port"),
    fault("C.livenessProbe", {}, says='"exec", "httpGet", "tcpSocket" or "grpc", not none'),
    fault("C.livenessProbe", {"exec": None}, says="not none"),
    fault(
        "C.livenessProbe", {**_EXEC, "tcpSocket": {"port": 1}}, says="exec and tcpSocket at once"
    ),
    fault("C.livenessProbe", {"exec": {}}, at="C.livenessProbe.exec.command", says="missing"),
    fault(
        "C.livenessProbe", {"tcpSocket": {}}, at="C.livenessProbe.tcpSocket.port", says="missing"
    ),
    fault(
        "C.livenessProbe",
        {"tcpSocket": {"port": "8080"}},
        at="C.livenessProbe.tcpSocket.port",
        says="write the number 8080 without quotes",
    ),
    fault("C.livenessProbe", {"httpGet": {"port": 0}}, at="C.livenessProbe.httpGet.port"),
    fault("C.livenessProbe", {"httpGet": {"port": 65536}}, at="C.livenessProbe.httpGet.port"),
    fault("C.livenessProbe", {"httpGet": {"port": "A"}}, at="C.livenessProbe.httpGet.port"),
    fault("C.livenessProbe", {"grpc": {}}, at="C.livenessProbe.grpc.port", says="missing"),
    fault(
        "C.livenessProbe",
        {"httpGet": {"port": 1, "scheme": "Https"}},
        at="C.livenessProbe.httpGet.scheme",
        says='in capitals: "HTTPS"',
    ),
    fault(
        "C.livenessProbe",
        {"httpGet": {"port": 1, "scheme": "ftp"}},
        at="C.livenessProbe.httpGet.scheme",
        says='"HTTP" or "HTTPS"',
    ),
    fault(
        "C.livenessProbe",
        {"httpGet": {"port": 1, "httpHeaders": [{"name": "X Y", "value": ""}]}},
        at="C.livenessProbe.httpGet.httpHeaders.0.name",
        says="header",
    ),
    fault(
        "C.livenessProbe", {**_EXEC, "successThreshold": 2}, at="C.livenessProbe.successThreshold"
    ),
    fault("C.startupProbe", {**_EXEC, "successThreshold": 2}, at="C.startupProbe.successThreshold"),
    *(
        fault(
            "C.readinessProbe", {**_EXEC, key: -1}, at=f"C.readinessProbe.{key}", says="0 or more"
        )
        for key in (
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        )
    ),
    fine("C.livenessProbe", {**_EXEC, "terminationGracePeriodSeconds": 1}),
    fault(
        "C.livenessProbe",
        {**_EXEC, "terminationGracePeriodSeconds": 0},
        at="C.livenessProbe.terminationGracePeriodSeconds",
        says="1 or more",
    ),
    fault(
        "C.readinessProbe",
        {**_EXEC, "terminationGracePeriodSeconds": 9},
        at="C.readinessProbe.terminationGracePeriodSeconds",
        says="has none",
    ),
    fault("I.livenessProbe", _EXEC, says='only with restartPolicy "Always"'),
    fault("I.lifecycle", {}, says='only with restartPolicy "Always"'),
    fine({"I.restartPolicy": "Always", "I.livenessProbe": _EXEC}),
    fault(
        {"I.restartPolicy": "Always", "I.livenessProbe": {}}, at="I.livenessProbe", says="not none"
    ),
    # Hooks.
    fine("C.lifecycle", {}),
    fine("C.lifecycle", {"postStart": _EXEC, "preStop": {"httpGet": {"port": 80}}}),
    fine("C.lifecycle", {"preStop": {"tcpSocket": {"port": 80}}}),
    fine("C.lifecycle", {"preStop": {"sleep": {"seconds": 30}}}),
    fine("C.lifecycle", {"preStop": {"sleep": {"seconds": 0}}}),
    fault("C.lifecycle", {"preStop": {}}, at="C.lifecycle.preStop", says='"sleep", not none'),
    fault(
        "C.lifecycle",
        {"preStop": {"sleep": {"seconds": 31}}},
        at="C.lifecycle.preStop.sleep.seconds",
        says="which is 30",
    ),
    fault(
        {
            "C.lifecycle": {"preStop": {"sleep": {"seconds": 2}}},
            "P.terminationGracePeriodSeconds": 1,
        },
        at="C.lifecycle.preStop.sleep.seconds",
        says="which is 1",
    ),
    fault(
        "C.lifecycle",
        {"preStop": {"sleep": {"seconds": -1}}},
        at="C.lifecycle.preStop.sleep.seconds",
    ),
    fault(
        "C.lifecycle",
        {"postStart": {**_EXEC, "sleep": {"seconds": 1}}},
        at="C.lifecycle.postStart",
        says="at once",
    ),
]
