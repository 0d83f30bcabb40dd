# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of containers: names, images, ports and what belongs to init containers only.

Source: pkg/apis/core/validation/validation.go, validateContainers and validateInitContainers.
"""

from __future__ import annotations

from .environment import check_environment, check_references
from .findings import Place, quoted
from .handlers import check_lifecycle, check_probes
from .images import warn_of_latest
from .mounts import Volumes, check_devices, check_mounts, volumes_by_name
from .resources import check_requirements
from .security import check_security_context
from .syntax import DNS_LABEL, PORT_NAME, check_port_number

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_RULE_LIMIT = 20


def check_containers(pod: Place) -> None:
    """Check the containers and init containers of a pod."""
    containers = pod.objects("containers")
    init_containers = pod.objects("initContainers")
    volumes = volumes_by_name(pod)
    if not containers and not pod.elements("containers"):
        pod.child("containers").fault("a pod needs at least one container")
    for container in containers:
        _check_container(container, pod, volumes)
        check_lifecycle(container, pod)
        check_probes(container)
        _check_restart_rules(container)
    for container in init_containers:
        _check_container(container, pod, volumes)
        _check_init_container(container, pod)
        _check_host_ports([container])
    _check_names(containers, init_containers)
    _check_host_ports(containers)
    _check_container_ports(containers)


def _check_container(container: Place, pod: Place, volumes: Volumes) -> None:
    if container.require("name", "the container's name"):
        DNS_LABEL.check(container.child("name"), "container name")
    image = container.require("image", "the container's image")
    warn_of_latest(container.child("image"))
    if image != image.strip():
        container.child("image").warn(
            f"{quoted(image)} has white space at an end: no pod can be made from it"
        )
    container.one_of("imagePullPolicy", _PULL_POLICIES)
    container.one_of("terminationMessagePolicy", _MESSAGE_POLICIES)
    _check_ports(container)
    check_environment(container, pod)
    check_references(container)
    check_mounts(container, volumes)
    check_devices(container, volumes)
    check_requirements(container.child("resources"), pod)
    _check_resize_policy(container)
    check_security_context(container, pod)


def _check_init_container(container: Place, pod: Place) -> None:
    _check_restart_rules(container)
    if container.text("restartPolicy") == "Always":
        check_lifecycle(container, pod)
        check_probes(container)
        return
    for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if container.child(key):
            container.child(key).fault(
                f'an init container may have a {key} only with restartPolicy "Always"'
            )
    for policy in container.objects("resizePolicy"):
        if policy.text("restartPolicy") == "RestartContainer":
            policy.child("restartPolicy").fault(
                'an init container may have "RestartContainer" only with restartPolicy "Always"'
            )


def _check_names(containers: list[Place], init_containers: list[Place]) -> None:
    """Check that no init container has the name of a container; within a list identity.py does."""
    names = {container.text("name") for container in containers} - {""}
    for container in init_containers:
        if container.text("name") in names:
            container.child("name").fault(
                f"a container has the name {quoted(container.text('name'))} too:"
                " containers and init containers share their names"
            )


def _check_ports(container: Place) -> None:
    names: set[str] = set()
    for port in container.objects("ports"):
        number = port.child("containerPort")
        if number.value in (None, 0):
            number.fault("the port's number is missing: it must be from 1 to 65535")
        else:
            check_port_number(number)
        # 0 is the default and means that there is none.
        if port.integer("hostPort"):
            check_port_number(port.child("hostPort"))
        port.one_of("protocol", _PROTOCOLS)
        name = port.text("name")
        if name and PORT_NAME.check(port.child("name")):
            if name in names:
                port.child("name").fault(f"a second port of this container is named {quoted(name)}")
            names.add(name)


def _check_host_ports(containers: list[Place]) -> None:
    """Check that no port of the node is taken twice.

    Source: validation.go AccumulateUniqueHostPorts: the key is protocol, address and port.
    """
    taken: dict[tuple[str, str, int], str] = {}
    for container in containers:
        for port in container.objects("ports"):
            number = port.integer("hostPort")
            if not number:
                continue
            protocol = port.text("protocol") or "TCP"
            key = (protocol, port.text("hostIP"), number)
            if key in taken:
                port.child("hostPort").fault(
                    f"port {number}/{protocol} of the node is taken by {taken[key]} already"
                )
            else:
                taken[key] = f"the container {quoted(container.text('name'))}"


def _check_container_ports(containers: list[Place]) -> None:
    """Check that no two containers of the pod listen on the same port.

    They share the pod's network, so one of them could not start. The server takes this; the
    project's rule is stricter. Within one container identity.py has said it.
    """
    taken: dict[tuple[int, str], Place] = {}
    for container in containers:
        for port in container.objects("ports"):
            number = port.integer("containerPort")
            if number is None:
                continue
            key = (number, port.text("protocol") or "TCP")
            other = taken.setdefault(key, container)
            if other.path != container.path:
                port.child("containerPort").fault(
                    f"port {key[0]}/{key[1]} is used by the container"
                    f" {quoted(other.text('name'))} too, and the containers of a pod share its"
                    " ports"
                )


def _check_resize_policy(container: Place) -> None:
    seen: set[str] = set()
    for policy in container.objects("resizePolicy"):
        name = policy.one_of("resourceName", ("cpu", "memory"))
        policy.require("resourceName", "the name of the resource")
        if name in seen:
            policy.child("resourceName").fault(f"a second policy for {quoted(name)}")
        seen.add(name)
        policy.require("restartPolicy", "the policy")
        policy.one_of("restartPolicy", ("NotRequired", "RestartContainer"))


def _check_restart_rules(container: Place) -> None:
    policy = container.child("restartPolicy")
    rules = container.objects("restartPolicyRules")
    if policy.value == "":
        policy.fault("the restart policy is empty: leave it out")
    container.one_of("restartPolicy", _RESTART_POLICIES)
    if rules and not policy:
        policy.fault("restartPolicyRules need a restartPolicy beside them")
    if len(rules) > _RULE_LIMIT:
        container.child("restartPolicyRules").fault(f"at most {_RULE_LIMIT} rules are allowed")
    for rule in rules:
        rule.require("action", "the action")
        rule.one_of("action", ("Restart", "RestartAllContainers"))
        codes = rule.child("exitCodes")
        if not codes:
            codes.fault("the rule's exitCodes are missing")
            continue
        codes.require("operator", "the operator")
        codes.one_of("operator", ("In", "NotIn"))
        if len(codes.elements("values")) > 255:
            codes.child("values").fault("at most 255 values are allowed")
