# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offline checks against a real API server: the same verdicts, on cases and real manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import InputError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.checks import (
    check_daemonset,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.documents import TextError
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.parse import (
    parse_definition,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.yaml_text import (
    read_documents,
)

from tests.cases import CASES, Case, good_manifest
from tests.cases.verdict import refusal
from tests.integration.api import Api

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
# Has hostNetwork twice. Sent as YAML the server refuses it, but kubectl quietly keeps the last one.
TWO_VALUES = "kubernetes_kops__p_models_cloudup_resources_addons_metadata-proxy"


def test_the_good_manifest_is_good(api: Api) -> None:
    assert refusal(api, good_manifest()) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_checks_agree(api: Api, case: Case) -> None:
    refused = refusal(api, case.manifest())

    assert (refused == "") is case.server_accepts, refused or "the server takes it"


def faults(document: dict[str, Any]) -> list[str]:
    try:
        manifest = parse_definition(document, origin="definition")
    except InputError as error:
        return [str(error)]
    return [str(finding) for finding in check_daemonset(manifest) if not finding.warning]


if CORPUS.is_dir():

    @pytest.mark.parametrize("path", sorted(CORPUS.glob("*.yaml")), ids=lambda path: path.name)
    def test_real_manifests(api: Api, path: Path) -> None:
        if path.name.startswith(TWO_VALUES):
            with pytest.raises(TextError, match=r'"hostNetwork" stands twice .* lines 28 and 35'):
                read_documents(path.read_bytes())
            return
        for document in read_documents(path.read_bytes()):
            # The namespace is the deployment's matter, and is not there.
            document["metadata"].pop("namespace", None)
            refused = (
                refusal(api, document)
                if document["apiVersion"] == "apps/v1"
                else "no server has this API"
            )
            found = faults(document)
            assert bool(found) is bool(refused), found or refused
