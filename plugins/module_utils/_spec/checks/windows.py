# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what goes with the operating system of the pods.

Source: pkg/apis/core/validation/validation.go, validateLinux, validateWindows,
validateWindowsHostProcessPod and validateWindowsSecurityContextOptions.
"""

from __future__ import annotations

import re

from .findings import Place
from .syntax import DNS_SUBDOMAIN

_POD_FIELDS = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")
_POD_CONTEXT = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_CONTAINER_CONTEXT = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)
_CREDENTIAL_LIMIT = 64 * 1024
_DOMAIN_LIMIT = 255
_USER_LIMIT = 104
_NETBIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_DNS_PART = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS_DOMAIN = re.compile(rf"{_DNS_PART}(?:\.{_DNS_PART})*")
_BAD_USER = re.compile(r'["/\\:;|=,+*?<>@\[\]]')


def check_operating_system(pod: Place) -> None:
    """Check ``os`` and the fields that one system does not have."""
    system = pod.child("os")
    containers = [*pod.objects("containers"), *pod.objects("initContainers")]
    if isinstance(system.value, dict):
        system.require("name", "the system's name")
        name = system.one_of("name", ("linux", "windows"))
        if name == "linux":
            for place in (pod, *containers):
                options = place.child("securityContext", "windowsOptions")
                if options:
                    options.fault("a pod for Linux has none")
        elif name == "windows":
            _check_no_linux_fields(pod, containers)
    _check_host_process(pod, containers)


def _check_no_linux_fields(pod: Place, containers: list[Place]) -> None:
    places = [pod.child(key) for key in _POD_FIELDS]
    places += [pod.child("securityContext", key) for key in _POD_CONTEXT]
    for container in containers:
        places += [container.child("securityContext", key) for key in _CONTAINER_CONTEXT]
    for place in places:
        # For the pod's own switches false is the same as absent.
        if place and not (place.path[-1] in ("hostPID", "hostIPC") and place.value is False):
            if place.path[-1] == "sysctls" and not place.value:
                continue
            place.fault("a pod for Windows has none")


def _check_host_process(pod: Place, containers: list[Place]) -> None:
    of_pod = pod.child("securityContext", "windowsOptions", "hostProcess").value
    on_host = 0
    for container in containers:
        place = container.child("securityContext", "windowsOptions", "hostProcess")
        if of_pod is not None and place and place.value is not of_pod:
            place.fault("it must be the same as in the pod's own windowsOptions")
        on_host += (place.value if place else of_pod) is True
    if not on_host:
        return
    if on_host != len(containers):
        pod.fault("where one container has hostProcess: true, all must have it")
    if not pod.is_true("hostNetwork"):
        pod.child("hostNetwork").fault("a pod with hostProcess containers needs hostNetwork: true")


def check_windows_options(options: Place) -> None:
    """Check the security options of Windows."""
    name = options.child("gmsaCredentialSpecName")
    if name:
        DNS_SUBDOMAIN.check(name)
    spec = options.child("gmsaCredentialSpec")
    if isinstance(spec.value, str) and not 0 < len(spec.value.encode()) <= _CREDENTIAL_LIMIT:
        spec.fault("it must have from 1 byte to 64 KiB")
    user = options.child("runAsUserName")
    if isinstance(user.value, str):
        problem = _user_problem(user.value)
        if problem:
            user.fault(problem)


def _user_problem(text: str) -> str:
    if not text:
        return "the user's name is empty"
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return "the user's name has control characters"
    domain, backslash, user = text.rpartition("\\")
    if "\\" in domain:
        return "the user's name has more than one backslash"
    problems = (
        (len(domain) > _DOMAIN_LIMIT, f"the domain has more than {_DOMAIN_LIMIT} characters"),
        (
            bool(backslash) and not (_NETBIOS.fullmatch(domain) or _DNS_DOMAIN.fullmatch(domain)),
            "the part before the backslash is no domain",
        ),
        (not user, "the user's name is empty"),
        (len(user) > _USER_LIMIT, f"the user's name has more than {_USER_LIMIT} characters"),
        (bool(user) and not user.strip(". "), "the user's name has only dots and spaces"),
        (bool(_BAD_USER.search(user)), "the user's name must not have any of \"/\\:;|=,+*?<>@[]"),
    )
    return next((problem for wrong, problem in problems if wrong), "")
