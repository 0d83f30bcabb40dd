# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables and references to them."""

from __future__ import annotations

from typing import Any

from .case import Case, fault, fine, warned

_FROM = "C.env.0.valueFrom"


def _variable(name: str, **source: Any) -> dict[str, Any]:
    return {"C.env": [{"name": name, "valueFrom": source}]}


def _field(path: str, **more: str) -> dict[str, Any]:
    return _variable("A", fieldRef={"fieldPath": path, **more})


def _resource(resource: str, **more: Any) -> dict[str, Any]:
    return _variable("A", resourceFieldRef={"resource": resource, **more})


_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "spec.host",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
    "metadata.labels['app']",
    "metadata.labels['a.example/B']",
    "metadata.annotations['A.Example/B']",
)
_NO_FIELDS = (
    "metadata.labels",
    "metadata.annotations",
    "spec.schedulerName",
    "status.phase",
    "spec.hostname",
    "metadata.labels['a b']",
    "metadata.labels['']",
    "metadata.name['x']",
    "metadata.labels[app]",
)
_REF = f"{_FROM}.resourceFieldRef"

ENVIRONMENT: list[Case] = [
    fine("C.env.0.name", "my.var-1"),
    fine("C.env.0.name", "1 strange name!"),
    fault("C.env.0.name", "", says="missing"),
    fault("C.env.0.name", "A=B", says='other than "="'),
    fault("C.env.0.name", "Ü", says="printable ASCII"),
    fault("C.env.0.name", "A\tB", says="printable ASCII"),
    fault("C.env.1.name", "LEVEL", says='a second environment variable with the name "LEVEL"'),
    fine("C.env.0.value", ""),
    fine("C.env.0.value", None),
    fault("C.env.1.value", "s3cret", at="C.env.1.valueFrom", says="value and valueFrom (fieldRef)"),
    fine("C.env.1.value", ""),
    fault(_variable("A"), at=_FROM, says="not none"),
    fault(
        _variable(
            "A", fieldRef={"fieldPath": "metadata.name"}, secretKeyRef={"name": "a", "key": "b"}
        ),
        at=_FROM,
        says="fieldRef and secretKeyRef at once",
    ),
    *(fine(_field(path)) for path in _FIELDS),
    *(fault(_field(path), at=f"{_FROM}.fieldRef.fieldPath") for path in _NO_FIELDS),
    fault(_field(""), at=f"{_FROM}.fieldRef.fieldPath", says="missing"),
    fine(_field("metadata.name", apiVersion="v1")),
    fault(_field("metadata.name", apiVersion="v2"), at=f"{_FROM}.fieldRef.apiVersion", says='"v1"'),
    fine(_resource("limits.cpu", divisor="1m")),
    fine(_resource("limits.cpu", divisor="1000m")),
    fine(_resource("limits.cpu", divisor="0")),
    fine(_resource("limits.cpu", divisor=1)),
    fine(_resource("requests.memory", divisor="1024Ki", containerName="main")),
    fine(_resource("requests.ephemeral-storage", divisor="1000k")),
    fine(_resource("limits.hugepages-2Mi")),
    fault(_resource("limits.cpu", divisor="10m"), at=f"{_REF}.divisor", says="1m or 1"),
    fault(_resource("limits.cpu", divisor="1Ki"), at=f"{_REF}.divisor", says="1m or 1"),
    fault(_resource("limits.cpu", divisor="1e-3"), at=f"{_REF}.divisor", says="1m or 1"),
    fault(_resource("limits.memory", divisor="1m"), at=f"{_REF}.divisor", says="1Ki to 1Ei"),
    fault(_resource("limits.memory", divisor="2Mi"), at=f"{_REF}.divisor"),
    fault(_resource("limits.memory", divisor="1024"), at=f"{_REF}.divisor"),
    fault(_resource("limits.memory", divisor="1e3"), at=f"{_REF}.divisor"),
    fault(_resource("limits.memory", divisor="x"), at=f"{_REF}.divisor"),
    fault(_resource("cpu"), at=f"{_REF}.resource", says='"limits.cpu"'),
    fault(_resource("limits.nvidia.com/gpu"), at=f"{_REF}.resource"),
    fault(_resource(""), at=f"{_REF}.resource", says="missing"),
    fine(_variable("A", configMapKeyRef={"name": "a.b", "key": "K_1.x-"})),
    fine(_variable("A", secretKeyRef={"name": "a", "key": "b", "optional": True})),
    fault(
        _variable("A", secretKeyRef={"key": "b"}), at=f"{_FROM}.secretKeyRef.name", says="missing"
    ),
    fault(
        _variable("A", secretKeyRef={"name": "a"}), at=f"{_FROM}.secretKeyRef.key", says="missing"
    ),
    fault(
        _variable("A", secretKeyRef={"name": "A_b", "key": "b"}),
        at=f"{_FROM}.secretKeyRef.name",
        says="ConfigMap or Secret",
    ),
    fault(
        _variable("A", configMapKeyRef={"name": "a", "key": "a/b"}),
        at=f"{_FROM}.configMapKeyRef.key",
        says="key of a ConfigMap",
    ),
    fault(
        _variable("A", configMapKeyRef={"name": "a", "key": "..b"}),
        at=f"{_FROM}.configMapKeyRef.key",
    ),
    fault(
        _variable("A", configMapKeyRef={"name": "a", "key": "."}), at=f"{_FROM}.configMapKeyRef.key"
    ),
    fine(
        _variable(
            "A", fileKeyRef={"volumeName": "cache", "path": "a/b", "key": "A", "optional": True}
        )
    ),
    fault(
        _variable("A", fileKeyRef={"volumeName": "logs", "path": "a", "key": "A"}),
        at=f"{_FROM}.fileKeyRef.volumeName",
        says="emptyDir",
    ),
    fault(
        _variable("A", fileKeyRef={"volumeName": "no", "path": "a", "key": "A"}),
        at=f"{_FROM}.fileKeyRef.volumeName",
        says="no volume",
    ),
    fault(
        _variable("A", fileKeyRef={"volumeName": "cache", "path": "a/..", "key": "A"}),
        at=f"{_FROM}.fileKeyRef.path",
        says='".."',
    ),
    # envFrom
    fine(
        "C.envFrom", [{"configMapRef": {"name": "a"}, "prefix": "P_"}, {"secretRef": {"name": "b"}}]
    ),
    fine("C.envFrom", [{"configMapRef": {"name": "a-"}}]),
    fault("C.envFrom", [{}], at="C.envFrom.0", says="not none"),
    fault("C.envFrom", [{"configMapRef": {}}], at="C.envFrom.0.configMapRef.name", says="missing"),
    fault("C.envFrom", [{"secretRef": {"name": "A"}}], at="C.envFrom.0.secretRef.name"),
    fault(
        "C.envFrom",
        [{"configMapRef": {"name": "a"}, "secretRef": {"name": "b"}}],
        at="C.envFrom.0",
        says="at once",
    ),
    fault(
        "C.envFrom",
        [{"configMapRef": {"name": "a"}, "prefix": "A="}],
        at="C.envFrom.0.prefix",
        says="prefix",
    ),
    # References in commands and arguments.
    fine("C.args", ["--node=$(NODE)", "$(LEVEL)"]),
    fine("C.args", ["$$(OTHER)", "$(date)", "$(KUBERNETES_SERVICE_HOST):$(DNS_PORT_53_UDP)"]),
    fine({"C.args": ["$(OTHER)"], "C.envFrom": [{"secretRef": {"name": "x"}}]}),
    warned("C.args", ["a", "--node=$(NODE_NAME)"], at="C.args.1", says="$(NODE_NAME)"),
    warned("C.command", ["$(OTHER)"], at="C.command.0", says="$(OTHER)"),
]
