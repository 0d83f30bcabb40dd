# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration that roles make, judged by the agents that it is for: good, and broken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.agents.rendering import rendered, tried
from tests.agents.running import agent, free_port, put, to_its_end, until_it_answers
from tools.agents.packages import Unpacked

# Each role with the defaults, and with the variables that it is tried with.
WAYS = ("default", "tried")
_ROLES = {
    "collectd": {"collectd_prometheus_port": 9103},
    "ganglia_gmond": {"ganglia_gmond_port": 8649},
    "node_exporter": {"node_exporter_port": 9100},
}


@pytest.fixture(scope="session")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, Any]]:
    """The parameters of node_agent that each role comes to, by "ROLE-WAY"; "port" is its port."""
    wanted: dict[str, tuple[str, dict[str, Any]]] = {}
    for role, ports in _ROLES.items():
        for way in WAYS:
            # As this is no pod, its ports are those of the machine.
            own = dict.fromkeys(ports, free_port())
            wanted[f"{role}-{way}"] = (role, {**(tried(role) if way == "tried" else {}), **own})
    # No address outside of this machine is asked for anything.
    wanted["ganglia_gmond-tried"][1]["ganglia_gmond_receivers"] = ["127.0.0.1", "localhost"]
    made = rendered(wanted, tmp_path_factory.mktemp("rendered"))
    for name, (role, given) in wanted.items():
        made[name]["port"] = given[next(iter(_ROLES[role]))]
    return made


def _text(agent: Mapping[str, Any], kind: str, key: str) -> str:
    (text,) = [one["data"][key] for one in agent[kind]]
    return str(text)


# collectd: "-t" finds nothing; "-T" loads all plugins, reads and writes once, and ends.


def _collectd(
    found: Unpacked, folder: Path, made: Mapping[str, Any], broken: str = ""
) -> list[str]:
    """The arguments for collectd, with the paths that the image has and this machine has not."""
    paths = {
        "PluginDir": found.folder / "usr/lib/collectd",
        "TypesDB": found.folder / "usr/share/collectd/types.db",
        "BaseDir": folder,
    }
    head = "".join(f'{name} "{path}"\n' for name, path in paths.items())
    changes = {}
    if made["secrets"]:
        secret = put(folder, "secret.conf", _text(made, "secrets", "collectd.conf"))
        changes["/etc/collectd-secret/collectd.conf"] = str(secret)
    text = head + _text(made, "config_maps", "collectd.conf") + broken
    return ["-T", "-B", "-C", str(put(folder, "collectd.conf", text, changes))]


@pytest.mark.parametrize("way", WAYS)
def test_collectd_takes_its_configuration(
    agents: Mapping[str, dict[str, Any]], tmp_path: Path, way: str
) -> None:
    found = agent("collectd")
    ended = to_its_end(found, *_collectd(found, tmp_path, agents[f"collectd-{way}"]))
    assert ended.code == 0, ended.said
    assert 'plugin_load: plugin "cpu" successfully loaded' in ended.said


@pytest.mark.parametrize(
    "broken",
    ["<Plugin cpu>\n", 'LoadPlugin "nosuch"\n', "Interval\n", "</Plugin>\n"],
    ids=["a block that is open", "no such plugin", "no value", "nothing to close"],
)
def test_collectd_refuses_what_is_broken(
    agents: Mapping[str, dict[str, Any]], tmp_path: Path, broken: str
) -> None:
    found = agent("collectd")
    made = agents["collectd-default"]
    ended = to_its_end(found, *_collectd(found, tmp_path, made, broken))
    assert ended.code, ended.said


# gmond: it reads all of its configuration, then runs.


def _gmond(found: Unpacked, folder: Path, made: Mapping[str, Any], broken: str = "") -> list[str]:
    (modules,) = found.folder.glob("usr/lib/*/ganglia")
    text = _text(made, "config_maps", "gmond.conf")
    text = text.replace("globals {", f'globals {{\n  module_dir = "{modules}"', 1)
    return ["-f", "-c", str(put(folder, "gmond.conf", text + broken))]


@pytest.mark.parametrize(("way", "cluster"), [("default", "kubernetes"), ("tried", "test")])
def test_gmond_takes_its_configuration(
    agents: Mapping[str, dict[str, Any]], tmp_path: Path, way: str, cluster: str
) -> None:
    found = agent("gmond")
    made = agents[f"ganglia_gmond-{way}"]
    ended = until_it_answers(found, made["port"], b"", *_gmond(found, tmp_path, made))
    assert ended.code is None, ended.said
    assert f'<CLUSTER NAME="{cluster}"' in ended.answer


@pytest.mark.parametrize(
    "broken",
    ["globals { nosuch = 1 }\n", "}\n", "globals { host_dmax = many }\n"],
    ids=["no such option", "nothing to close", "no number"],
)
def test_gmond_refuses_what_is_broken(
    agents: Mapping[str, dict[str, Any]], tmp_path: Path, broken: str
) -> None:
    found = agent("gmond")
    made = agents["ganglia_gmond-default"]
    ended = until_it_answers(found, made["port"], b"", *_gmond(found, tmp_path, made, broken))
    assert ended.code, ended.said


# node_exporter: it reads flags and its web configuration, then runs.


def _exporter(folder: Path, made: Mapping[str, Any], broken: str = "") -> list[str]:
    (container,) = made["containers"]
    web = "/etc/node-exporter/web.yml"
    arguments = []
    for one in container["args"]:
        flag, equals, value = one.partition("=")
        # Here, the node is this machine.
        if flag.startswith("--path."):
            value = "/" + value.removeprefix("/host/").removeprefix("root").removeprefix("/")
        elif value == web:
            value = str(put(folder, "web.yml", _text(made, "secrets", "web.yml") + broken))
        arguments.append(flag + equals + value)
    return arguments


@pytest.mark.parametrize("way", WAYS)
def test_the_node_exporter_takes_its_arguments(
    agents: Mapping[str, dict[str, Any]], tmp_path: Path, way: str
) -> None:
    found = agent("node_exporter")
    made = agents[f"node_exporter-{way}"]
    asked = b"GET /metrics HTTP/1.0\r\n\r\n"
    ended = until_it_answers(found, made["port"], asked, *_exporter(tmp_path, made))
    assert ended.code is None, ended.said
    assert ended.answer.startswith("HTTP/1.0 200")
    assert "node_load1 " in ended.answer
    assert ("node_processes_pids " in ended.answer) is (way == "tried")


def test_the_node_exporter_refuses_a_collector_that_is_none(
    agents: Mapping[str, dict[str, Any]], tmp_path: Path
) -> None:
    found = agent("node_exporter")
    made = agents["node_exporter-default"]
    ended = to_its_end(found, *_exporter(tmp_path, made), "--collector.nosuch")
    assert ended.code, ended.said


def test_the_node_exporter_refuses_a_broken_web_configuration(
    agents: Mapping[str, dict[str, Any]], tmp_path: Path
) -> None:
    found = agent("node_exporter")
    made = agents["node_exporter-tried"]
    ended = to_its_end(found, *_exporter(tmp_path, made, "nosuch: 1\n"))
    assert ended.code, ended.said
