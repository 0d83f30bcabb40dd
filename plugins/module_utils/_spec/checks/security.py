# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of security contexts, of the pod and of its containers.

Source: pkg/apis/core/validation/validation.go, ValidateSecurityContext and
validatePodSpecSecurityContext.
"""

from __future__ import annotations

import re

from .findings import Place, quoted
from .syntax import check_relative_path

_ID_LIMIT = 2**31 - 1
_PROFILES = ("RuntimeDefault", "Localhost", "Unconfined")
_APPARMOR_PATH_LIMIT = 4095
_SYSCTL_SEGMENT = r"[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_SYSCTL = re.compile(rf"(?:{_SYSCTL_SEGMENT}[./])*{_SYSCTL_SEGMENT}")
# Kernel settings of the namespaces that a pod may share with its node.
_IPC_SYSCTLS = frozenset(
    f"kernel.{name}"
    for name in (
        *("sem", "shm", "shmall", "shmmax", "shmmni", "shm_rmid_forced"),
        *("msg", "msgmax", "msgmnb", "msgmni"),
    )
)


def check_security_context(container: Place, pod: Place) -> None:
    """Check the security context of a container."""
    context = container.child("securityContext")
    if not isinstance(context.value, dict):
        return
    _check_ids(context, ("runAsUser", "runAsGroup"))
    _check_root(context, pod)
    _check_escalation(context)
    proc_mount = context.one_of("procMount", ("Default", "Unmasked"), empty=False)
    if proc_mount == "Unmasked" and pod.child("hostUsers").value is not False:
        context.child("procMount").fault('"Unmasked" needs hostUsers: false in the pod')
    _check_profiles(context)
    _check_windows(context.child("windowsOptions"))


def check_pod_security_context(pod: Place) -> None:
    """Check the security context of the pod."""
    context = pod.child("securityContext")
    if pod.is_true("shareProcessNamespace") and pod.is_true("hostPID"):
        pod.child("shareProcessNamespace").fault(
            "shareProcessNamespace and hostPID exclude each other"
        )
    if not isinstance(context.value, dict):
        return
    _check_ids(context, ("runAsUser", "runAsGroup", "fsGroup"))
    for group in context.elements("supplementalGroups"):
        _check_id(group)
    context.one_of("fsGroupChangePolicy", ("OnRootMismatch", "Always"), empty=False)
    context.one_of("supplementalGroupsPolicy", ("Merge", "Strict"), empty=False)
    context.one_of("seLinuxChangePolicy", ("Recursive", "MountOption"), empty=False)
    _check_sysctls(context, pod)
    _check_profiles(context)
    _check_windows(context.child("windowsOptions"))


def _check_windows(options: Place) -> None:
    if options:
        # A module is compiled anew in each task, so what few tasks need is imported here.
        from .windows import check_windows_options

        check_windows_options(options)


def _check_ids(context: Place, keys: tuple[str, ...]) -> None:
    for key in keys:
        _check_id(context.child(key))


def _check_id(place: Place) -> None:
    value = place.value
    if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= _ID_LIMIT:
        place.fault(f"{value} is not allowed: it must be from 0 to {_ID_LIMIT}")


def _check_root(context: Place, pod: Place) -> None:
    """Warn where a container that must not be root is root: the kubelet will not start it."""
    of_pod = pod.child("securityContext")
    user = context.integer("runAsUser")
    user = of_pod.integer("runAsUser") if user is None else user
    own = context.child("runAsNonRoot")
    non_root = own.value if own else of_pod.child("runAsNonRoot").value
    if non_root is True and user == 0:
        place = own if own else context
        place.warn("runAsNonRoot with the user 0, which is root: the container will never start")


def _check_escalation(context: Place) -> None:
    place = context.child("allowPrivilegeEscalation")
    if place.value is not False:
        return
    if context.is_true("privileged"):
        place.fault("it cannot be false in a privileged container")
    if "CAP_SYS_ADMIN" in context.texts("capabilities", "add"):
        place.fault("it cannot be false in a container with the capability CAP_SYS_ADMIN")


def _check_profiles(context: Place) -> None:
    seccomp = context.child("seccompProfile")
    if isinstance(seccomp.value, dict):
        kind = _check_profile_type(seccomp)
        profile = seccomp.child("localhostProfile")
        if kind == "Localhost" and profile:
            check_relative_path(profile)
    apparmor = context.child("appArmorProfile")
    if isinstance(apparmor.value, dict):
        kind = _check_profile_type(apparmor)
        profile = apparmor.child("localhostProfile")
        if kind == "Localhost" and isinstance(profile.value, str):
            if not profile.value.strip() or profile.value != profile.value.strip():
                profile.fault("the name must not be empty, nor have white space at an end")
            elif len(profile.value.encode()) > _APPARMOR_PATH_LIMIT:
                profile.fault(f"the name has at most {_APPARMOR_PATH_LIMIT} bytes")


def _check_profile_type(profile: Place) -> str:
    profile.require("type", "the type")
    kind = profile.one_of("type", _PROFILES)
    local = profile.child("localhostProfile")
    if kind == "Localhost" and not local:
        local.fault('the type "Localhost" needs it')
    elif kind in _PROFILES and kind != "Localhost" and local:
        local.fault('it is allowed with the type "Localhost" only')
    return kind


def _check_sysctls(context: Place, pod: Place) -> None:
    seen: set[str] = set()
    for setting in context.objects("sysctls"):
        name = setting.require("name", "the setting's name")
        if not name:
            continue
        place = setting.child("name")
        if len(name) > 253 or not _SYSCTL.fullmatch(name):
            place.fault(
                f"{quoted(name)} is not the name of a kernel setting: lower-case letters, digits,"
                ' "-" and "_" in parts separated by "." or "/", at most 253 characters'
            )
        elif name in seen:
            place.fault(f"{quoted(name)} stands here twice")
        seen.add(name)
        _check_sysctl_namespace(place, _with_dots(name), pod)


def _with_dots(name: str) -> str:
    """The name with dots between its parts, as ``sysctl`` reads it: the first separator decides."""
    first = re.search(r"[./]", name)
    if first is None or first[0] == ".":
        return name
    return name.translate(str.maketrans("./", "/."))


def _check_sysctl_namespace(place: Place, name: str, pod: Place) -> None:
    if name.startswith("net.") and pod.is_true("hostNetwork"):
        place.fault("a pod with hostNetwork cannot change the node's network settings")
    elif (name in _IPC_SYSCTLS or name.startswith("fs.mqueue.")) and pod.is_true("hostIPC"):
        place.fault("a pod with hostIPC cannot change the node's IPC settings")
