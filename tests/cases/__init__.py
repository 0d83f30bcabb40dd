# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the offline checks are tried on."""

from __future__ import annotations

from .case import Case, good_manifest
from .containers import CONTAINERS
from .daemonset import DAEMONSET
from .environment import ENVIRONMENT
from .pods import PODS
from .probes import PROBES
from .scheduling import SCHEDULING
from .security import SECURITY
from .volumes import VOLUMES

CASES: list[Case] = [
    *DAEMONSET,
    *CONTAINERS,
    *PROBES,
    *ENVIRONMENT,
    *VOLUMES,
    *PODS,
    *SCHEDULING,
    *SECURITY,
]

__all__ = ["CASES", "Case", "good_manifest"]
