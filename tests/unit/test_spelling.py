# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users write, and what YAML and Jinja make of it, in the API's spelling and types."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.names import snake
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.schema import (
    FieldType,
    fields_of,
    type_at,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.spelling import (
    known_keys,
    normalise,
)

POD = FieldType("object", ref="PodSpec")
UTC = datetime.UTC


class TaggedText(str):
    """As Ansible's templates give text."""

    __slots__ = ()


class TaggedNumber(int):
    """As Ansible's templates give numbers."""

    __slots__ = ()


def read(value: Any, *, typed: bool = True) -> Any:
    result, faults, _ = normalise(value, POD, "pod", typed=typed)
    assert not faults
    return result


def faults_of(value: Any, *, typed: bool = True) -> list[str]:
    return [str(fault) for fault in normalise(value, POD, "pod", typed=typed)[1]]


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [fields]}


def read_container(**fields: Any) -> Any:
    return read(container(**fields))["containers"][0]


# Names


@pytest.mark.parametrize(
    ("api", "written"),
    [
        ("hostIP", "host_ip"),
        ("hostPID", "host_pid"),
        ("hostIPC", "host_ipc"),
        ("downwardAPI", "downward_api"),
        ("setHostnameAsFQDN", "set_hostname_as_fqdn"),
        ("targetWWNs", "target_wwns"),
        ("pdID", "pd_id"),
        ("scaleIO", "scale_io"),
        ("seLinuxOptions", "se_linux_options"),
        ("fsGroup", "fs_group"),
        ("args", "args"),
    ],
)
def test_the_snake_case_of_api_names(api: str, written: str) -> None:
    assert snake(api) == written


@pytest.mark.parametrize("type_name", ["PodSpec", "Container", "Volume", "SecurityContext"])
def test_both_spellings_of_every_field_lead_to_it(type_name: str) -> None:
    known = known_keys(type_name, typed=False)
    for name in fields_of(type_name):
        assert known[name].field == known[snake(name)].field == name


def test_names_are_translated_at_every_depth_in_either_spelling() -> None:
    assert read(
        {
            "host_pid": True,
            "dnsPolicy": "None",
            "containers": [{"liveness_probe": {"httpGet": {"port": 80, "http_headers": []}}}],
            "volumes": [{"name": "v", "downward_api": {"items": [{"fieldRef": {}}]}}],
        }
    ) == {
        "hostPID": True,
        "dnsPolicy": "None",
        "containers": [{"livenessProbe": {"httpGet": {"port": 80, "httpHeaders": []}}}],
        "volumes": [{"name": "v", "downwardAPI": {"items": [{"fieldRef": {}}]}}],
    }


def test_keys_of_maps_stay_as_they_are() -> None:
    kept = {"node_role": "a", "nodeRole": "b", "kubernetes.io/os": "linux", "7": "c"}
    assert read({"node_selector": {**kept, 7: "c"}})["nodeSelector"] == kept
    limits = {"example.com/my_card": "1"}
    assert read_container(resources={"limits": limits})["resources"]["limits"] == limits


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (
            {"host_pid": True, "hostPID": True},
            "pod.hostPID: says the same as host_pid, which is given too; keep one of them",
        ),
        (
            container(host_por=1),
            "pod.containers[0].host_por: unknown field",
        ),
        (
            container(image_pul_policy="Always"),
            "pod.containers[0].image_pul_policy: unknown field, did you mean image_pull_policy?",
        ),
        (
            container(imagePulPolicy="Always"),
            "pod.containers[0].imagePulPolicy: unknown field, did you mean imagePullPolicy?",
        ),
        (
            container(imagepullpolicy="Always"),
            "pod.containers[0].imagepullpolicy: unknown field, did you mean image_pull_policy?",
        ),
        (
            container(privileged=True),
            (
                "pod.containers[0].privileged: unknown field here,"
                " did you mean security_context.privileged?"
            ),
        ),
        (
            container(liveness_probe={"exec": {"command": ["a"], "xyz": 1}}),
            "pod.containers[0].liveness_probe.exec.xyz: unknown field, allowed: command",
        ),
        ({7: 1}, "pod[7]: the key is a whole number; names of fields are text"),
        ({"node_selector": {True: "a"}}, "pod.node_selector: has a key that is a boolean"),
    ],
)
def test_wrong_names(value: Any, fault: str) -> None:
    found = faults_of(value)
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_a_field_in_the_wrong_place_is_told_the_right_one() -> None:
    containers = type_at(("spec", "template", "spec"))
    assert containers is not None
    from ansible_collections.everynode.kubernetes.plugins.module_utils._spec import (
        reading,
        spelling,
    )

    notes = reading.Reading(typed=False)
    probe = {"exec": {"command": ["a"], "periodSeconds": 3}}
    spelling.read_field(
        notes,
        container(livenessProbe=probe, hostNetwork=True),
        containers,
        "definition.spec.template.spec",
        ("spec", "template", "spec"),
    )
    prefix = "definition.spec.template.spec.containers[0]"
    assert [str(fault) for fault in notes.faults] == [
        (
            f"{prefix}.livenessProbe.exec.periodSeconds: unknown field here, it belongs one level"
            " up, beside exec"
        ),
        f"{prefix}.hostNetwork: unknown field here, it belongs one level up, beside containers",
    ]


