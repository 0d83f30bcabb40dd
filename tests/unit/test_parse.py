# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions: from any text or data to one DaemonSet, or to one clear fault."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.parse import (
    parse_definition,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.yaml_text import (
    plain_scalar,
    read_documents,
)

GOOD = """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  template:
    spec:
      containers:
        - name: main
          image: agent
"""
FLOW = (
    "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent},\n"
    " spec: {template: {spec: {containers: [{name: main,\timage: agent}]}}}}"
)
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"


def parsed(source: Any) -> dict[str, Any]:
    return parse_definition(source, origin="definition")


def problem(source: Any) -> str:
    """The one fault of a source."""
    with pytest.raises(InputError) as caught:
        parse_definition(source, origin="src")
    (fault,) = caught.value.faults
    assert fault.path == "src"
    assert not fault.problem.endswith(".")
    return fault.problem


def value_of(text: str) -> Any:
    return read_documents(f"a: {text}")[0]["a"]


# What is read.


@pytest.mark.parametrize(
    "source",
    [
        GOOD,
        GOOD.encode(),
        "\ufeff" + GOOD,
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.encode("utf-16"),
        GOOD.replace("\n", "\r\n"),
        "---\n" + GOOD + "---\n---\n# nothing\n",
        "# a comment\n---\n" + GOOD + "...\n",
        "".join(f"    {line}\n" for line in GOOD.splitlines()),
        json.dumps(read_documents(GOOD)[0]),
        json.dumps(read_documents(GOOD)[0], indent="\t"),
        json.dumps([read_documents(GOOD)[0]]),
        json.dumps({"apiVersion": "v1", "kind": "List", "items": read_documents(GOOD)}),
        json.dumps(
            {"apiVersion": "apps/v1", "kind": "DaemonSetList", "items": read_documents(GOOD)}
        ),
        FLOW,
        read_documents(GOOD)[0],
        [read_documents(GOOD)[0], None, {}],
    ],
)
def test_one_daemonset_in_any_shape(source: Any) -> None:
    assert parsed(source) == read_documents(GOOD)[0]


def test_items_of_a_typed_list_need_no_kind() -> None:
    items = [{"metadata": {"name": "agent"}, "spec": {}}]

    manifest = parsed({"kind": "DaemonSetList", "apiVersion": "apps/v1", "items": items})

    assert manifest["kind"] == "DaemonSet"


def test_anchors_and_merges() -> None:
    (document,) = read_documents(
        "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {q: 4, <<: [*x, {r: 5}]}\nd: *x\n"
    )

    assert document["b"] == {"p": 1, "q": 3}
    assert document["c"] == {"p": 1, "q": 4, "r": 5}
    assert document["d"] == document["a"]
    assert document["d"] is not document["a"]


def test_templates_in_text_stay_as_they_are() -> None:
    text = GOOD + "          args: ['{{ node }}', '$(NODE)', '{% if x %}']\n"

    container = parsed(text)["spec"]["template"]["spec"]["containers"][0]

    assert container["args"] == ["{{ node }}", "$(NODE)", "{% if x %}"]


def test_texts_keep_every_byte() -> None:
    assert value_of("|\n  one  \n  two\n") == "one  \ntwo\n"
    assert value_of(">-\n  one \n  two") == "one  two"
    assert read_documents('{"a": "\\ud83d\\ude00"}')[0]["a"] == "\U0001f600"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("y", "Y", "yes", "Yes", "true", "TRUE", "on", "On")),
        *((text, False) for text in ("n", "N", "no", "NO", "false", "off", "OFF")),
        *((text, None) for text in ("~", "null", "Null", "")),
        ("0644", 420),
        ("0o644", 420),
        ("-0o10", -8),
        ("0x1F", 31),
        ("0b101", 5),
        ("1_000", 1000),
        ("+5", 5),
        ("0", 0),
        ("08", 8.0),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", float(2**64)),
        # Text to kubectl, though other readers of YAML 1.1 make something else of it.
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
        ("=", "="),
        ("25%", "25%"),
        ("None", "None"),
        ("TrUe", "TrUe"),
        ("0o8", "0o8"),
        ("1e999", "1e999"),
        ("1.2.3", "1.2.3"),
        ("'yes'", "yes"),
        ('"0644"', "0644"),
        ("!!str 0644", "0644"),
        ("!!int '5'", 5),
        ("!!float 5", 5.0),
        ("!!bool 'yes'", True),
        ("! 5", "5"),
    ],
)
def test_scalars_as_kubectl_reads_them(text: str, value: Any) -> None:
    read = value_of(text)

    assert read == value
    assert type(read) is type(value)


