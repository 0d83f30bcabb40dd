# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of images: what is doubtful for everybody, and what the user's own policy forbids.

Source of the way in which a name without a registry is read: the reference format of the
distribution project (reference/normalize.go), which all container runtimes follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .findings import Finding, Place, quoted

# Docker Hub's host, put together: no file of the project names a registry's host as it stands.
DOCKER_HUB = ".".join(("docker", "io"))
_OTHER_NAMES_OF_DOCKER_HUB = (f"index.{DOCKER_HUB}", f"registry-1.{DOCKER_HUB}")
_CONTAINER_LISTS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class Image:
    """The parts of an image's name.

    Attributes:
        repository: registry and path in full; for ``nginx`` Docker Hub's host and
            ``library/nginx``.
        tag: the tag, empty where there is none.
        digest: the digest, empty where there is none.
    """

    repository: str
    tag: str
    digest: str

    @property
    def is_latest(self) -> bool:
        """Whether it is whatever has been pushed last."""
        return not self.digest and self.tag in ("", "latest")


def read_image(name: str) -> Image:
    """The parts of an image's name; what is no such name at all is read all the same."""
    rest, _at, digest = name.strip().partition("@")
    head, slash, last = rest.rpartition("/")
    last, _colon, tag = last.partition(":")
    repository = f"{head}{slash}{last}"
    registry, slash, path = repository.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, path = DOCKER_HUB, repository
    elif registry in _OTHER_NAMES_OF_DOCKER_HUB:
        registry = DOCKER_HUB
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return Image(f"{registry}/{path}", tag, digest)


def warn_of_latest(place: Place) -> None:
    """Warn of an image that may be another on each node."""
    name = place.value
    if isinstance(name, str) and name.strip() and read_image(name).is_latest:
        what = 'has the tag "latest"' if read_image(name).tag else "has no tag"
        place.warn(f"{quoted(name)} {what}: what runs may differ from node to node")


def check_policy(policy: Mapping[str, Any]) -> list[Finding]:
    """Check that a policy can be met."""
    registries = Place(policy.get("allowedRegistries"), ("image_policy", "allowed_registries"))
    if registries.value == []:
        registries.fault("is empty, so that no image would be allowed: leave it out")
    for registry in registries.elements():
        if isinstance(registry.value, str) and (not registry.value or "://" in registry.value):
            registry.fault(
                f"{quoted(registry.value)} is not a registry such as registry.example:5000, or a"
                " part of one such as registry.example/team"
            )
    return registries.findings


def check_images(pod: Place, policy: Mapping[str, Any]) -> None:
    """Check all images of a pod against a policy: of containers, and of volumes made from one."""
    for place in _images(pod):
        for problem in violations(place.value, policy):
            place.fault(problem)


def violations(name: str, policy: Mapping[str, Any]) -> Iterator[str]:
    """What a policy has against an image.

    Args:
        name: the image as the user wrote it.
        policy: ``requireDigest``, ``forbidLatest`` and ``allowedRegistries``.
    """
    image = read_image(name)
    if policy.get("requireDigest") and not image.digest:
        yield f"{quoted(name)} has no digest, which image_policy.require_digest asks for"
    elif policy.get("forbidLatest") and image.is_latest:
        what = 'the tag "latest"' if image.tag else "no tag"
        yield f"{quoted(name)} has {what}, which image_policy.forbid_latest does not allow"
    allowed = policy.get("allowedRegistries")
    if allowed and not any(_is_within(image.repository, one) for one in allowed):
        yield (
            f"{quoted(name)} comes from {image.repository.partition('/')[0]}, and"
            f" image_policy.allowed_registries allows {', '.join(allowed)}"
        )


def _is_within(repository: str, allowed: str) -> bool:
    wanted = allowed.strip().rstrip("/")
    registry, slash, path = wanted.partition("/")
    if registry in _OTHER_NAMES_OF_DOCKER_HUB:
        wanted = f"{DOCKER_HUB}{slash}{path}"
    return repository == wanted or repository.startswith(f"{wanted}/")


def _images(pod: Place) -> Iterator[Place]:
    for key in _CONTAINER_LISTS:
        for container in pod.objects(key):
            if container.text("image"):
                yield container.child("image")
    for volume in pod.objects("volumes"):
        if volume.text("image", "reference"):
            yield volume.child("image", "reference")
