# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which revision is meant, and which templates mean the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.revisions import (
    Revision,
    owned_revisions,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._rollout import history
from ansible_collections.everynode.kubernetes.plugins.module_utils._views.revisions import (
    in_words,
    revision_views,
)

_MARKS = {
    "kubectl.kubernetes.io/restartedAt": "2026-01-01T10:00:00Z",
    "everynode.kubernetes/restart-key": "job-7",
    "kubesphere.io/restartedAt": "2026-01-01T10:00:00Z",
}


def _template(image: str = "agent:1", **more: Any) -> dict[str, Any]:
    container = {"name": "agent", "image": image}
    for key in ("env", "ports", "resources", "imagePullPolicy"):
        if key in more:
            container[key] = more.pop(key)
    annotations = more.pop("annotations", {})
    metadata = {"labels": {"app": "agent"}} | ({"annotations": annotations} if annotations else {})
    return {"metadata": metadata, "spec": {"containers": [container], **more}}


def _revision(number: int, template: dict[str, Any]) -> Revision:
    created = f"2026-01-01T10:00:{number:02}Z"
    cause = f"release {number}"
    return Revision(number, f"agent-{number}", f"hash-{number}", template, created, cause)


def _live(template: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": template}}


@pytest.mark.parametrize(
    "other",
    [
        _template(),
        _template(imagePullPolicy="IfNotPresent"),
        _template(annotations=_MARKS),
        _template(dnsPolicy="ClusterFirst", securityContext={}, restartPolicy="Always"),
        {**_template(), "metadata": {"creationTimestamp": None, "labels": {"app": "agent"}}},
    ],
    ids=["itself", "a default", "marks of restarts", "defaults", "a null"],
)
def test_they_mean_the_same(other: dict[str, Any]) -> None:
    assert history.same_template(_template(), other)
    assert history.same_template(other, _template())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            _template(ports=[{"containerPort": 1}, {"containerPort": 2}]),
            _template(ports=[{"containerPort": 2, "protocol": "TCP"}, {"containerPort": 1}]),
        ),
        (
            _template(resources={"limits": {"memory": "1Gi"}}),
            _template(resources={"limits": {"memory": "1024Mi"}}),
        ),
        (
            _template(tolerations=[{"key": "a"}, {"key": "b"}]),
            _template(tolerations=[{"key": "b"}, {"key": "a"}]),
        ),
        (_template(serviceAccountName="a"), _template(serviceAccount="a", serviceAccountName="a")),
        (_template(newerThanUs={"a": 1}), _template(newerThanUs={"a": 1})),
        (_template(affinity={"nodeAffinity": {}}), _template()),
    ],
    ids=[
        "order",
        "amounts",
        "atomic lists",
        "both names of the account",
        "unknown fields",
        "nothing",
    ],
)
def test_other_words_mean_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert history.same_template(one, other)
    assert history.same_template(other, one)


@pytest.mark.parametrize(
    "other",
    [
        _template("agent:2"),
        _template(imagePullPolicy="Always"),
        _template(annotations={"note": "1"}),
        _template(env=[{"name": "A", "value": "1"}]),
        _template(dnsPolicy="Default"),
        _template(volumes=[{"name": "a", "emptyDir": {}}]),
        _template(newerThanUs={"a": 1}),
    ],
)
def test_they_mean_something_else(other: dict[str, Any]) -> None:
    assert not history.same_template(_template(), other)
    assert not history.same_template(other, _template())


