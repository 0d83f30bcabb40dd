# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that may have made a DaemonSet before we manage it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.integration.api import Api, daemonsets
from tests.integration.harness import run
from tests.integration.verbs import Tasks
from tools.environments.making import environment

Manifests = Sequence[dict[str, Any]]


def _us(api: Api, manifests: Manifests) -> None:
    for manifest in manifests:
        Tasks(api, manifest["metadata"]["namespace"]).ok(definition=manifest)


def _list(manifests: Manifests) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(manifests)}


def _kubectl(api: Api, manifests: Manifests) -> None:
    api.kubectl("apply", "-f", "-", stdin=_list(manifests))


def _kubectl_server_side(api: Api, manifests: Manifests) -> None:
    api.kubectl("apply", "--server-side", "-f", "-", stdin=_list(manifests))


def _helm(api: Api, manifests: Manifests) -> None:
    # Helm 3 posts a new object under the name "helm" (pkg/kube/client.go), and patches it later.
    for manifest in manifests:
        path = daemonsets(manifest["metadata"]["namespace"])
        api.request("POST", path, query={"fieldManager": "helm"}, body=manifest, agent="Helm/3")


def _helm_server_side(api: Api, manifests: Manifests) -> None:
    # Helm 4 applies.
    for manifest in manifests:
        api.apply(manifest, "helm")


def _kubernetes_core(api: Api, manifests: Manifests) -> None:
    given = {
        "kubeconfig": str(api.cluster.kubeconfig),
        "definition": list(manifests),
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{"name": "Make them", "kubernetes.core.k8s": given}],
    }
    run(api, [play], environment=environment("bench")).done()


@dataclass(frozen=True)
class Maker:
    """A tool, the word that `adopt` takes for it, and the name under which it is on the object."""

    make: Callable[[Api, Manifests], None]
    word: str | None
    entry: tuple[str, str]


MAKERS = {
    "us": Maker(_us, None, ("everynode", "Apply")),
    "kubectl": Maker(_kubectl, "kubectl", ("kubectl-client-side-apply", "Update")),
    "kubectl-server-side": Maker(_kubectl_server_side, "kubectl", ("kubectl", "Apply")),
    "helm": Maker(_helm, "helm", ("helm", "Update")),
    "helm-server-side": Maker(_helm_server_side, "helm", ("helm", "Apply")),
    "kubernetes.core": Maker(_kubernetes_core, "kubernetes.core", ("OpenAPI-Generator", "Update")),
}
OTHERS = {name: maker for name, maker in MAKERS.items() if maker.word is not None}


def owners(live: dict[str, Any]) -> set[tuple[str, str]]:
    """(field manager, operation) of each entry in managedFields, but for the status."""
    return {
        (entry["manager"], entry["operation"])
        for entry in live["metadata"]["managedFields"]
        if not entry.get("subresource")
    }
