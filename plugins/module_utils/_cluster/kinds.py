# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built-in table of kinds: where the API has them, and what their fields are.

A kind of this table needs no discovery, and what applying it would change can be worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._spec.schema import FieldType, kind_type


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    Attributes:
        api_version: as manifests have it, such as ``apps/v1``.
        kind: as manifests have it, such as ``DaemonSet``.
        plural: the name in paths of the API, such as ``daemonsets``.
        namespaced: whether its objects lie in namespaces.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def field_type(self) -> FieldType:
        """The fields, as the API declares them.

        Raises:
            KeyError: the kind is not of the built-in table.
        """
        found = kind_type(self.api_version, self.kind)
        if found is None:
            raise KeyError(f"{self.api_version} {self.kind}")
        return found

    def path(self, namespace: str, name: str = "") -> str:
        """The API's path of all objects in a namespace, or of one; kinds without namespaces take
        none.
        """
        root = "/apis" if "/" in self.api_version else "/api"
        within = f"/namespaces/{namespace}" if self.namespaced else ""
        base = f"{root}/{self.api_version}{within}/{self.plural}"
        return f"{base}/{name}" if name else base

    def called(self, namespace: str, name: str) -> str:
        """One object in messages: ``DaemonSet kube-system/agent``, ``Namespace agents``."""
        return f"{self.kind} {namespace}/{name}" if self.namespaced else f"{self.kind} {name}"


_RBAC = "rbac.authorization.k8s.io/v1"

DAEMONSET = Kind("apps/v1", "DaemonSet", "daemonsets")
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)

_TABLE = {
    (kind.api_version, kind.kind): kind
    for kind in (
        DAEMONSET,
        NAMESPACE,
        Kind("v1", "ConfigMap", "configmaps"),
        Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        Kind("v1", "Secret", "secrets"),
        Kind("v1", "Service", "services"),
        Kind("v1", "ServiceAccount", "serviceaccounts"),
        Kind(_RBAC, "Role", "roles"),
        Kind(_RBAC, "RoleBinding", "rolebindings"),
        Kind(_RBAC, "ClusterRole", "clusterroles", namespaced=False),
        Kind(_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
        Kind("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", namespaced=False),
    )
}


# Kinds that a server was asked about, for the life of the process.
_DISCOVERED: dict[tuple[str, str], Kind] = {}


def remember(kind: Kind) -> None:
    """Know a kind that is not of the built-in table from now on."""
    _DISCOVERED[kind.api_version, kind.kind] = kind


def is_built_in(kind: Kind) -> bool:
    """Whether the fields of a kind are known, so that a no-op can be proven."""
    return (kind.api_version, kind.kind) in _TABLE


def known(api_version: str, kind: str) -> Kind | None:
    """The kind of that name, if it is of the table or was discovered."""
    key = (api_version, kind)
    return _TABLE.get(key) or _DISCOVERED.get(key)


def known_built_in(api_version: str, kind: str) -> Kind | None:
    """The kind of that name, if it is of the table."""
    return _TABLE.get((api_version, kind))


def built_in() -> tuple[Kind, ...]:
    """All kinds of the table."""
    return tuple(_TABLE.values())


def kind_of(obj: Mapping[str, Any]) -> Kind:
    """The kind of an object.

    Raises:
        KeyError: it is neither of the built-in table nor discovered.
    """
    found = known(obj["apiVersion"], obj["kind"])
    if found is None:
        raise KeyError(f"{obj['apiVersion']} {obj['kind']}")
    return found


def called(obj: Mapping[str, Any]) -> str:
    """An object in messages, see `Kind.called`; one of a kind that the server lacks as it is."""
    namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
    found = known(obj["apiVersion"], obj["kind"])
    if found is None:
        found = Kind(obj["apiVersion"], obj["kind"], "", namespaced=bool(namespace))
    return found.called(namespace, name)
