# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a definition says, and whatever takes its place: going back gives its template again."""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.integration.api import Api
from tests.integration.rollbacks import back, observed, template
from tests.integration.verbs import Tasks
from tests.property.daemonset_strategies import manifests
from tests.property.edits import edited, with_empties
from tests.support.cluster import Cluster

# About a minute.
_EXAMPLES = 150
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def tasks(cluster: Cluster) -> Iterator[Tasks]:
    api = Api(cluster)
    api.add_namespace("property-rollback")
    yield Tasks(api, "property-rollback")
    api.remove_namespace("property-rollback")


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[str]]:
    found: Counter[str] = Counter()
    yield found
    print(f"\nways back: {dict(found)}")


def _differences(found: Any, wanted: Any, path: str = "") -> list[str]:
    if isinstance(found, dict) and isinstance(wanted, dict):
        pairs = [(key, found.get(key), wanted.get(key)) for key in {**found, **wanted}]
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        pairs = [(str(i), *both) for i, both in enumerate(zip(found, wanted, strict=True))]
    else:
        # The server drops an empty object, or keeps it, by what was there before it.
        same = found == wanted or (found in ({}, None) and wanted in ({}, None))
        return [] if same else [f"{path}: {found!r}, not {wanted!r}"]
    return [text for key, one, other in pairs for text in _differences(one, other, f"{path}/{key}")]


@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # Making a failing case smaller would take minutes; the two definitions say enough.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_back_and_forth(tasks: Tasks, counts: Counter[str], data: st.DataObject) -> None:
    api, name = tasks.api, f"d{next(_numbers)}"
    first = data.draw(manifests().flatmap(with_empties), label="first")
    first["metadata"] |= {"name": name, "namespace": tasks.namespace}
    first["spec"].pop("revisionHistoryLimit", None)
    second = first
    for _edit in range(data.draw(st.integers(2, 9), label="edits")):
        second = data.draw(edited(second), label="second")
    second["spec"].pop("revisionHistoryLimit", None)
    seen = []
    for definition in (first, second):
        made = tasks.run(definition=copy.deepcopy(definition))
        assume(not made.result.get("failed"))
        observed(api, tasks.namespace, name)
        seen.append(template(api, tasks.namespace, name))
    going = tasks.run(definition=copy.deepcopy(first), check=True)
    if not going.result.get("failed") and going.result["daemonset"]["spec"]["template"] == seen[1]:
        counts["the same to the server"] += 1
        return
    for wanted, definition in zip(seen, (first, second), strict=True):
        told = back(tasks, name=name, check=True)
        done = back(tasks, name=name)
        assert _differences(template(api, tasks.namespace, name), wanted) == []
        assert _differences(told.result["daemonset"]["spec"]["template"], wanted) == []
        assert "What others hold" not in done.warnings
        observed(api, tasks.namespace, name)
        again = tasks.run(definition=copy.deepcopy(definition))
        kept = template(api, tasks.namespace, name)
        assert _differences(kept, wanted) == []
        counts["found changed" if again.changed else "found unchanged"] += 1
        observed(api, tasks.namespace, name)
