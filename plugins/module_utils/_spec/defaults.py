# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API server fills in by itself, and which zero values it does not store.

Sources: the files defaults.go in pkg/apis of Kubernetes (apps/v1, core/v1, rbac/v1,
scheduling/v1) for the defaults; the Go types of k8s.io/api for the fields that are no pointers and
leave a zero out of their JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEFAULTS: dict[tuple[str, str], tuple[Any, ...]] = {
    ("DaemonSetSpec", "revisionHistoryLimit"): (10,),
    ("DaemonSetUpdateStrategy", "type"): ("RollingUpdate",),
    ("RollingUpdateDaemonSet", "maxUnavailable"): (1,),
    ("RollingUpdateDaemonSet", "maxSurge"): (0,),
    ("PodSpec", "restartPolicy"): ("Always",),
    ("PodSpec", "dnsPolicy"): ("ClusterFirst",),
    ("PodSpec", "schedulerName"): ("default-scheduler",),
    ("PodSpec", "terminationGracePeriodSeconds"): (30,),
    ("Container", "terminationMessagePath"): ("/dev/termination-log",),
    ("Container", "terminationMessagePolicy"): ("File",),
    ("Container", "imagePullPolicy"): ("IfNotPresent", "Always"),
    ("ContainerPort", "protocol"): ("TCP",),
    ("Probe", "timeoutSeconds"): (1,),
    ("Probe", "periodSeconds"): (10,),
    ("Probe", "successThreshold"): (1,),
    ("Probe", "failureThreshold"): (3,),
    ("HTTPGetAction", "scheme"): ("HTTP",),
    ("HTTPGetAction", "path"): ("/",),
    ("GRPCAction", "service"): ("",),
    ("HostPathVolumeSource", "type"): ("",),
    ("ConfigMapVolumeSource", "defaultMode"): (420,),
    ("SecretVolumeSource", "defaultMode"): (420,),
    ("ProjectedVolumeSource", "defaultMode"): (420,),
    ("DownwardAPIVolumeSource", "defaultMode"): (420,),
    ("ServiceAccountTokenProjection", "expirationSeconds"): (3600,),
    ("ObjectFieldSelector", "apiVersion"): ("v1",),
    ("ResourceFieldSelector", "divisor"): ("0",),
    ("PersistentVolumeClaimSpec", "volumeMode"): ("Filesystem",),
    ("ISCSIVolumeSource", "iscsiInterface"): ("default",),
    ("RBDVolumeSource", "pool"): ("rbd",),
    ("RBDVolumeSource", "user"): ("admin",),
    ("RBDVolumeSource", "keyring"): ("/etc/ceph/keyring",),
    ("AzureDiskVolumeSource", "cachingMode"): ("ReadWrite",),
    ("AzureDiskVolumeSource", "fsType"): ("ext4",),
    ("AzureDiskVolumeSource", "readOnly"): (False,),
    ("AzureDiskVolumeSource", "kind"): ("Shared",),
    ("ScaleIOVolumeSource", "storageMode"): ("ThinProvisioned",),
    ("ScaleIOVolumeSource", "fsType"): ("xfs",),
    ("ServiceSpec", "type"): ("ClusterIP",),
    ("ServiceSpec", "sessionAffinity"): ("None",),
    ("ServiceSpec", "internalTrafficPolicy"): ("Cluster",),
    ("ServiceSpec", "externalTrafficPolicy"): ("Cluster",),
    ("ServiceSpec", "ipFamilyPolicy"): ("SingleStack",),
    ("ServiceSpec", "allocateLoadBalancerNodePorts"): (True,),
    ("ServicePort", "protocol"): ("TCP",),
    ("ClientIPConfig", "timeoutSeconds"): (10800,),
    ("Secret", "type"): ("Opaque",),
    ("PriorityClass", "preemptionPolicy"): ("PreemptLowerPriority",),
    ("Subject", "apiGroup"): ("", "rbac.authorization.k8s.io"),
}

_ZERO_IS_ABSENT: dict[str, frozenset[str]] = {
    type_name: frozenset(names.split())
    for type_name, names in {
        "DaemonSetSpec": "minReadySeconds",
        "DaemonSetUpdateStrategy": "type",
        "PodSpec": "restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostNetwork"
        " hostPID hostIPC hostname subdomain schedulerName priorityClassName",
        "Container": "image workingDir terminationMessagePath terminationMessagePolicy"
        " imagePullPolicy stdin stdinOnce tty",
        "Toleration": "key operator value effect",
        "EmptyDirVolumeSource": "medium",
        "GitRepoVolumeSource": "revision directory",
        "SecretVolumeSource": "secretName",
        "NFSVolumeSource": "readOnly",
        "ISCSIVolumeSource": "fsType readOnly chapAuthDiscovery chapAuthSession",
        "PersistentVolumeClaimVolumeSource": "readOnly",
        "RBDVolumeSource": "fsType readOnly",
        "CephFSVolumeSource": "path user secretFile readOnly",
        "FCVolumeSource": "fsType readOnly",
        "AzureFileVolumeSource": "readOnly",
        "ContainerPort": "name hostPort hostIP",
        "EnvFromSource": "prefix",
        "EnvVar": "value",
        "VolumeMount": "readOnly subPath subPathExpr",
        "Probe": "initialDelaySeconds",
        "SELinuxOptions": "user role type level",
        "HTTPGetAction": "host",
        "TCPSocketAction": "host",
        "ResourceFieldSelector": "containerName",
        "ServiceAccountTokenProjection": "audience",
        "ServiceSpec": "type clusterIP loadBalancerIP sessionAffinity externalName"
        " externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses",
        "ServicePort": "name protocol nodePort",
        "Secret": "type",
        "Subject": "apiGroup namespace",
        "PersistentVolumeClaimSpec": "volumeName",
        "PriorityClass": "globalDefault description",
    }.items()
}

# Where the server copies one field into another (serviceAccount and its older name; requests from
# limits).
_MIRRORS: dict[tuple[str, str], str] = {
    ("PodSpec", "serviceAccount"): "serviceAccountName",
    ("PodSpec", "serviceAccountName"): "serviceAccount",
    ("ResourceRequirements", "requests"): "limits",
}


def is_default(
    type_name: str | None, field: str, value: Any, siblings: Mapping[str, Any] | None = None
) -> bool:
    """Whether a live value is one that the server fills in where nothing is asked for.

    Args:
        type_name: the API type that has the field, such as ``Container``.
        field: the field's name in that type.
        value: the live value.
        siblings: the live object that holds the field, for values that the server copies.
    """
    if type_name is None:
        return False
    defaults = _DEFAULTS.get((type_name, field), ())
    if any(value == default and type(value) is type(default) for default in defaults):
        return True
    if type_name == "ContainerPort" and field == "hostPort" and siblings is not None:
        return bool(value == siblings.get("containerPort"))
    mirror = _MIRRORS.get((type_name, field))
    return mirror is not None and siblings is not None and value == siblings.get(mirror)


def is_absent_zero(type_name: str | None, field: str, value: Any) -> bool:
    """Whether the server leaves this zero (``0``, ``""``, ``false``) out of what it stores."""
    return value in (0, "", False) and field in _ZERO_IS_ABSENT.get(type_name or "", frozenset())