def test_the_order_of_variables_counts_where_they_refer_to_each_other() -> None:
    one, two = {"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}
    assert not history.same_template(_template(env=[one, two]), _template(env=[two, one]))
    two = {"name": "B", "value": "2"}
    assert history.same_template(_template(env=[one, two]), _template(env=[two, one]))


def test_marks_are_put_there_and_taken_away() -> None:
    marked = _template(annotations={"note": "1", **_MARKS})
    assert history.marks_of(marked) == _MARKS
    assert history.with_marks(marked, {}) == _template(annotations={"note": "1"})
    assert history.with_marks(_template(), _MARKS) == _template(annotations=_MARKS)
    assert history.with_marks(_template(annotations=_MARKS), {}) == _template()
    assert marked == _template(annotations={"note": "1", **_MARKS})


def test_the_current_one_has_the_marks_too() -> None:
    plain, marked = _revision(1, _template()), _revision(2, _template(annotations=_MARKS))
    revisions = [plain, marked]
    assert history.current(_live(_template(annotations=_MARKS)), revisions) is marked
    assert history.current(_live(_template()), revisions) is plain
    assert history.current(_live(_template("agent:2")), revisions) is None
    written_otherwise = {**_template(), "metadata": {**_template()["metadata"], "name": ""}}
    assert history.current(_live(written_otherwise), revisions) is plain


def test_the_previous_one_means_something_else() -> None:
    first, second = _revision(1, _template("agent:1")), _revision(2, _template("agent:2"))
    third = _revision(3, _template("agent:2", annotations=_MARKS))
    revisions = [first, second, third]
    assert history.previous(_live(third.template), revisions) is first
    assert history.previous(_live(first.template), revisions) is third
    assert history.previous(_live(first.template), [first]) is None
    # The controller has not seen it yet.
    assert history.previous(_live(_template("agent:3")), revisions) is third


def test_what_only_ended_the_pods_of_a_rebuild_is_no_way_back() -> None:
    first, last = _revision(1, _template("agent:1")), _revision(3, _template("agent:2"))
    empty = _template("agent:1", nodeSelector={history.NOWHERE: "true"})
    revisions = [first, _revision(2, empty), last]
    assert [history.is_passing(one) for one in revisions] == [False, True, False]
    assert history.previous(_live(last.template), revisions) is first
    assert history.with_image(revisions, "agent:1") is first


def test_revisions_are_found_by_number_and_by_image() -> None:
    side = {"name": "side", "image": "side:1"}
    init = [{"name": "init", "image": "init:1"}]
    both = _template("agent:2", initContainers=init)
    both["spec"]["containers"].append(side)
    revisions = [_revision(4, _template("agent:1")), _revision(6, both), _revision(7, both)]
    assert history.numbered(revisions, 6) is revisions[1]
    assert history.numbered(revisions, 5) is None
    assert history.with_image(revisions, "agent:1") is revisions[0]
    assert history.with_image(revisions, "init:1") is revisions[2]
    assert history.with_image(revisions, {"side": "side:1", "agent": "agent:2"}) is revisions[2]
    assert history.with_image(revisions, {"side": "side:1", "agent": "agent:1"}) is None
    assert history.with_image(revisions, "agent") is None
    assert revisions[2].images == {"init": "init:1", "agent": "agent:2", "side": "side:1"}


def _stored(number: int, owner: str, *, controller: bool = True) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"agent-{number}",
            "labels": {"controller-revision-hash": f"hash-{number}"},
            "annotations": {"kubernetes.io/change-cause": f"release {number}"},
            "creationTimestamp": f"2026-01-01T10:00:{number:02}Z",
            "ownerReferences": [{"uid": owner, "controller": controller}],
        },
        "data": {"spec": {"template": {"$patch": "replace", **_template()}}},
        "revision": number,
    }


def test_only_what_the_daemonset_controls_is_its_history() -> None:
    found = [
        _stored(10, "ours"),
        _stored(9, "ours"),
        _stored(11, "theirs"),
        _stored(12, "ours", controller=False),
    ]
    del found[0]["metadata"]["annotations"]
    owned = owned_revisions(found, "ours")
    assert owned == [
        _revision(9, _template()),
        Revision(10, "agent-10", "hash-10", _template(), "2026-01-01T10:00:10Z", None),
    ]


def test_a_list_of_revisions_counts_their_pods() -> None:
    revisions = [_revision(1, _template()), _revision(2, _template("agent:2"))]
    pods: list[dict[str, Any]] = [
        {"metadata": {"labels": {"controller-revision-hash": f"hash-{number}"}}}
        for number in (1, 1, 3)
    ]
    pods.append({"metadata": {}})
    shown = revision_views(revisions, revisions[1], pods)
    assert [(one["revision"], one["current"], one["pods"]) for one in shown] == [
        (2, True, 0),
        (1, False, 2),
    ]
    assert shown[1] == {
        "revision": 1,
        "current": False,
        "images": {"agent": "agent:1"},
        "change_cause": "release 1",
        "created": "2026-01-01T10:00:01Z",
        "pods": 2,
        "template_hash": "hash-1",
        "name": "agent-1",
    }
    assert revision_views(revisions, None, None)[0]["pods"] is None


def test_in_words_the_newest_are_named() -> None:
    revisions = [_revision(number, _template()) for number in range(1, 13)]
    told = in_words(revisions, revisions[-1])
    assert told.startswith('Its revisions are: 12 (agent=agent:1, of 2026-01-01T10:00:12Z, "relea')
    assert told.endswith("; and 2 older.")
    assert told.count("the current one") == 1
    assert in_words([], None) == "It has no revisions."
