# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the API's types, its reader and the generator that writes it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.schema import (
    DAEMONSET,
    FieldType,
    fields_of,
    kind_type,
    type_at,
)

from tools.environments import places
from tools.generate.schema import DAEMONSETS, table_of

STRING = FieldType("string")


@pytest.mark.parametrize(
    ("type_name", "field", "expected"),
    [
        ("Container", "image", STRING),
        ("Container", "args", FieldType("list", element=STRING)),
        (
            "Container",
            "ports",
            FieldType(
                "list",
                element=FieldType("object", ref="ContainerPort", relation="granular"),
                keys=("containerPort", "protocol"),
                relation="map",
            ),
        ),
        (
            "ContainerPort",
            "protocol",
            FieldType("string", enum=("SCTP", "TCP", "UDP"), default="TCP"),
        ),
        (
            "ContainerPort",
            "containerPort",
            FieldType("integer", required=True, default=0, bits=32),
        ),
        ("SecurityContext", "runAsUser", FieldType("integer", bits=64)),
        ("PodSpec", "nodeSelector", FieldType("map", element=STRING, relation="atomic")),
        ("ObjectMeta", "labels", FieldType("map", element=STRING, relation="granular")),
        ("ObjectMeta", "finalizers", FieldType("list", element=STRING, relation="set")),
        ("ObjectMeta", "creationTimestamp", STRING),
        ("DaemonSetSpec", "selector", FieldType("object", ref="LabelSelector", required=True)),
        ("HTTPGetAction", "port", FieldType("int-or-string", required=True)),
        ("EmptyDirVolumeSource", "sizeLimit", FieldType("quantity")),
        (
            "ResourceRequirements",
            "limits",
            FieldType("map", element=FieldType("quantity"), relation="granular"),
        ),
    ],
)
def test_fields_are_as_the_api_declares_them(
    type_name: str, field: str, expected: FieldType
) -> None:
    assert fields_of(type_name)[field] == expected


def test_values_that_do_not_fit_on_a_line_are_all_there() -> None:
    signals = fields_of("Lifecycle")["stopSignal"].enum
    assert {"SIGABRT", "SIGTERM", "SIGXFSZ"} < set(signals)
    assert all(signal.strip() == signal for signal in signals)


def test_every_type_in_the_table_can_be_read() -> None:
    seen, waiting = set(), ["DaemonSet"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for field in fields_of(name).values():
            inner = field if field.ref else field.element
            if inner is not None and inner.ref:
                waiting.append(inner.ref)
    assert {"PodSpec", "CSIVolumeSource", "DaemonSetStatus"} < seen
    assert len(seen) > 100


def test_the_kind_is_found_by_version_and_name() -> None:
    assert kind_type("apps/v1", "DaemonSet") is DAEMONSET
    assert kind_type("apps/v1", "Deployment") is None
    assert kind_type("extensions/v1beta1", "DaemonSet") is None
    assert kind_type("v1", "Service") == FieldType("object", ref="Service", relation="granular")
    assert kind_type("v1", "Role") is None
    assert kind_type("v1", "Pod") is None


def test_tables_of_other_groups_are_read_only_where_they_are_asked_for() -> None:
    code = (
        "import sys\n"
        "import ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset\n"
        "print([name for name in sys.modules if '.api_schema_' in name])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(places.collections())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_a_group_leaves_out_the_types_that_the_daemonset_has() -> None:
    document = _document({"f": PART})
    beside = table_of(document, DAEMONSETS.roots)
    changed = _document({"f": PART})
    part = changed["components"]["schemas"]["io.k8s.api.core.v1.Part"]
    part["properties"]["more"] = {"type": "string"}
    assert table_of(document, DAEMONSETS.roots, beside) == "\n"
    with pytest.raises(ValueError, match="Part is not the same"):
        table_of(changed, DAEMONSETS.roots, beside)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ((), "object"),
        (("spec", "template", "spec", "containers", 3, "image"), "string"),
        (("metadata", "labels", "a.example/b"), "string"),
        (("spec", "nothing"), None),
        (("spec", "nothing", "below"), None),
        (("metadata", "name", "below"), None),
    ],
)
def test_the_type_at_a_path(path: tuple[str | int, ...], kind: str | None) -> None:
    found = type_at(path)
    assert (found.kind if found else None) == kind


def _table(properties: dict[str, Any], **more: Any) -> str:
    return table_of(_document(properties, **more), DAEMONSETS.roots)


def _document(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "components": {
            "schemas": {
                "io.k8s.api.apps.v1.DaemonSet": {
                    "type": "object",
                    "properties": properties,
                    **more,
                },
                "io.k8s.api.core.v1.Part": {
                    "type": "object",
                    "properties": {"key": {"type": "string", "default": ""}},
                    "x-kubernetes-map-type": "atomic",
                },
                "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": []},
            }
        }
    }


PART = {"allOf": [{"$ref": "#/components/schemas/io.k8s.api.core.v1.Part"}], "default": {}}
QUANTITY = {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ({"type": "string", "description": "Words."}, "f string"),
        ({"type": "string", "enum": ["B", "A"], "default": "A"}, 'f string(A|B) = "A"'),
        ({"type": "integer", "format": "int64"}, "f int64"),
        (PART, "f Part"),
        ({"type": "array", "items": {"type": "string"}}, "f [string]"),
        (
            {
                "type": "array",
                "items": PART,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["key"],
            },
            "f [Part] map(key)",
        ),
        (
            {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "f [string] set",
        ),
        ({"type": "object", "additionalProperties": QUANTITY}, "f {quantity}"),
        (
            {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "x-kubernetes-map-type": "atomic",
            },
            "f {string} atomic",
        ),
    ],
)
def test_the_generator_writes_each_shape(field: dict[str, Any], line: str) -> None:
    assert f"\n  {line}\n" in _table({"f": field})


def test_the_generator_marks_required_fields_and_atomic_types() -> None:
    table = _table({"f": PART}, required=["f"])
    assert table == 'DaemonSet\n  f! Part\n\nPart atomic\n  key string = ""\n'


def test_the_generator_refuses_what_the_notation_cannot_say() -> None:
    with pytest.raises(KeyError):
        _table({"f": {"type": "number", "format": "float"}})
