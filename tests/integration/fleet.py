# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several clusters side by side, as the examples for fleets need them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.integration.api import Api
from tests.support.cluster import running


@contextlib.contextmanager
def fleet(folder: Path, *names: str) -> Iterator[dict[str, Api]]:
    """Control planes of these names with two nodes each, gone afterwards."""
    with contextlib.ExitStack() as stack:
        yield {
            name: Api(
                stack.enter_context(
                    running(f"{name}-{os.getpid()}", nodes=2, audit_log=folder / f"{name}.log")
                )
            )
            for name in names
        }


def kubeconfig(clusters: Mapping[str, Api]) -> dict[str, Any]:
    """One kubeconfig with a context for each cluster, by its name."""
    made: dict[str, Any] = {"apiVersion": "v1", "kind": "Config"}
    made |= {"clusters": [], "users": [], "contexts": []}
    for name, api in clusters.items():
        own = yaml.safe_load(api.cluster.kubeconfig.read_text())
        made["clusters"].append({"name": name, "cluster": own["clusters"][0]["cluster"]})
        made["users"].append({"name": name, "user": own["users"][0]["user"]})
        made["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    return made


def images(api: Api, namespace: str, name: str) -> set[str]:
    """The images that its pods run."""
    pods = api.pods(namespace, name)
    return {container["image"] for pod in pods for container in pod["spec"]["containers"]}
