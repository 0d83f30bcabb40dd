# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the description of an object stands."""

from __future__ import annotations

from collections.abc import Mapping

# The common key, the console's of DaoCloud and that of KubeSphere.
DESCRIPTION_ANNOTATIONS = (
    "kubernetes.io/description",
    "kpanda.io/describe",
    "kubesphere.io/description",
)


def description_of(annotations: Mapping[str, str]) -> str | None:
    """The description among an object's annotations, or None where there is none."""
    return next((annotations[key] for key in DESCRIPTION_ANNOTATIONS if annotations.get(key)), None)
