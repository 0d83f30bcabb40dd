# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that parameters take and that stand for more, and what holds where one is not given.

Each task needs these; few need what the names stand for.
"""

from __future__ import annotations

# The Pod Security Standards, from what allows everything to what allows the least.
POD_SECURITY_LEVELS = ("privileged", "baseline", "restricted")
# The keys of `presets.TOLERATIONS`.
TOLERATION_PRESETS = ("every_node", "control_plane", "gpu", "critical")
# The kubelet's --root-dir, where it is not told another.
KUBELET_ROOT = "/var/lib/kubelet"
