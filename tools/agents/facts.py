# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be known of a DaemonSet as stored by an API server: what its pods do on a node.

Facts are texts by their names, so that those of two DaemonSets can be compared whatever volumes and
accounts are called in them. What is not there, or is as Kubernetes has it anyway, is no fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Facts = dict[str, str]
_Pairs = Iterator[tuple[str, str]]

# What a container has of its pod's security context, unless it says so itself.
_OF_THE_POD = ("runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile", "seLinuxOptions")
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def facts(daemonset: Mapping[str, Any], containers: Mapping[str, str]) -> Facts:
    """The facts of a DaemonSet, its rights left out.

    Args:
        daemonset: as an API server has it, with its defaults.
        containers: names to use instead of those of containers.
    """
    spec = daemonset["spec"]
    pod = spec["template"]["spec"]
    found = dict(_of_pod(spec, pod))
    for kind, prefix in (("containers", "container"), ("initContainers", "init container")):
        for container in pod.get(kind, []):
            name = f"{prefix} {containers.get(container['name'], container['name'])}"
            found[name] = "runs"
            for fact, value in _of_container(container, pod):
                found[f"{name}: {fact}"] = value
    return found


def _of_pod(spec: Mapping[str, Any], pod: Mapping[str, Any]) -> _Pairs:
    for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        if pod.get(field):
            yield field, "yes"
    for field in ("priorityClassName", "dnsPolicy", "runtimeClassName"):
        if field in pod:
            yield field, pod[field]
    yield "grace period", f"{pod['terminationGracePeriodSeconds']} s"
    yield "update strategy", _strategy(spec["updateStrategy"])
    if spec.get("minReadySeconds"):
        yield "minReadySeconds", str(spec["minReadySeconds"])
    if pod.get("tolerations"):
        yield "tolerations", "; ".join(sorted(map(_taint, pod["tolerations"])))
    yield from _nodes(pod)
    for field in ("fsGroup", "supplementalGroups"):
        if field in pod.get("securityContext", {}):
            yield field, _plain(pod["securityContext"][field])


def _strategy(strategy: Mapping[str, Any]) -> str:
    rolling = strategy.get("rollingUpdate")
    return f"{rolling['maxUnavailable']} at a time" if rolling else str(strategy["type"])


def _taint(toleration: Mapping[str, Any]) -> str:
    value = f"={toleration['value']}" if toleration.get("value") else ""
    effect = toleration.get("effect", "any effect")
    return f"{toleration.get('key', 'all taints')}{value}, {effect}"


def _nodes(pod: Mapping[str, Any]) -> _Pairs:
    """What is required of nodes, by labels; where one of several things is enough, in one fact."""
    selector = [f"{key} in {value}" for key, value in pod.get("nodeSelector", {}).items()]
    affinity = pod.get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
    terms = [[*map(_expression, one.get("matchExpressions", []))] for one in _terms(required)]
    common = {*terms[0]}.intersection(*terms) if terms else set()
    for requirement in sorted({*selector, *common}):
        key, _space, values = requirement.partition(" ")
        yield f"nodes by {key}", values
    others = sorted(", ".join(sorted({*term} - common)) for term in terms)
    if any(others):
        yield "nodes by one of", " or ".join(others)


def _terms(required: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(required.get("nodeSelectorTerms", []))


def _expression(one: Mapping[str, Any]) -> str:
    operator = {"In": "in", "NotIn": "not in"}.get(one["operator"], one["operator"])
    return f"{one['key']} {operator} {', '.join(sorted(one.get('values', [])))}".strip()


def _of_container(container: Mapping[str, Any], pod: Mapping[str, Any]) -> _Pairs:
    yield from _security(container, pod)
    for kind, amounts in sorted(container.get("resources", {}).items()):
        if kind in ("requests", "limits"):
            yield kind, ", ".join(f"{name} {amounts[name]}" for name in sorted(amounts))
    for port in container.get("ports", []):
        number = f"port {port['containerPort']}/{port['protocol']}"
        taken = port.get("hostPort")
        yield number, "declared" if not taken or pod.get("hostNetwork") else f"on the node {taken}"
    for kind in _PROBES:
        if kind in container:
            yield kind, _probe(container[kind], container)
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    mounts: dict[str, list[str]] = {}
    for mount in container.get("volumeMounts", []):
        source, detail = _source(volumes[mount["name"]])
        mounts.setdefault(source, []).append(_mount(mount, detail))
    for source, where in mounts.items():
        yield source, "; ".join(sorted(where))


def _security(container: Mapping[str, Any], pod: Mapping[str, Any]) -> _Pairs:
    of_pod = pod.get("securityContext", {})
    context = {field: of_pod[field] for field in _OF_THE_POD if field in of_pod}
    context |= container.get("securityContext", {})
    for field in ("privileged", "readOnlyRootFilesystem", "runAsNonRoot"):
        if context.get(field):
            yield field, "yes"
    if context.get("allowPrivilegeEscalation") is False:
        yield "allowPrivilegeEscalation", "no"
    for field in ("runAsUser", "runAsGroup", "seccompProfile", "appArmorProfile", "seLinuxOptions"):
        if field in context:
            yield field, _plain(context[field])
    capabilities = context.get("capabilities", {})
    for field in ("add", "drop"):
        if capabilities.get(field):
            yield f"capabilities, {field}", ", ".join(sorted(capabilities[field]))


def _probe(probe: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    named = {port.get("name"): port["containerPort"] for port in container.get("ports", [])}
    if "httpGet" in probe:
        asked = probe["httpGet"]
        what = f"{asked['scheme']} {asked.get('path', '/')} on {_port(asked['port'], named)}"
    elif "tcpSocket" in probe:
        what = f"TCP on {_port(probe['tcpSocket']['port'], named)}"
    elif "grpc" in probe:
        what = f"gRPC on {probe['grpc']['port']}"
    else:
        what = "a command"
    times = f"{probe['failureThreshold']} times, every {probe['periodSeconds']} s"
    late = probe.get("initialDelaySeconds")
    return f"{what}, {times}" + (f", after {late} s" if late else "")


def _port(port: str | int, named: Mapping[str, int]) -> str | int:
    return named.get(port, port) if isinstance(port, str) else port


def _source(volume: Mapping[str, Any]) -> tuple[str, str]:
    """What a volume is made of, whatever it is called, and more about it."""
    if "hostPath" in volume:
        path = volume["hostPath"]["path"].rstrip("/") or "/"
        return f"folder or file {path} of the node", volume["hostPath"].get("type", "")
    kinds = {"configMap": "ConfigMap", "secret": "Secret", "emptyDir": "empty folder"}
    kind = next(key for key in volume if key != "name")
    medium = volume[kind].get("medium", "") if kind == "emptyDir" else ""
    return kinds.get(kind, f"{kind} volume"), medium


def _mount(mount: Mapping[str, Any], detail: str) -> str:
    propagation = mount.get("mountPropagation", "None")
    parts = [
        f"at {mount['mountPath'].rstrip('/') or '/'}",
        "" if mount.get("readOnly") else "writable",
        "" if propagation == "None" else propagation,
        detail,
    ]
    return ", ".join(part for part in parts if part)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(str(value[key]) for key in sorted(value, reverse=True))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
