# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real manifests of node agents: made, found unchanged, read back, and checked in check mode.

The manifests are no part of this repository: where their folder is not there, all of this is told
as skipped.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.api import Api, RefusedByServerError, daemonsets
from tests.integration.manifests import desired
from tests.integration.verbs import Tasks

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
if not CORPUS.is_dir():
    pytest.skip(f"NOT TESTED: there are no real manifests in {CORPUS}", allow_module_level=True)

_numbers = itertools.count(1)


def _documents() -> list[Any]:
    """Each document, by its file; the text is read here with another reader than ours."""
    found = []
    for path in sorted(CORPUS.glob("*.yaml")):
        documents = [item for item in yaml.safe_load_all(path.read_text()) if item]
        for number, document in enumerate(documents):
            label = path.stem if len(documents) == 1 else f"{path.stem}-{number}"
            found.append(pytest.param(document, id=label))
    return found


DOCUMENTS = _documents()


@pytest.fixture(scope="module")
def together(api: Api) -> Iterator[Tasks]:
    """One namespace for all of them, as on a real cluster."""
    api.add_namespace("corpus")
    yield Tasks(api, "corpus")
    api.remove_namespace("corpus")


def test_there_are_many() -> None:
    assert len(DOCUMENTS) >= 100


def _verdict(api: Api, manifest: dict[str, Any]) -> str:
    """Why the server would not make it; empty where it would."""
    query = {"dryRun": "All", "fieldManager": "tests", "fieldValidation": "Strict", "force": "true"}
    path = f"{daemonsets(manifest['metadata']['namespace'])}/{manifest['metadata']['name']}"
    kind = "application/apply-patch+yaml"
    try:
        api.request("PATCH", path, query=query, body=manifest, kind=kind)
    except RefusedByServerError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_real_manifest(api: Api, together: Tasks, document: dict[str, Any]) -> None:
    manifest = copy.deepcopy(document)
    name = manifest["metadata"]["name"]
    # Many share a name; two of one name are one object.
    name = f"{name[:50].rstrip('-.')}-{next(_numbers)}"
    manifest["metadata"] |= {"name": name, "namespace": together.namespace}

    refused = _verdict(api, manifest)
    if refused:
        failed = together.fails(definition=manifest)
        assert failed.result["error"]["kind"] == "invalid_input", refused
        assert failed.requests == []
        return

    predicted = together.ok(definition=manifest, check=True, diff=True)
    assert not api.exists(together.namespace, name)
    assert predicted.changed

    done = together.ok(definition=manifest, diff=True)
    assert done.changed
    assert [request.verb for request in done.requests] == ["get", "list", "patch"]
    assert predicted.result["diff"] == done.result["diff"]

    live = api.daemonset(together.namespace, name)
    together.same(definition=manifest)
    together.same(definition=yaml.safe_dump(manifest), check=True, diff=True)

    (shown,) = together.info(name=name, include=["daemonset"]).result["daemonsets"]
    assert shown["daemonset"]["metadata"]["uid"] == live["metadata"]["uid"]
    assert _shape(desired(shown["daemonset"])) == _shape(desired(live))
    api.request("DELETE", f"{daemonsets(together.namespace)}/{name}")


def _shape(value: Any) -> Any:
    """An object without its texts, of which those that look secret are hidden when shown."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return type(value) if isinstance(value, str) else value