def test_reading_goes_on_behind_a_misspelt_name() -> None:
    value, faults, _ = normalise(container(imag=1.5, ports=[{"container_prt": "x"}]), POD, "pod")
    assert [fault.path for fault in faults] == [
        "pod.containers[0].imag",
        "pod.containers[0].imag",
        "pod.containers[0].ports[0].container_prt",
        "pod.containers[0].ports[0].container_prt",
    ]
    assert value == container(image=None, ports=[{"containerPort": None}])


def test_what_deployments_have_and_daemonsets_do_not() -> None:
    spec = FieldType("object", ref="DaemonSetSpec")
    _, faults, _ = normalise({"replicas": 3, "progressDeadlineSeconds": 1}, spec, "spec")
    assert "no replicas" in faults[0].problem
    assert "wait_timeout" in faults[1].problem


# Values


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("text", "text"),
        ("", ""),
        (TaggedText("text"), "text"),
        (True, "true"),
        (False, "false"),
        (8080, "8080"),
        (TaggedNumber(5), "5"),
        (0.5, "0.5"),
        (1e20, "100000000000000000000"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (None, None),
    ],
)
def test_data_becomes_text(written: Any, kept: Any) -> None:
    env = [{"name": "A", "value": written}]
    value = read_container(env=env)["env"][0]["value"]
    assert value == kept
    assert value is None or type(value) is str
    selected = read({"node_selector": {"a": written}})["nodeSelector"]["a"]
    assert selected == kept
    if written is not None:
        assert read_container(args=[written])["args"] == [kept]


@pytest.mark.parametrize("written", [True, 1.5, [], {}, b"x"])
def test_names_are_no_data(written: Any) -> None:
    assert len(faults_of(container(image=written))) == 1


def test_whole_numbers_may_be_names() -> None:
    assert read_container(name=5)["name"] == "5"


def test_numbers_that_were_versions_are_doubtful() -> None:
    _, _, warnings = normalise({"node_selector": {"release": 1.1, "share": 0.5}}, POD, "pod")
    assert warnings == [
        (
            "pod.node_selector.release: this number was made text; put it in quotes, without them"
            " 1.10 becomes 1.1."
        )
    ]


@pytest.mark.parametrize("written", [8080, "8080", " 8080 ", 8080.0, TaggedNumber(8080)])
def test_whole_numbers(written: Any) -> None:
    port = read_container(ports=[{"container_port": written}])["ports"][0]["containerPort"]
    assert port == 8080
    assert type(port) is int


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (True, "true"),
        ("http", "'http'"),
        ("08", "'08'"),
        (1.5, "1.5"),
        ("", "''"),
        ([1], "a list"),
        ("x" * 60, "text"),
    ],
)
def test_what_is_no_whole_number(written: Any, shown: str) -> None:
    assert faults_of(container(ports=[{"container_port": written}])) == [
        f"pod.containers[0].ports[0].container_port: expects a whole number, got {shown}"
    ]


def test_whole_numbers_have_a_size() -> None:
    assert "too large" in faults_of(container(ports=[{"container_port": 2**31}]))[0]
    assert read_container(security_context={"run_as_user": 2**40}) == {
        "securityContext": {"runAsUser": 2**40}
    }


@pytest.mark.parametrize(
    ("written", "mode"),
    [(420, 420), ("0644", 420), ("0o644", 420), ("420", 420), ("0", 0), (0o400, 256)],
)
def test_file_modes(written: Any, mode: int) -> None:
    volume = {"name": "v", "config_map": {"name": "c", "default_mode": written}}
    assert read({"volumes": [volume]})["volumes"][0]["configMap"]["defaultMode"] == mode


def test_a_decimal_mode_in_quotes_is_doubtful() -> None:
    volume = {"name": "v", "secret": {"default_mode": "400"}}
    _, faults, warnings = normalise({"volumes": [volume]}, POD, "pod")
    assert not faults
    assert "write '0400' for octal" in warnings[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("False", False),
        ("yes", True),
        ("off", False),
        (TaggedText("True"), True),
    ],
)
def test_booleans(written: Any, meant: bool) -> None:
    assert read({"host_network": written})["hostNetwork"] is meant


@pytest.mark.parametrize("written", [1, 0, "1", "", "enabled", 1.0, []])
def test_what_is_no_boolean(written: Any) -> None:
    assert len(faults_of({"host_network": written})) == 1


@pytest.mark.parametrize(
    ("written", "kept"),
    [("500m", "500m"), (1, "1"), (0.5, "0.5"), (TaggedText("64Mi"), "64Mi"), (None, None)],
)
def test_quantities_are_text(written: Any, kept: Any) -> None:
    resources = read_container(resources={"limits": {"cpu": written}})["resources"]
    assert resources == {"limits": {"cpu": kept}}
    assert kept is None or type(resources["limits"]["cpu"]) is str


