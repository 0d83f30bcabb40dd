# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types of parameters that the API has no type for, in the notation of api_schema.py."""

from __future__ import annotations

TABLE = """\
Gpu
  resource! string
  count! int64
  cores int64
  memoryMb int64

ImagePolicy
  requireDigest boolean
  forbidLatest boolean
  allowedRegistries [string]
"""
