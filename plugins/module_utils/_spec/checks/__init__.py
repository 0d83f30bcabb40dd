# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Offline checks of a DaemonSet: what the API server would refuse, said first and better.

Two rules hold for every check. What the server refuses is a fault here. What it accepts is none,
but for a description of more than 512 characters and a port that two containers of a pod share;
what it accepts and will surprise is a warning. Tests compare both with a real server.
"""

from __future__ import annotations

from typing import Any

from .findings import Finding, Path, Place
from .identity import check_list_keys
from .metadata import check_metadata, check_selector
from .pod import check_template
from .strategy import check_settings

__all__ = ["Finding", "Path", "check_daemonset"]


def check_daemonset(manifest: dict[str, Any]) -> list[Finding]:
    """Return everything that is wrong with a manifest, faults and warnings, in no special order.

    Args:
        manifest: a DaemonSet in the API's spelling and types, null leaves allowed. Without a
            selector nothing is said about it.
    """
    place = Place(manifest)
    spec = place.child("spec")
    check_metadata(place)
    check_settings(spec)
    check_selector(spec)
    check_template(spec.child("template"))
    check_list_keys(place)
    return place.findings
