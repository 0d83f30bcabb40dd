# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that nothing would change, against the server's own verdict.

Whatever was applied, and whatever is asked for then: where we say "unchanged" without asking, the
server would have changed nothing. The other way round, where we ask in vain, is only counted.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from tests.integration.api import APPLY, Api, RefusedByServerError, daemonsets
from tests.integration.manifests import desired
from tests.integration.verbs import Tasks
from tests.property.daemonset_strategies import manifests
from tests.property.edits import AMOUNTS, edited, with_empties

# About a minute.
_EXAMPLES = 600
# Where order means nothing, by the field that holds the list.
_ORDERLESS = frozenset(
    {
        "volumes",
        "tolerations",
        "imagePullSecrets",
        "hostAliases",
        "ports",
        "volumeMounts",
        "add",
        "drop",
    }
)
_numbers = itertools.count(1)


def _amount(text: str) -> str:
    """A quantity as a number: 1Gi is 1024Mi, of which the server keeps what it was given."""
    for power, suffix in enumerate(("Ki", "Mi", "Gi"), 1):
        if text.endswith(suffix):
            text = str(Decimal(text.removesuffix(suffix)) * 1024**power)
    for factor, suffix in (("0.001", "m"), ("1000", "k"), ("1e6", "M"), ("1e9", "G")):
        if text.endswith(suffix):
            text = str(Decimal(text.removesuffix(suffix)) * Decimal(factor))
    return f"{Decimal(text):.3f}"


def _in_order(value: Any, name: str = "") -> Any:
    """A value as it counts: quantities as numbers, and every list whose order means nothing in one
    and the same order.
    """
    if name in AMOUNTS and value is not None:
        return _amount(str(value))
    if isinstance(value, dict):
        return {key: _in_order(item, key) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_in_order(item) for item in value]
    free = name in _ORDERLESS or (name == "env" and "$(" not in json.dumps(value))
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if free else items


def _ours(live: dict[str, Any]) -> Any:
    """What the server says that we own by applying."""
    (entry,) = (
        found
        for found in live["metadata"]["managedFields"]
        if found["manager"] == "everynode" and found["operation"] == "Apply"
    )
    return entry["fieldsV1"]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            yield from _leaves(item, f"{path}/{key}")
    else:
        yield path, value


def _holding(fields: dict[str, Any], value: Any, path: str = "") -> Iterator[str]:
    """The fields of a set that hold a value: neither those of something empty, as an object that
    has others' fields may be to us.
    """
    for step, below in fields.items():
        kind, rest = step.split(":", 1) if ":" in step else (step, "")
        inner: Any = None
        if kind == "f" and isinstance(value, dict):
            inner = value.get(rest)
        elif kind == "k":
            key = json.loads(rest)
            inner = next(item for item in value if {**key, **item}.items() >= key.items())
        if kind in ("f", "k") and below:
            yield from _holding(below, inner, f"{path}/{step}")
        elif kind != "f" or (inner not in (None, [], {}) and not isinstance(inner, dict)):
            yield f"{path}/{step}"


def _server_would_change(
    api: Api, manifest: dict[str, Any], live: dict[str, Any]
) -> tuple[list[str], bool]:
    """What the server would change for the manifest as it was written, in a dry run under our name;
    and whether that is more than the owners of what is empty.
    """
    metadata = manifest["metadata"]
    path = f"{daemonsets(metadata['namespace'])}/{metadata['name']}"
    query = {"fieldManager": "everynode", "fieldValidation": "Strict", "dryRun": "All"}
    after = api.request("PATCH", path, query=query, body=manifest, kind=APPLY)
    sides = [dict(_leaves([_in_order(desired(side)), _ours(side)])) for side in (live, after)]
    changes = [
        f"{path}: {sides[0].get(path, 'absent')!r} -> {sides[1].get(path, 'absent')!r}"
        for path in sorted({*sides[0], *sides[1]})
        if sides[0].get(path, "absent") != sides[1].get(path, "absent")
    ]
    ours = [set(_holding(_ours(side), side)) for side in (live, after)]
    return changes, ours[0] != ours[1] or any(change.startswith("/0") for change in changes)


@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # Making a failing case smaller would take minutes; the paths that differ say enough.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_never_unchanged_where_the_server_would_change_something(
    tasks: Tasks, counts: Counter[str], data: st.DataObject
) -> None:
    first = data.draw(manifests().flatmap(with_empties), label="first")
    first["metadata"] |= {"name": f"d{next(_numbers)}", "namespace": tasks.namespace}
    made = tasks.run(definition=copy.deepcopy(first))
    if made.result.get("failed"):
        counts["refused at first"] += 1
        assert made.result["error"]["kind"] in ("invalid_input", "refused"), made.result["msg"]
        assume(False)
    live = tasks.api.daemonset(tasks.namespace, first["metadata"]["name"])
    for _time in range(3):
        second = data.draw(edited(first), label="second")
        _compare(tasks, counts, second, live)
    # And the same again must be known to be the same, with one request.
    note("the same again")
    again = tasks.run(definition=copy.deepcopy(first), check=True)
    assert not again.changed
    counts["the same again, " + ("asked" if len(again.requests) > 1 else "known")] += 1


def _compare(
    tasks: Tasks, counts: Counter[str], second: dict[str, Any], live: dict[str, Any]
) -> None:
    checked = tasks.run(definition=copy.deepcopy(second), check=True)
    try:
        changes, is_told = _server_would_change(tasks.api, second, live)
    except RefusedByServerError as error:
        counts["refused"] += 1
        note(f"refused: {error}")
        assert checked.result.get("failed")
        return
    if checked.result.get("failed"):
        # Stricter than the server only where an exception says so; other tests are about that.
        counts["refused by us only"] += 1
        note(checked.result["msg"])
        return
    asked = len(checked.requests) > 1
    counts[f"{'changes' if changes else 'same'}, {'asked' if asked else 'known'}"] += 1
    assert asked or not changes, changes
    assert checked.changed or not is_told, changes
    assert changes or not checked.changed
