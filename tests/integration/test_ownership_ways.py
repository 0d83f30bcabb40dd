# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others own, in a playbook: the same whole results in-process and as a module."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import Api
from tests.integration.harness import alike, both_ways, task
from tests.integration.makers import OTHERS
from tests.integration.manifests import EXTRAS, NOWHERE, full, without

_ANOTHER_IMAGE = {"containers": [{"name": "agent", "image": "example.test/agent:2"}]}
_TASKS: dict[str, dict[str, Any]] = {
    "left": {},
    "conflict": _ANOTHER_IMAGE,
    "forced": {**_ANOTHER_IMAGE, "force_conflicts": True},
    "adopt, checked": {},
    "adopt": {},
    "again": {},
}


@pytest.mark.parametrize("word", OTHERS)
def test_what_others_own(api: Api, two_namespaces: tuple[str, str], word: str) -> None:
    maker = OTHERS[word]
    manifest = full("agent", "left-out", nodeSelector=NOWHERE)
    for namespace in two_namespaces:
        maker.make(api, [full("agent", namespace, nodeSelector=NOWHERE)])
    less = without(manifest, EXTRAS["env-variable"][0])
    del less["metadata"]["namespace"]
    tasks = []
    for name, parameters in _TASKS.items():
        adopt = [maker.word] if name.startswith("adopt") else []
        given = {"definition": less, "adopt": adopt, **parameters}
        tasks.append(task(name, **given) | {"check_mode": "checked" in name, "diff": True})
    first, second = both_ways(api, two_namespaces, tasks)
    for here, there in zip(first.steps, second.steps, strict=True):
        alike(here, there, two_namespaces)
    assert maker.word is not None
    assert f"adopt: [{maker.word}]" in str(first.step("left").result["warnings"])
    assert first.step("conflict").status == "failed"
    assert first.step("forced").changed
    assert first.step("adopt, checked").changed
    assert first.step("adopt").changed
    assert first.step("adopt, checked").result["diff"] == first.step("adopt").result["diff"]
    assert not first.step("again").changed