@pytest.mark.parametrize("written", [True, [], {}])
def test_what_is_no_quantity(written: Any) -> None:
    assert len(faults_of(container(resources={"limits": {"cpu": written}}))) == 1


@pytest.mark.parametrize(
    ("written", "kept"),
    [(80, 80), ("80", 80), (80.0, 80), ("http", "http"), ("25%", "25%"), ("080", "080")],
)
def test_numbers_or_names(written: Any, kept: Any) -> None:
    probe = {"http_get": {"port": written}}
    assert read_container(liveness_probe=probe)["livenessProbe"]["httpGet"]["port"] == kept


@pytest.mark.parametrize("written", [True, 1.5, {}])
def test_what_is_neither_number_nor_name(written: Any) -> None:
    assert len(faults_of(container(liveness_probe={"http_get": {"port": written}}))) == 1


@pytest.mark.parametrize(
    ("written", "kept"), [("TCP", "TCP"), ("tcp", "TCP"), ("Udp", "UDP"), ("", "")]
)
def test_the_case_of_allowed_values(written: str, kept: str) -> None:
    ports = [{"container_port": 53, "protocol": written}]
    assert read_container(ports=ports)["ports"][0]["protocol"] == kept


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("TPC", "'TPC' is not allowed, allowed: SCTP, TCP, UDP"),
        ("xx", "'xx' is not allowed, allowed: SCTP, TCP, UDP"),
        (True, "expects one of SCTP, TCP, UDP, got a boolean; put it in quotes"),
        (["TCP"], "expects one of SCTP, TCP, UDP, got a list"),
    ],
)
def test_values_that_are_not_allowed(written: Any, fault: str) -> None:
    found = faults_of(container(ports=[{"container_port": 53, "protocol": written}]))
    assert found == [f"pod.containers[0].ports[0].protocol: {fault}"]


# Shapes


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("text", "pod: expects a dictionary, got text"),
        ([], "pod: expects a dictionary, got a list"),
        ({"affinity": ""}, "pod.affinity: expects a dictionary, got empty text"),
        (
            {"containers": {"name": "a"}},
            "pod.containers: expects a list, got a dictionary; write each entry as '- name: ...'",
        ),
        (
            container(command="sleep 5"),
            (
                "pod.containers[0].command: expects a list, got text; write each word as an entry"
                " of its own"
            ),
        ),
        (
            container(args=["a", None]),
            "pod.containers[0].args[1]: is empty; give a value or remove the entry",
        ),
        (
            {"node_selector": ["a"]},
            "pod.node_selector: expects a dictionary, got a list",
        ),
        (
            container(env=[{"name": "A", "value": {"b": 1}}]),
            (
                "pod.containers[0].env[0].value: expects text, got a dictionary; the filter to_json"
                " makes it text"
            ),
        ),
    ],
)
def test_wrong_shapes(value: Any, fault: str) -> None:
    assert faults_of(value) == [fault]


def test_faulty_entries_keep_the_index_of_the_others() -> None:
    value, faults, _ = normalise({"containers": ["a", None, {"name": "c"}]}, POD, "pod")
    assert value == {"containers": [{}, {}, {"name": "c"}]}
    assert [fault.path for fault in faults] == ["pod.containers[0]", "pod.containers[1]"]


def test_nulls_are_kept() -> None:
    value = {"affinity": None, "node_selector": {"a": None}, "containers": [{"image": None}]}
    assert read(value) == {
        "affinity": None,
        "nodeSelector": {"a": None},
        "containers": [{"image": None}],
    }


def test_what_the_user_wrote_is_not_changed() -> None:
    value = {"host_pid": "yes", "containers": [{"always_pull": True, "args": [1]}]}
    read(value)
    assert value == {"host_pid": "yes", "containers": [{"always_pull": True, "args": [1]}]}


# Secrets


@pytest.mark.parametrize(
    "value",
    [
        container(env=[{"name": "A", "value": ["hunter2"]}]),
        container(env={"PASSWORD": "hunter2"}),
        container(env=[{"name": "A", "valu": {"x": "hunter2"}}]),
        container(args=[["hunter2"]]),
        {"volumes": [{"secret": {"default_mode": "hunter2"}}]},
    ],
)
def test_secrets_are_in_no_message(value: Any) -> None:
    found = faults_of(value)
    assert found
    assert "hunter2" not in " ".join(found)


# Conveniences


@pytest.mark.parametrize(
    ("written", "policy"), [(True, "Always"), (False, "IfNotPresent"), ("no", "IfNotPresent")]
)
def test_always_pull(written: Any, policy: str) -> None:
    for name in ("always_pull", "alwaysPull"):
        assert read_container(**{name: written}) == {"imagePullPolicy": policy}


def test_always_pull_null_says_nothing() -> None:
    assert read_container(always_pull=None) == {}


def test_always_pull_beside_the_policy() -> None:
    assert faults_of(container(image_pull_policy="Never", always_pull=True)) == [
        (
            "pod.containers[0].always_pull: says the same as image_pull_policy, which is given too;"
            " keep one of them"
        )
    ]


def test_a_manifest_has_no_conveniences() -> None:
    assert len(faults_of(container(alwaysPull=True), typed=False)) == 1
