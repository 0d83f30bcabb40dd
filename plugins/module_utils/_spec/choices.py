# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that parameters take and that stand for more, which is looked up where they are used.

They are needed by each task, for its argument spec; what they stand for is needed by few.
"""

from __future__ import annotations

# The Pod Security Standards, from what allows everything to what allows the least.
POD_SECURITY_LEVELS = ("privileged", "baseline", "restricted")
# The keys of `presets.TOLERATIONS`.
TOLERATION_PRESETS = ("every_node", "control_plane", "gpu", "critical")
