# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the rows of docs/console-fields.md are tried on."""

from __future__ import annotations

from .row import Row
from .rows_basics import BASICS
from .rows_containers import CONTAINERS
from .rows_inside import INSIDE
from .rows_pods import PODS
from .rows_volumes import VOLUMES

ROWS: list[Row] = [*BASICS, *CONTAINERS, *INSIDE, *VOLUMES, *PODS]
