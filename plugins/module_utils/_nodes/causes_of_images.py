# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the image of a container cannot be had. Pure.

Sources: pkg/kubelet/images/image_manager.go for the kubelet's words; the rest is what containerd
and CRI-O pass on of what the registry said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .events import newest_with
from .trouble import Trouble, trouble

REASONS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
# A registry that is busy, slow or away may be back, and a full disk is cleared of unused images; a
# registry that does not know the image, or does not let us have it, says so again.
_MAY_HEAL = re.compile(
    r"too ?many ?requests|pull QPS exceeded|time-?out|timed out|deadline exceeded"
    r"|RegistryUnavailable|registry is unavailable|connection (refused|reset|lost)|broken pipe"
    r"|unexpected EOF|: EOF"
    r"|closed network connection|context canceled|temporary failure|server misbehaving"
    r"|status( code)?:? (429|5\d\d)|: 5\d\d\b|internal server error|bad gateway"
    r"|service unavailable|no route to host|network is unreachable|no space left",
    re.IGNORECASE,
)
# The kubelet and the runtime wrap the registry's words several times, with the image in each.
_WRAPPINGS = re.compile(
    r'^(Back-off pulling image "[^"]*"|ErrImagePull|RegistryUnavailable|SignatureValidationFailed'
    r'|Error|Failed to pull image "[^"]*"|rpc error: code = \w+ desc = (?=\S)'
    r'|failed to pull and unpack image "[^"]*"|unable to pull image or OCI artifact'
    r"|pull image err)(:\s*|(?<==\s))",
    re.ASCII,
)
# CRI-O says next what came of the name when it was taken for that of an artifact, too.
_AS_ARTIFACT = re.compile(r"; artifact err: .*$")
# Who asked is in the query of some registries, and the signature of others' links.
_QUERY = re.compile(r"(https?://[^\s?\"]+)\?[^\s\"]*[^\s\":]")
_BACKS_OFF = re.compile(r'^Back-off pulling image "[^"]*"$')
_PULLED = re.compile(r'(?:[Pp]ull(?:ing)?|pull and unpack) image "([^"]+)"')
# As much of a message as is looked at.
_MAX_MESSAGE = 1000


def pull_trouble(
    status: Mapping[str, Any],
    spec: Mapping[str, Any],
    waiting: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
) -> Trouble:
    """The trouble of a container that waits for an image: its own, or one that is a volume of it.

    Args:
        status: the container's.
        spec: the container's; empty where it is not known.
        waiting: the state that it is in.
        events: the pod's, newest first.
    """
    # A status names the image as the runtime does, once there was a container.
    image = str(spec.get("image") or status.get("image") or "")
    message = str(waiting.get("message") or "")[:_MAX_MESSAGE]
    if not message or _BACKS_OFF.match(message):
        # Kubelets before 1.31 give the registry's words in an event only.
        failed = newest_with(events, "Failed", saying=f'Failed to pull image "{image}"')
        message = str(failed["message"])[:_MAX_MESSAGE] if failed else message
    pulled = _PULLED.search(message)
    if pulled is not None and image not in pulled[1]:
        image = pulled[1]
    words = registry_words(message) or str(waiting["reason"])
    told = f"container {status.get('name', '')}: {words}"
    if image and image not in told:
        told = f"container {status.get('name', '')}, image {image}: {words}"
    # "timeout" may be a part of an image's name.
    judged = f"{waiting['reason']}: {message}".replace(image, "") if image else message
    return trouble("ImagePull", told, bool(_MAY_HEAL.search(_without_paths(judged))))


def _without_paths(message: str) -> str:
    """A message without the paths of its addresses, which name images."""
    return re.sub(r"(https?://[^\s/\"]+)/[^\s\"]*?(?=[:\"]*(?:\s|$))", r"\1", message)


def registry_words(message: str) -> str:
    """What the registry said, out of what kubelet and runtime wrap around it."""
    text = _QUERY.sub(r"\1", _AS_ARTIFACT.sub("", " ".join(message.split())))
    while True:
        match = _WRAPPINGS.match(text)
        if match is None or match.end() == len(text):
            return text
        text = text[match.end() :]
