# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of a pod template: what all its containers share.

Source: pkg/apis/core/validation/validation.go, ValidatePodTemplateSpec and ValidatePodSpec.
"""

from __future__ import annotations

from .containers import check_containers
from .findings import Place, quoted
from .metadata import check_annotations, check_labels
from .network import check_network
from .resources import check_overhead, check_pod_resources
from .scheduling import check_scheduling
from .security import check_pod_security_context
from .syntax import DNS_LABEL, DNS_SUBDOMAIN, LABEL_KEY
from .volumes import check_volumes

_HOST_NAME_LIMIT = 64
# What DaoCloud's console takes for the time of the pre-stop command, in seconds.
_GRACE_CONSOLE_LIMIT = 9999


def check_template(template: Place) -> None:
    """Check the pods' labels, annotations and specification."""
    check_labels(template.child("metadata", "labels"))
    check_annotations(template.child("metadata", "annotations"))
    _check_pod_annotations(template)
    pod = template.child("spec")
    check_volumes(pod)
    check_containers(pod)
    check_pod_resources(pod)
    check_overhead(pod.child("overhead"))
    check_scheduling(pod)
    check_network(pod)
    check_pod_security_context(pod)
    _check_operating_system(pod)
    _check_life(pod)
    _check_names(pod)
    _check_claims(pod)
    _check_user_namespace(pod)


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def _check_pod_annotations(template: Place) -> None:
    if template.child("metadata", "annotations"):
        from .pod_annotations import check_pod_annotations

        check_pod_annotations(template)


def _check_operating_system(pod: Place) -> None:
    places = (pod, *pod.objects("containers"), *pod.objects("initContainers"))
    for_windows = (place.child("securityContext", "windowsOptions") for place in places)
    if pod.child("os") or any(for_windows):
        from .windows import check_operating_system

        check_operating_system(pod)


def _check_life(pod: Place) -> None:
    grace = pod.integer("terminationGracePeriodSeconds")
    if grace is not None and grace > _GRACE_CONSOLE_LIMIT:
        pod.child("terminationGracePeriodSeconds").warn_of_console(
            f"{grace} seconds: consoles take at most {_GRACE_CONSOLE_LIMIT}"
        )
    policy = pod.text("restartPolicy")
    if policy not in ("", "Always"):
        pod.child("restartPolicy").fault(
            f'{quoted(policy)} is not allowed: pods of a DaemonSet have "Always"'
        )
    if pod.child("activeDeadlineSeconds"):
        pod.child("activeDeadlineSeconds").fault("pods of a DaemonSet have no deadline")
    if pod.elements("ephemeralContainers"):
        pod.child("ephemeralContainers").fault("ephemeral containers belong to running pods only")
    pod.one_of("preemptionPolicy", ("PreemptLowerPriority", "Never"), empty=False)
    if pod.child("preemptionPolicy").value == "":
        pod.child("preemptionPolicy").fault("it is empty: leave it out")
    for gate in pod.objects("readinessGates"):
        if gate.require("conditionType", "the type of the condition"):
            LABEL_KEY.check(gate.child("conditionType"), "type of a condition")
    for gate in pod.objects("schedulingGates"):
        if gate.require("name", "the gate's name"):
            LABEL_KEY.check(gate.child("name"), "name of a gate")


def _check_names(pod: Place) -> None:
    account, old_account = pod.text("serviceAccountName"), pod.text("serviceAccount")
    for key, what in (
        ("serviceAccountName" if account else "serviceAccount", "name of a service account"),
        ("priorityClassName", "name of a priority class"),
        ("nodeName", "name of a node"),
    ):
        if pod.text(key):
            DNS_SUBDOMAIN.check(pod.child(key), what)
    if account and old_account and account != old_account:
        pod.child("serviceAccount").warn(f"serviceAccountName wins over it: {quoted(account)}")
    DNS_SUBDOMAIN.check(pod.child("runtimeClassName"), "name of a runtime class")
    for key in ("hostname", "subdomain"):
        if pod.text(key):
            DNS_LABEL.check(pod.child(key), key)
    override = pod.child("hostnameOverride")
    if isinstance(override.value, str):
        if DNS_SUBDOMAIN.check(override, "host name") and len(override.value) > _HOST_NAME_LIMIT:
            override.fault(f"a host name has at most {_HOST_NAME_LIMIT} characters")
        for key in ("setHostnameAsFQDN", "hostNetwork"):
            if pod.is_true(key):
                override.fault(f"it cannot stand beside {key}: true")


def _check_claims(pod: Place) -> None:
    for claim in pod.objects("resourceClaims"):
        if claim.require("name", "the claim's name"):
            DNS_LABEL.check(claim.child("name"))
        keys = ("resourceClaimName", "resourceClaimTemplateName")
        given = [key for key in keys if claim.child(key)]
        if len(given) != 1:
            claim.fault(f"give exactly one of {keys[0]} and {keys[1]}")
        for key in given:
            DNS_SUBDOMAIN.check(claim.child(key))


def _check_user_namespace(pod: Place) -> None:
    """Check what a pod with a user namespace of its own cannot have."""
    if pod.child("hostUsers").value is not False:
        return
    for key in ("hostPID", "hostIPC"):
        if pod.is_true(key):
            pod.child(key).fault("it cannot be true where hostUsers is false")
    if pod.is_true("hostNetwork"):
        pod.child("hostNetwork").warn(
            "where hostUsers is false it is refused by servers without the feature"
            " UserNamespacesHostNetworkSupport"
        )
    for container in (*pod.objects("containers"), *pod.objects("initContainers")):
        if container.elements("volumeDevices"):
            container.child("volumeDevices").fault("there are none where hostUsers is false")