def test_keys_become_text() -> None:
    assert read_documents("{8080: a, on: b, 1.5: c}")[0] == {"8080": "a", "true": "b", "1.5": "c"}
    assert parsed({**read_documents(GOOD)[0], 8080: "x"})["8080"] == "x"


def test_data_is_copied_into_plain_types() -> None:
    class Text(str):
        """As Ansible's own kinds of text."""

        __slots__ = ()

    class Pairs(Mapping[str, Any]):
        def __init__(self, pairs: dict[str, Any]):
            self.pairs = pairs

        def __getitem__(self, key: str) -> Any:
            return self.pairs[key]

        def __iter__(self) -> Any:
            return iter(self.pairs)

        def __len__(self) -> int:
            return len(self.pairs)

    labels = {
        Text("a"): Text("b"),
        "day": datetime.date(2026, 1, 2),
        "time": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    }
    source = {**read_documents(GOOD)[0], "metadata": Pairs({"labels": labels, "list": (1, 2)})}

    metadata = parsed(source)["metadata"]

    assert metadata == {
        "labels": {"a": "b", "day": "2026-01-02", "time": "2026-01-02T03:04:05Z"},
        "list": [1, 2],
    }
    assert type(metadata) is dict
    assert {type(text) for pair in metadata["labels"].items() for text in pair} == {str}


# What the server sets.


def test_what_the_server_sets_is_left_out() -> None:
    source = read_documents(GOOD)[0]
    source["metadata"] |= {
        "uid": "x",
        "resourceVersion": "5",
        "generation": 2,
        "creationTimestamp": None,
        "managedFields": [],
        "selfLink": "/x",
        "ownerReferences": [{}],
        "deletionTimestamp": "x",
        "deletion_grace_period_seconds": 5,
        "annotations": {
            "deprecated.daemonset.template.generation": "1",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
        },
    }
    source["status"] = {"numberReady": 1}
    source["spec"]["template"]["metadata"] = {
        "creationTimestamp": None,
        "annotations": {
            "kubectl.kubernetes.io/restartedAt": "x",
            "kubesphere.io/restartedAt": "x",
            "mine": "x",
        },
    }

    expected = read_documents(GOOD)[0]
    expected["spec"]["template"]["metadata"] = {"annotations": {"mine": "x"}}
    assert parsed(source) == expected
    assert "uid" in source["metadata"]


def test_what_users_set_stays() -> None:
    source = read_documents(GOOD)[0]
    source["metadata"] |= {"annotations": {}, "finalizers": ["a.b/c"], "generateName": "x-"}

    assert parsed(source) == source


