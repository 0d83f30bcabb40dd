# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook stops naming goes away, whoever made it; what others want stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api import Api, uids
from tests.integration.makers import MAKERS, OTHERS, Maker, owners
from tests.integration.manifests import EXTRAS, NOWHERE, at, desired, full, without
from tests.integration.verbs import Tasks

_USES = ("adopted", "left")


@pytest.fixture(scope="module")
def made(api: Api) -> Iterator[dict[str, str]]:
    """For each maker a namespace with the DaemonSets of all cases, made by it at once."""
    found = {}
    for word, maker in MAKERS.items():
        namespace = f"made-by-{word.replace('.', '-')}"
        api.add_namespace(namespace)
        maker.make(api, [_before(namespace, extra, use) for extra in EXTRAS for use in _USES])
        found[word] = namespace
    yield found
    for namespace in found.values():
        api.remove_namespace(namespace)


def _before(namespace: str, extra: str, use: str) -> dict[str, Any]:
    return full(f"{extra}-{use}", namespace, nodeSelector=NOWHERE)


def _after(namespace: str, extra: str, use: str) -> dict[str, Any]:
    return without(_before(namespace, extra, use), EXTRAS[extra][0])


@pytest.mark.parametrize("word", MAKERS)
def test_a_maker_is_known_by_the_name_that_the_server_keeps(
    api: Api, made: dict[str, str], word: str
) -> None:
    live = api.daemonset(made[word], "container-left")
    assert owners(live) == {MAKERS[word].entry}


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("word", MAKERS)
def test_what_is_no_longer_named_goes_away(
    api: Api, made: dict[str, str], word: str, extra: str
) -> None:
    namespace, maker = made[word], MAKERS[word]
    path, _text = EXTRAS[extra]
    tasks = Tasks(api, namespace)
    name = f"{extra}-adopted"
    asked: dict[str, Any] = {"definition": _after(namespace, extra, "adopted")}
    if maker.word:
        asked["adopt"] = [maker.word]
    before = api.daemonset(namespace, name)
    assert at(before, path) is not None

    predicted = tasks.ok(check=True, diff=True, **asked)
    assert predicted.changed
    assert predicted.writes == []
    untouched = api.daemonset(namespace, name)["metadata"]["resourceVersion"]
    assert untouched == before["metadata"]["resourceVersion"]

    done = tasks.ok(diff=True, **asked)
    after = api.daemonset(namespace, name)
    assert done.changed
    assert at(after, path) is None
    assert _without_empty(after["spec"]) == _expected_spec(before, extra)
    assert desired(predicted.result["daemonset"]) == desired(done.result["daemonset"])
    assert predicted.result["diff"] == done.result["diff"]
    assert _owners_of_what_was_asked(after) == {("everynode", "Apply")}

    asked.pop("adopt", None)
    tasks.same(**asked)


def _expected_spec(before: dict[str, Any], extra: str) -> Any:
    """The spec as it was, without the extra."""
    path, _text = EXTRAS[extra]
    return _without_empty(without(before, path)["spec"] if path[0] == "spec" else before["spec"])


def _without_empty(value: Any) -> Any:
    """A copy without the empty objects and lists that the server may keep or leave out."""
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [])}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


def _owners_of_what_was_asked(live: dict[str, Any]) -> set[tuple[str, str]]:
    """Who owns anything but the annotation that the server itself keeps."""
    servers_own: dict[str, Any] = {
        "f:annotations": {"f:deprecated.daemonset.template.generation": {}}
    }
    return {
        (entry["manager"], entry["operation"])
        for entry in live["metadata"]["managedFields"]
        if not entry.get("subresource") and entry["fieldsV1"] != {"f:metadata": servers_own}
    }


# Where nothing of it is left to ask for, a tool that updates owns the field that held it, too.
_OWNED_AS_A_WHOLE = {
    "init-container": "spec.template.spec.initContainers",
    "pod-annotation": "spec.template.metadata.annotations",
    "security-context": "containers[name=agent].securityContext",
}


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("word", OTHERS)
def test_without_adopt_it_stays_and_a_warning_says_so(
    api: Api, made: dict[str, str], word: str, extra: str
) -> None:
    namespace, maker = made[word], MAKERS[word]
    path, text = EXTRAS[extra]
    tasks = Tasks(api, namespace)
    name = f"{extra}-left"
    asked = {"definition": _after(namespace, extra, "left")}
    before = api.daemonset(namespace, name)
    if extra == "toleration":
        # Tolerations are one value to the server: leaving one out is asking for another value.
        failed = tasks.fails(**asked)
        assert failed.result["error"]["kind"] == "conflict"
        assert f"adopt: [{maker.word}]" in failed.result["msg"]
    else:
        done = tasks.ok(**asked)
        assert text in done.warnings or _OWNED_AS_A_WHOLE.get(extra, text) in done.warnings
        assert "rollingUpdate" not in done.warnings
        assert f"adopt: [{maker.word}]" in done.warnings
    after = api.daemonset(namespace, name)
    assert at(after, path) == at(before, path)
    assert desired(after) == desired(before)
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


@pytest.mark.parametrize("word", OTHERS)
def test_asking_for_all_that_another_made_warns_of_nothing(
    api: Api, namespace: str, word: str
) -> None:
    manifest = full("agent", namespace, nodeSelector=NOWHERE)
    OTHERS[word].make(api, [manifest])
    done = Tasks(api, namespace).ok(definition=manifest)
    assert done.warnings == ""


@pytest.mark.parametrize("word", OTHERS)
def test_adopting_the_same_restarts_no_pod(api: Api, namespace: str, word: str) -> None:
    maker: Maker = OTHERS[word]
    manifest = full("agent", namespace)
    maker.make(api, [manifest])
    before = api.settled(namespace, "agent")
    pods = uids(api.pods(namespace, "agent"))
    assert len(pods) == 5
    tasks = Tasks(api, namespace)
    predicted = tasks.ok(check=True, definition=manifest, adopt=[maker.word])
    done = tasks.ok(definition=manifest, adopt=[maker.word], wait=True)
    after = api.daemonset(namespace, "agent")
    assert predicted.changed
    assert done.changed
    assert desired(predicted.result["daemonset"]) == desired(done.result["daemonset"])
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert uids(api.pods(namespace, "agent")) == pods
    assert _owners_of_what_was_asked(after) == {("everynode", "Apply")}
    tasks.same(definition=manifest, adopt=[maker.word])
