# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of probes and lifecycle hooks.

Source: pkg/apis/core/validation/validation.go, validateProbe, validateHandler, validateLifecycle.
"""

from __future__ import annotations

from .findings import Place, alternatives, quoted
from .syntax import HEADER_NAME, PORT_NAME, check_port, check_port_number

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_NUMBERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)
_DEFAULT_GRACE_SECONDS = 30


def check_probes(container: Place) -> None:
    """Check the three probes of a container."""
    for key in _PROBES:
        probe = container.child(key)
        if isinstance(probe.value, dict):
            _check_probe(probe, container, key)


def _check_probe(probe: Place, container: Place, kind: str) -> None:
    _check_handler(probe, _PROBE_HANDLERS)
    _warn_of_unknown_ports(probe, container)
    for key in _NUMBERS:
        probe.at_least(key, 0)
    # 0 stands for the default, which is 1.
    if kind != "readinessProbe" and (probe.integer("successThreshold") or 0) > 1:
        probe.child("successThreshold").fault(f"it must be 1 for a {kind}")
    grace = probe.child("terminationGracePeriodSeconds")
    if grace and kind == "readinessProbe":
        grace.fault("a readinessProbe has none, for it stops no container")
    else:
        probe.at_least("terminationGracePeriodSeconds", 1)


def check_lifecycle(container: Place, pod: Place) -> None:
    """Check the hooks of a container."""
    seconds = pod.integer("terminationGracePeriodSeconds")
    grace = _DEFAULT_GRACE_SECONDS if seconds is None else seconds
    for key in ("postStart", "preStop"):
        hook = container.child("lifecycle", key)
        if not isinstance(hook.value, dict):
            continue
        _check_handler(hook, _HOOK_HANDLERS)
        _warn_of_unknown_ports(hook, container)
        sleep = hook.child("sleep")
        if isinstance(sleep.value, dict):
            time = sleep.integer("seconds") or 0
            if not 0 <= time <= grace:
                sleep.child("seconds").fault(
                    f"{time} is not allowed: it must be from 0 to the pod's"
                    f" terminationGracePeriodSeconds, which is {grace}"
                )


def _check_handler(place: Place, kinds: tuple[str, ...]) -> None:
    given = [kind for kind in kinds if place.child(kind)]
    if len(given) != 1:
        found = "none" if not given else f"{' and '.join(given)} at once"
        place.fault(f"give exactly one of {alternatives(kinds)}, not {found}")
    for kind in given:
        handler = place.child(kind)
        if kind == "exec":
            if not handler.elements("command"):
                handler.child("command").fault("the command is missing: a list of words")
        elif kind == "httpGet":
            _check_http_get(handler)
        elif kind == "tcpSocket":
            check_port(handler.child("port"))
        elif kind == "grpc":
            _check_grpc(handler)


def _check_http_get(handler: Place) -> None:
    check_port(handler.child("port"))
    scheme = handler.text("scheme")
    if scheme.upper() in ("HTTP", "HTTPS") and scheme != scheme.upper():
        handler.child("scheme").fault(f'{quoted(scheme)} must be in capitals: "{scheme.upper()}"')
    else:
        handler.one_of("scheme", ("HTTP", "HTTPS"))
    for header in handler.objects("httpHeaders"):
        if header.require("name", "the header's name"):
            HEADER_NAME.check(header.child("name"))


def _check_grpc(handler: Place) -> None:
    port = handler.child("port")
    if port.value in (None, 0):
        port.fault("a port is missing: it must be from 1 to 65535")
    else:
        check_port_number(port)


def _warn_of_unknown_ports(place: Place, container: Place) -> None:
    names = {port.text("name") for port in container.objects("ports")}
    for kind in ("httpGet", "tcpSocket"):
        port = place.child(kind, "port")
        if isinstance(port.value, str) and PORT_NAME.holds(port.value) and port.value not in names:
            port.warn(
                f"the container has no port named {quoted(port.value)}: it will fail on every node"
            )