# What is refused.


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "is empty"),
        (" \n\t", "is empty"),
        (b"", "is empty"),
        ("# only a comment", "holds no object"),
        ("---\n---\n", "holds no object"),
        ({}, "holds no object"),
        ([], "holds no object"),
        ({"kind": "List"}, "holds no object"),
        (b"\x7fELF\x02\x01\x00\x00", "NUL bytes"),
        (b"\x89PNG\r\n\x1a\n\xff", "not text in UTF-8 (byte 1"),
        ("a: \x07", "is not YAML: "),
        ("just words", "is a text, not a manifest"),
        ("5", "is a number, not a manifest"),
        (GOOD + "---\nwords\n", "document 2 of 2 is a text"),
        ("x: {", "is not YAML: line 2, column 1"),
        ("a: b: c", "is not YAML: line 1, column 5"),
        ("a:\n\t- b", "indented with spaces, never with tabs"),
        (f"```yaml\n{GOOD}```\n", "line 1 is a Markdown code fence"),
        (f"text\n\n~~~\n{GOOD}~~~\n", "line 3 is a Markdown code fence"),
        (f'??? note "An example"\n\n    ```yaml\n{GOOD}', "Markdown"),
        ("!!! note\n" + GOOD, "line 1 is a heading of a Markdown note"),
        ("{{- if .Values.on }}\n" + GOOD + "{{- end }}\n", "helm template"),
        ("metadata:\n  name: {{ name }}\n", "must be in quotes"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "encrypted Ansible vault"),
        ("a: !vault x", 'line 1 has the tag "!vault"'),
        ("a: !!python/object:os.system x", "!!python/object:os.system"),
        ("a: !!binary aGk=", "!!binary"),
        ("a: !!int x", "does not fit its tag"),
        ("a: .inf", "not a number that JSON can express"),
        ("a: 1\nb: 2\na: 3\n", 'the key "a" stands twice in one mapping, in lines 1 and 3'),
        ("a: {b: 1,\n  b: 2}\n", 'the key "b" stands twice in one mapping, in lines 1 and 2'),
        ('{"a": {"b": 1,\n\t"b": 2}}', 'the key "b" stands twice in one mapping, in lines 1 and 2'),
        ("1: a\n'1': b\n", 'the key "1" stands twice'),
        ("a: *b", 'line 1 refers to "*b"'),
        ("a: &a [*a]", 'the anchor "&a" contains itself'),
        ("<<: 5", '"<<" takes a mapping'),
        ("? [a]\n: b", "as a key"),
        ("~: b", "a key that is no text"),
        ({**read_documents(GOOD)[0], None: 1}, "a key that is no text"),
        ({"a": {1, 2}}, "a value of the type set"),
        ({"a": b"x"}, "a value of the type bytes"),
        ({8080: 1, "8080": 2}, 'the key "8080" twice'),
        # Not one DaemonSet.
        (SERVICE, "is Service shop/web, not a DaemonSet"),
        (GOOD + "---\n" + SERVICE, "(DaemonSet agent, Service shop/web), not one DaemonSet: take"),
        (GOOD + "---\n" + GOOD, "holds 2 objects (DaemonSet agent, DaemonSet agent)"),
        ("---\n".join([SERVICE] * 12), "and 2 more"),
        ({"kind": "List", "items": [*read_documents(GOOD), *read_documents(SERVICE)]}, "2 objects"),
        ({"kind": "List", "items": {}}, "holds no object"),
        ({"kind": "List", "items": "x"}, "items are no list"),
        (GOOD.replace("kind: DaemonSet\n", ""), 'has no kind: it must say "kind: DaemonSet"'),
        (
            GOOD.replace("DaemonSet", "daemonset"),
            'has the kind "daemonset": write it as "DaemonSet"',
        ),
        (GOOD.replace("DaemonSet", "Deployment"), "is Deployment agent, not a DaemonSet"),
        (GOOD.replace("apiVersion: apps/v1\n", ""), 'must say "apiVersion: apps/v1"'),
        (GOOD.replace("apps/v1", "v1"), 'has the apiVersion "v1", but a DaemonSet has "apps/v1"'),
    ],
)
def test_one_clear_fault(source: Any, words: str) -> None:
    assert words in problem(source)


def test_old_api_with_the_edits_that_it_takes() -> None:
    old = GOOD.replace("apps/v1", "extensions/v1beta1").replace(
        "spec:\n  template:\n",
        "spec:\n  templateGeneration: 3\n  template:\n    metadata: {labels: {app: x}}\n",
        1,
    )

    said = problem(old)

    assert 'write "apiVersion: apps/v1"' in said
    assert "remove spec.templateGeneration" in said
    assert (
        "add spec.selector.matchLabels, which the old API took from the pod labels (app: x)" in said
    )
    assert 'add spec.updateStrategy.type: "OnDelete" was the default' in said


def test_old_api_where_only_the_version_is_old() -> None:
    old = GOOD.replace("apps/v1", "apps/v1beta2").replace(
        "spec:\n", "spec:\n  selector: {matchLabels: {a: b}}\n", 1
    )

    assert problem(old).endswith('since Kubernetes 1.16: write "apiVersion: apps/v1"')


# What could harm.


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(bomb(12, 12), id="aliases"),
        pytest.param(
            "a: &a {k: 1}\nb: &b {x: *a, y: *a}\n" + "c: [" + "*b, " * 100_000 + "]", id="many"
        ),
        pytest.param("a: &a " + "x" * 10**6 + "\nb: [" + "*a, " * 1000 + "]", id="long text"),
        pytest.param("[" * 100_000, id="flow lists"),
        pytest.param("[" * 5000 + "]" * 5000, id="json lists"),
        pytest.param('{"a":' * 5000 + "1" + "}" * 5000, id="json objects"),
        pytest.param("".join(" " * n + "a:\n" for n in range(1500)), id="block mappings"),
        pytest.param("a: " + "x" * 3 * 2**20, id="size"),
        pytest.param("a: " + "ü" * (3 * 2**19 + 10), id="size in bytes"),
        pytest.param("a: [" + "x, " * 300_000 + "]", id="values"),
    ],
)
def test_bombs_are_refused(source: str) -> None:
    said = problem(source)

    assert any(word in said for word in ("aliases", "levels", "larger than 3 MiB"))


def test_deep_data_is_refused() -> None:
    source: Any = []
    for _ in range(5000):
        source = [source]

    assert "levels deep" in problem({"kind": "DaemonSet", "apiVersion": "apps/v1", "x": source})


def test_numbers_of_any_length_are_harmless() -> None:
    assert plain_scalar("9" * 100_000) == "9" * 100_000
    assert isinstance(plain_scalar("0x" + "f" * 100_000), str)
