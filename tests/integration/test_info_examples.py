# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of daemonset_info: its examples run, and it names all that is returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_info import VERB

from tests.gates.documentation import parsed
from tests.integration.api import Api
from tests.integration.harness import playbook, run_in
from tests.integration.verbs import Tasks
from tools.environments import places

_MODULE = places.CHECKOUT / "plugins" / "modules" / "daemonset_info.py"
_SHIPPER: dict[str, Any] = {
    "name": "log-shipper",
    "labels": {"tier": "node"},
    "containers": [
        {
            "name": "shipper",
            "image": "example.test/shipper:1",
            "env": [{"name": "LEVEL", "value": "info"}],
            "resources": {"requests": {"cpu": "10m"}},
        }
    ],
    "init_containers": [{"name": "first", "image": "example.test/first:1"}],
    "volumes": [{"name": "settings", "config_map": {"name": "settings", "optional": True}}],
    "wait": True,
}


@pytest.fixture
def logging(api: Api) -> Iterator[Tasks]:
    """The namespaces that the examples name, with the DaemonSet that they are about."""
    names = ("logging", "monitoring")
    for name in names:
        api.add_namespace(name)
    tasks = Tasks(api, "logging")
    tasks.ok(**_SHIPPER)
    yield tasks
    for name in names:
        api.remove_namespace(name)


def test_the_examples_run(api: Api, logging: Tasks, tmp_path: Path) -> None:
    path = f"/apis/apps/v1/namespaces/{logging.namespace}/daemonsets/log-shipper"
    label = {"metadata": {"labels": {"tier": "edge"}}}
    kind = "application/merge-patch+json"
    api.request("PATCH", path, query={"fieldManager": "somebody"}, body=label, kind=kind)
    (tmp_path / "tasks").mkdir()
    plays = playbook(api, logging.namespace, parsed(_MODULE, "EXAMPLES"))
    # Most examples say where to look.
    plays[0]["module_defaults"] = {
        name: {key: value for key, value in given.items() if key != "namespace"}
        for name, given in plays[0]["module_defaults"].items()
    }
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    play = run_in(api, tmp_path, ["playbook.yml"]).done()
    assert not [step.task for step in play.steps if step.status == "failed"]
    (told,) = play.step("Tell who it was").result["results"]
    assert told["msg"].startswith("metadata.labels.tier: somebody, 20")
    kept = yaml.safe_load((tmp_path / "tasks" / "log_shipper.yml").read_text())
    assert kept[0]["everynode.kubernetes.daemonset"]["name"] == "log-shipper"


@pytest.fixture(scope="module")
def returned() -> dict[str, Any]:
    """What the module is documented to return."""
    found: dict[str, Any] = parsed(_MODULE, "RETURN")
    return found


def test_every_key_that_is_returned_is_documented(
    tasks: Tasks, returned: Mapping[str, Any]
) -> None:
    tasks.ok(**_SHIPPER)
    include = VERB.argument_spec["include"]["choices"]
    result = tasks.info(include=include, export="task").result
    common = {"changed", "warnings", "invocation"}
    seen = {key: value for key, value in result.items() if key not in common}
    missing = list(_undocumented(seen, returned, ""))
    assert missing == []
    always = {name for name, about in returned["daemonsets"]["contains"].items()}
    assert always == result["daemonsets"][0].keys()


def test_every_detail_is_a_key_of_its_name(returned: Mapping[str, Any]) -> None:
    documented = {*returned, *returned["daemonsets"]["contains"]}
    assert set(VERB.argument_spec["include"]["choices"]) <= documented


def _undocumented(value: Any, documented: Mapping[str, Any], path: str) -> Iterator[str]:
    """The keys that are returned and not documented, and those that are always to be there and are
    not.
    """
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            continue
        for key in item.keys() - documented.keys():
            yield f"{path}{key} is not documented"
        for key, about in documented.items():
            if key not in item:
                if about["returned"] == "always":
                    yield f"{path}{key} is not returned"
            elif "contains" in about:
                yield from _undocumented(item[key], about["contains"], f"{path}{key}.")
