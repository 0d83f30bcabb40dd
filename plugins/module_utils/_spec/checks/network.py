# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the pods' network: DNS, host aliases, the node's network.

Source: pkg/apis/core/validation/validation.go, validatePodDNSConfig, ValidateHostAliases and
validatePodHostNetworkDeps.
"""

from __future__ import annotations

from .findings import Place, quoted
from .syntax import DNS_SUBDOMAIN, DNS_SUBDOMAIN_UNDERSCORE, check_ip

_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
LOST_POLICY = (
    'it is empty, which counts as nothing: the policy "None" is text, which a template may lose'
)
_NAMESERVER_LIMIT = 3
_SEARCH_LIMIT = 32
_SEARCH_CHARACTERS = 2048
# What consoles take, from the time before Kubernetes 1.28.
_SEARCH_CONSOLE_LIMIT = 6
_SEARCH_CONSOLE_CHARACTERS = 256


def check_network(pod: Place) -> None:
    """Check DNS settings, host aliases and, with hostNetwork, the ports of the node."""
    policy = pod.one_of("dnsPolicy", _POLICIES)
    on_host = pod.is_true("hostNetwork")
    lost = isinstance(pod.value, dict) and "dnsPolicy" in pod.value and not pod.text("dnsPolicy")
    if lost and pod.elements("dnsConfig", "nameservers"):
        pod.child("dnsPolicy").warn(LOST_POLICY)
    if policy == "ClusterFirst" and on_host:
        pod.child("dnsPolicy").warn(
            'with hostNetwork "ClusterFirst" works like "Default", without the cluster\'s DNS:'
            ' "ClusterFirstWithHostNet" is what asks for it'
        )
    elif policy == "ClusterFirstWithHostNet" and not on_host:
        pod.child("dnsPolicy").warn('without hostNetwork it works like "ClusterFirst"')
    _check_dns(pod.child("dnsConfig"), policy)
    _check_host_aliases(pod)
    if on_host:
        _check_same_ports(pod)


def _check_dns(config: Place, policy: str) -> None:
    nameservers = config.elements("nameservers")
    if policy == "None" and not nameservers:
        config.child("nameservers").fault('the dnsPolicy "None" needs at least one nameserver')
    if len(nameservers) > _NAMESERVER_LIMIT:
        config.child("nameservers").fault(
            f"at most {_NAMESERVER_LIMIT} nameservers are allowed, these are {len(nameservers)}"
        )
    for nameserver in nameservers:
        check_ip(nameserver)
    _check_searches(config)
    for option in config.objects("options"):
        option.require("name", "the option's name")


def _check_searches(config: Place) -> None:
    place = config.child("searches")
    searches = config.texts("searches")
    if len(searches) > _SEARCH_LIMIT:
        place.fault(f"at most {_SEARCH_LIMIT} domains are allowed, these are {len(searches)}")
    elif len(searches) > _SEARCH_CONSOLE_LIMIT:
        place.warn_of_console(
            f"consoles and servers before Kubernetes 1.28 take at most {_SEARCH_CONSOLE_LIMIT}"
            f" domains, these are {len(searches)}"
        )
    length = len(" ".join(searches))
    if length > _SEARCH_CHARACTERS:
        place.fault(f"at most {_SEARCH_CHARACTERS} characters are allowed, spaces counted")
    elif length > _SEARCH_CONSOLE_CHARACTERS:
        place.warn_of_console(
            "consoles and servers before Kubernetes 1.28 take at most"
            f" {_SEARCH_CONSOLE_CHARACTERS} characters, spaces counted, these are {length}"
        )
    seen: set[str] = set()
    for search in config.elements("searches"):
        if isinstance(search.value, str) and search.value in seen:
            search.warn(f"{quoted(search.value)} stands in this list twice, and counts once")
        seen.add(str(search.value))
    for search in config.elements("searches"):
        if isinstance(search.value, str) and search.value != ".":
            bare = search.value.removesuffix(".")
            DNS_SUBDOMAIN_UNDERSCORE.check(Place(bare, search.path, search.findings))


def _check_host_aliases(pod: Place) -> None:
    for alias in pod.objects("hostAliases"):
        if alias.require("ip", "the address"):
            check_ip(alias.child("ip"))
        for name in alias.elements("hostnames"):
            DNS_SUBDOMAIN.check(name, "host name")


def _check_same_ports(pod: Place) -> None:
    for container in pod.objects("containers"):
        for port in container.objects("ports"):
            host, inner = port.integer("hostPort"), port.integer("containerPort")
            if host and host != inner:
                port.child("hostPort").fault(
                    f"with hostNetwork it must equal the containerPort, which is {inner}"
                )
