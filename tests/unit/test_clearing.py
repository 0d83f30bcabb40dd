# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody owns, and what would outlive the fields that it was made of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.clearing import (
    cleared,
    outlived,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.fieldset import (
    set_of_intent,
)

_ACCOUNT = {"serviceAccountName": "a"}
_BOTH = {"serviceAccountName": "a", "serviceAccount": "a"}
_HOST = {"name": "data", "hostPath": {"path": "/data"}}


def _pod(*volumes: dict[str, Any], **spec: Any) -> dict[str, Any]:
    more = {"volumes": list(volumes)} if volumes else {}
    return {"spec": {"template": {"spec": {**more, **spec}}}}


def _cleared(
    live: dict[str, Any],
    intent: dict[str, Any],
    ours: dict[str, Any],
    theirs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    owned = set_of_intent(ours)
    entries = [{"manager": "us", "operation": "Apply", "fieldsV1": owned}]
    if theirs is not None:
        entries.append({"manager": "them", "operation": "Apply", "fieldsV1": set_of_intent(theirs)})
    live = {**live, "metadata": {"managedFields": entries}}
    found: dict[str, Any] = cleared(
        intent, outlived(intent, live, set_of_intent(intent), owned, {"us"})
    )
    return found


@pytest.mark.parametrize(
    ("live", "intent", "ours", "theirs"),
    [
        # Another account, or the same.
        (_pod(**_BOTH), _pod(serviceAccountName="b"), _pod(**_ACCOUNT), None),
        (_pod(**_BOTH), _pod(serviceAccount="a"), _pod(**_ACCOUNT), None),
        # Never ours, somebody else's as well, or both names were ours.
        (_pod(**_BOTH), _pod(), _pod(), None),
        (_pod(**_BOTH), _pod(), _pod(**_ACCOUNT), _pod(**_ACCOUNT)),
        (_pod(**_BOTH), _pod(), _pod(**_ACCOUNT), _pod(serviceAccount="a")),
        (_pod(**_BOTH), _pod(), _pod(**_BOTH), None),
        # A volume that stays what it is, whose source is owned, or that was of another kind.
        (_pod({"name": "data", "emptyDir": {}}), _pod({"name": "data"}), _pod(), None),
        (
            _pod({"name": "data", "emptyDir": {}}),
            _pod(_HOST),
            _pod({"name": "data", "emptyDir": {}}),
            None,
        ),
        (_pod({**_HOST, "name": "other"}), _pod(_HOST), _pod({**_HOST, "name": "other"}), None),
        (_pod(), _pod(_HOST), _pod(), None),
    ],
)
def test_usually_nothing_has_to_be_cleared(
    live: dict[str, Any],
    intent: dict[str, Any],
    ours: dict[str, Any],
    theirs: dict[str, Any] | None,
) -> None:
    assert _cleared(live, intent, ours, theirs) == intent


@pytest.mark.parametrize("name", ["serviceAccountName", "serviceAccount"])
def test_the_copy_of_the_account_goes(name: str) -> None:
    found = _cleared(_pod(**_BOTH), _pod(), _pod(**{name: "a"}))
    assert found == _pod(serviceAccountName=None, serviceAccount=None)


def test_the_source_that_the_server_made_goes() -> None:
    live = _pod({"name": "data", "emptyDir": {}}, {"name": "more", "emptyDir": {}})
    found = _cleared(live, _pod(_HOST, {"name": "more"}), _pod({"name": "data"}, {"name": "more"}))
    assert found == _pod({**_HOST, "emptyDir": None}, {"name": "more"})
