# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The revisions that the controller keeps of a DaemonSet's template (ControllerRevisions)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.deadline import Deadline
from .connection import Cluster
from .daemonsets import label_selector
from .objects import controller_of, list_all

HASH_LABEL = "controller-revision-hash"
_CHANGE_CAUSE = "kubernetes.io/change-cause"


@dataclass(frozen=True)
class Revision:
    """A template that a DaemonSet has or had.

    Attributes:
        number: its place in the history. It moves up when the template becomes the current one
            again, so it names a revision only as long as the template is not changed.
        name: the ControllerRevision's.
        hash: the value of the label ``controller-revision-hash`` of its pods.
        template: the pod template as the server held it.
        created: when the controller first saw it, in RFC 3339.
        change_cause: the DaemonSet's annotation at that time.
    """

    number: int
    name: str
    hash: str
    template: dict[str, Any]
    created: str
    change_cause: str | None

    @property
    def images(self) -> dict[str, str]:
        """The images by the names of the containers, init containers included."""
        return images_of(self.template)


def images_of(template: Mapping[str, Any]) -> dict[str, str]:
    """The images of a pod template by the names of its containers, init containers first."""
    spec = template.get("spec") or {}
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return {str(one["name"]): str(one.get("image") or "") for one in containers}


def revisions_of(cluster: Cluster, live: Mapping[str, Any], deadline: Deadline) -> list[Revision]:
    """The revisions of this very DaemonSet (by uid), oldest first.

    Raises:
        ClusterError: they cannot be listed.
    """
    metadata = live["metadata"]
    found = revisions_in(
        cluster,
        metadata["namespace"],
        deadline,
        selector=label_selector(live["spec"]["selector"]),
        doing=f"list the revisions of DaemonSet {metadata['namespace']}/{metadata['name']}",
    )
    return owned_revisions(found, metadata["uid"])


def revisions_in(
    cluster: Cluster, namespace: str | None, deadline: Deadline, *, selector: str, doing: str
) -> list[dict[str, Any]]:
    """The ControllerRevisions of a namespace, or of all, as the server has them."""
    scope = f"/namespaces/{namespace}" if namespace else ""
    query = {"labelSelector": selector} if selector else {}
    path = f"/apis/apps/v1{scope}/controllerrevisions"
    found, _version = list_all(cluster, path, query, deadline, doing)
    return found


def owned_revisions(found: Iterable[Mapping[str, Any]], uid: str) -> list[Revision]:
    """Those that the controller made for the DaemonSet of that uid, oldest first.

    The owner counts and not the labels, as others may have the same
    (pkg/controller/daemon/update.go, controlledHistories).
    """
    owned = [one for one in found if controller_of(one) == uid]
    return sorted((_revision(one) for one in owned), key=lambda one: one.number)


def _revision(obj: Mapping[str, Any]) -> Revision:
    metadata = obj["metadata"]
    # The data is a strategic merge patch of the DaemonSet (same file, getPatch).
    template = dict(obj["data"]["spec"]["template"])
    template.pop("$patch", None)
    return Revision(
        number=int(obj["revision"]),
        name=str(metadata["name"]),
        hash=str((metadata.get("labels") or {}).get(HASH_LABEL, "")),
        template=template,
        created=str(metadata["creationTimestamp"]),
        change_cause=(metadata.get("annotations") or {}).get(_CHANGE_CAUSE),
    )


def is_template(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two pod templates are the same to the controller, to the last detail, so that it
    makes one revision of both.
    """
    return stored(one) == stored(other)


def stored(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template to the letter, without what only its encoding has: older servers write times that
    are null.
    """
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value}
    return {**template, "metadata": metadata}
