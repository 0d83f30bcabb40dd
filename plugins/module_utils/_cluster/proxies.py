# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxy a connection takes: our own rules, since releases of the client differ in theirs."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult


def proxy_for(
    server: SplitResult,
    *,
    option: str | None,
    kubeconfig: str | None,
    no_proxy: str | None,
    environ: Mapping[str, str],
) -> str | None:
    """The URL of the proxy for a server, or None.

    The order: the option, the kubeconfig's ``proxy-url``, then the environment (``HTTPS_PROXY``, or
    ``HTTP_PROXY`` for an ``http`` server, in either case of letters). ``no_proxy`` exempts servers
    from all three, the environment's ``NO_PROXY`` from the last, which also never holds for the
    machine itself (as in Go's net/http, so in kubectl).

    Args:
        server: the server's URL, split.
        option: the option ``proxy``; empty means none, whatever the kubeconfig and environment say.
        kubeconfig: the cluster's ``proxy-url``.
        no_proxy: the option ``no_proxy``.
        environ: the environment.
    """
    if no_proxy and is_exempt(server, no_proxy):
        return None
    if option is not None:
        return option or None
    if kubeconfig:
        return kubeconfig
    name = f"{server.scheme}_proxy"
    found = environ.get(name) or environ.get(name.upper())
    if not found or _is_this_machine(server.hostname or ""):
        return None
    if is_exempt(server, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return found if "://" in found else f"http://{found}"


def is_exempt(server: SplitResult, rules: str) -> bool:
    """Whether a list such as ``localhost,.example.com,10.0.0.0/8,host:6443`` names the server.

    A name exempts itself and its subdomains, with a leading dot only its subdomains; ``*`` exempts
    everything.
    """
    host = (server.hostname or "").lower()
    port = server.port or {"https": 443, "http": 80}.get(server.scheme, 0)
    return any(_matches(host, port, rule.strip().lower()) for rule in rules.split(","))


def _matches(host: str, port: int, rule: str) -> bool:
    if not rule:
        return False
    if rule == "*":
        return True
    address = _address(host)
    if address is not None and _in_network(address, rule):
        return True
    name, _colon, wanted_port = rule.rpartition(":")
    if name and wanted_port.isdigit() and not _address(rule):
        if int(wanted_port) != port:
            return False
        rule = name.strip("[]")
    if address is not None:
        return _address(rule) == address
    if rule.startswith("*."):
        rule = rule[1:]
    if rule.startswith("."):
        return host.endswith(rule)
    return host == rule or host.endswith(f".{rule}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _in_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, rule: str) -> bool:
    try:
        return address in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return False


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)
