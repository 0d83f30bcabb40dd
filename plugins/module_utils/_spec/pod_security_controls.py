# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controls of the Pod Security Standards, by the names that the API server has for them.

Source: policy/check_*.go in k8s.io/pod-security-admission of Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .checks.findings import Place, alternatives, quoted
from .names import Path

# Where a violation is, and what it is.
Breach = tuple[Path, str]

_CAPABILITIES = frozenset(
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID"
    " SETPCAP SETUID SYS_CHROOT".split()
)
_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced",
        *(f"net.ipv4.ip_{name}" for name in ("local_port_range", "unprivileged_port_start")),
        *(f"net.ipv4.tcp_{name}" for name in ("syncookies", "fin_timeout", "rmem", "wmem")),
        *(f"net.ipv4.tcp_keepalive_{name}" for name in ("time", "intvl", "probes")),
        *("net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"),
    )
)
_SELINUX_TYPES = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_PROFILES = ("RuntimeDefault", "Localhost")
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_APPARMOR_VALUES = ("runtime/default", "localhost/")
_VOLUMES = frozenset(
    "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected"
    " secret".split()
)
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")
_HANDLERS = ("httpGet", "tcpSocket")


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template, as the controls look at it.

    Attributes:
        spec: the pod's spec.
        metadata: the pod's metadata.
        containers: all containers, init containers first.
    """

    spec: Place
    metadata: Place
    containers: list[Place]

    @property
    def is_windows(self) -> bool:
        """Whether it says that it is for Windows, where the API refuses what Linux has to say."""
        return self.spec.text("os", "name") == "windows"

    @property
    def has_own_users(self) -> bool:
        """Whether root in it is not root on the node."""
        return self.spec.get("hostUsers") is False

    def contexts(self) -> Iterator[Place]:
        """The security contexts of the pod and of its containers, those that are there."""
        for holder in (self.spec, *self.containers):
            context = holder.child("securityContext")
            if context:
                yield context


def pod_of(template: Place) -> Pod:
    """The pod that a template makes."""
    spec = template.child("spec")
    kinds = ("initContainers", "containers", "ephemeralContainers")
    containers = [container for kind in kinds for container in spec.objects(kind)]
    return Pod(spec, template.child("metadata"), containers)


def _privileged(pod: Pod) -> Iterator[Breach]:
    for container in pod.containers:
        if container.is_true("securityContext", "privileged"):
            yield container.child("securityContext", "privileged").path, "is true"


def _host_namespaces(pod: Pod) -> Iterator[Breach]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.is_true(name):
            yield pod.spec.child(name).path, "is true"


def _host_path_volumes(pod: Pod) -> Iterator[Breach]:
    for volume in pod.spec.objects("volumes"):
        if volume.get("hostPath") is not None:
            yield volume.child("hostPath").path, "is a path of the node"


def _host_ports(pod: Pod) -> Iterator[Breach]:
    for container in pod.containers:
        for port in container.objects("ports"):
            if port.integer("hostPort"):
                yield (
                    port.child("hostPort").path,
                    f"{port.integer('hostPort')} is a port of the node",
                )


def _hosts_of_probes(pod: Pod) -> Iterator[Breach]:
    for container in pod.containers:
        asking = [container.child(probe) for probe in _PROBES]
        asking += [container.child("lifecycle", hook) for hook in _HOOKS]
        for one in asking:
            for handler in _HANDLERS:
                host = one.text(handler, "host")
                if host:
                    yield (
                        one.child(handler, "host").path,
                        f"{quoted(host)} is a host; only the pod itself may be asked",
                    )


def _app_armor(pod: Pod) -> Iterator[Breach]:
    for context in pod.contexts():
        yield from _profile(context, "appArmorProfile")
    for key, annotation in pod.metadata.entries("annotations"):
        value = annotation.value
        if not key.startswith(_APPARMOR_ANNOTATION) or value in ("", _APPARMOR_VALUES[0]):
            continue
        if not str(value).startswith(_APPARMOR_VALUES[1]):
            yield annotation.path, f"allowed are {_APPARMOR_VALUES[0]} and localhost/NAME"


def _profile(context: Place, name: str) -> Iterator[Breach]:
    """The type of a profile that is there."""
    if context.get(name) is not None and context.text(name, "type") not in _PROFILES:
        found = quoted(context.text(name, "type"))
        yield (
            context.child(name, "type").path,
            f"{found} is not allowed, allowed are {alternatives(_PROFILES)}",
        )


def _selinux(pod: Pod) -> Iterator[Breach]:
    for context in pod.contexts():
        options = context.child("seLinuxOptions")
        kind = options.text("type")
        if kind and kind not in _SELINUX_TYPES:
            allowed = alternatives(_SELINUX_TYPES)
            yield (
                options.child("type").path,
                f"{quoted(kind)} is not allowed, allowed are {allowed}",
            )
        for name in ("user", "role"):
            if options.text(name):
                yield options.child(name).path, "is set"


def _proc_mount_unless_own_users(pod: Pod) -> Iterator[Breach]:
    if not pod.has_own_users:
        yield from _proc_mount(pod)


def _proc_mount(pod: Pod) -> Iterator[Breach]:
    for container in pod.containers:
        kind = container.get("securityContext", "procMount")
        if kind not in (None, "Default"):
            path = container.child("securityContext", "procMount").path
            yield path, f'{quoted(kind)} is not allowed, allowed is "Default"'


def _seccomp(pod: Pod) -> Iterator[Breach]:
    for context in pod.contexts():
        yield from _profile(context, "seccompProfile")


def _capabilities(pod: Pod) -> Iterator[Breach]:
    yield from _added(pod, _CAPABILITIES, "is not one that containers have by default")


def _added(pod: Pod, allowed: frozenset[str], problem: str) -> Iterator[Breach]:
    for container in pod.containers:
        for capability in container.elements("securityContext", "capabilities", "add"):
            if capability.value not in allowed:
                yield capability.path, f"{quoted(capability.value)} {problem}"


def _sysctls(pod: Pod) -> Iterator[Breach]:
    for sysctl in pod.spec.objects("securityContext", "sysctls"):
        name = sysctl.text("name")
        if name not in _SYSCTLS:
            yield sysctl.child("name").path, f"{quoted(name)} is not among the safe ones"


def _windows_host_process(pod: Pod) -> Iterator[Breach]:
    for context in pod.contexts():
        if context.is_true("windowsOptions", "hostProcess"):
            yield context.child("windowsOptions", "hostProcess").path, "is true"


def _privilege_escalation(pod: Pod) -> Iterator[Breach]:
    if pod.is_windows:
        return
    for container in pod.containers:
        found = container.get("securityContext", "allowPrivilegeEscalation")
        if found is not False:
            path = container.child("securityContext", "allowPrivilegeEscalation").path
            yield path, f"{'is true' if found else 'is missing'}, it must be false"


def _run_as_non_root(pod: Pod) -> Iterator[Breach]:
    if pod.has_own_users:
        return
    of_pod = pod.spec.get("securityContext", "runAsNonRoot")
    if of_pod is False:
        path = pod.spec.child("securityContext", "runAsNonRoot").path
        yield path, "is false, it must be true"
    for container in pod.containers:
        found = container.get("securityContext", "runAsNonRoot")
        path = container.child("securityContext", "runAsNonRoot").path
        if found is False:
            yield path, "is false, it must be true"
        elif found is None and of_pod is None:
            yield path, "is missing, it must be true here or for the pod"


def _run_as_user(pod: Pod) -> Iterator[Breach]:
    if pod.has_own_users:
        return
    for context in pod.contexts():
        if context.integer("runAsUser") == 0:
            yield context.child("runAsUser").path, "is 0, which is root"


def _seccomp_everywhere(pod: Pod) -> Iterator[Breach]:
    if pod.is_windows:
        return
    yield from _seccomp(pod)
    if pod.spec.get("securityContext", "seccompProfile") is not None:
        return
    for container in pod.containers:
        if container.get("securityContext", "seccompProfile") is None:
            yield (
                container.child("securityContext", "seccompProfile", "type").path,
                f"is missing, it must be {alternatives(_PROFILES)} here or for the pod",
            )


def _no_capabilities(pod: Pod) -> Iterator[Breach]:
    if pod.is_windows:
        return
    for container in pod.containers:
        if "ALL" not in container.texts("securityContext", "capabilities", "drop"):
            path = container.child("securityContext", "capabilities", "drop").path
            yield path, 'must have "ALL"'
    allowed = "NET_BIND_SERVICE"
    yield from _added(pod, frozenset((allowed,)), f"is not allowed, allowed is {quoted(allowed)}")


def _volume_types(pod: Pod) -> Iterator[Breach]:
    for volume in pod.spec.objects("volumes"):
        sources = [key for key, source in volume.entries() if key != "name" and source]
        # A volume without a source is an empty folder to the server.
        if sources and not _VOLUMES.intersection(sources):
            yield volume.child(sources[0]).path, "is not a type of volume that is allowed"


Control = Callable[[Pod], Iterator[Breach]]

# In the server's order.
BASELINE: Mapping[str, Control] = {
    "appArmorProfile": _app_armor,
    "capabilities_baseline": _capabilities,
    "hostNamespaces": _host_namespaces,
    "hostPathVolumes": _host_path_volumes,
    "hostPorts": _host_ports,
    "hostProbesAndHostLifecycle": _hosts_of_probes,
    "privileged": _privileged,
    "procMount": _proc_mount_unless_own_users,
    "seLinuxOptions": _selinux,
    "seccompProfile_baseline": _seccomp,
    "sysctls": _sysctls,
    "windowsHostProcess": _windows_host_process,
}
RESTRICTED: Mapping[str, Control] = {
    "allowPrivilegeEscalation": _privilege_escalation,
    "capabilities_restricted": _no_capabilities,
    "procMount_restricted": _proc_mount,
    "restrictedVolumes": _volume_types,
    "runAsNonRoot": _run_as_non_root,
    "runAsUser": _run_as_user,
    "seccompProfile_restricted": _seccomp_everywhere,
}
# Controls of the baseline level that a stricter one takes the place of.
OVERRIDDEN = frozenset(
    ("capabilities_baseline", "hostPathVolumes", "procMount", "seccompProfile_baseline")
)
