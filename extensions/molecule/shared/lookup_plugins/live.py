# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server says: objects, pods, and the requests in its audit log.

The role under test is not asked, and no code is shared with it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

sys.path.append(str(Path(__file__).resolve().parents[4]))

from tests.support import molecule


class LookupModule(LookupBase):
    """lookup('live', WHAT, ...): WHAT is a function of tests/support/molecule.py."""

    def run(self, terms: list[str], variables: Any = None, **options: Any) -> list[Any]:
        """What the function returns, as the only item."""
        what, *arguments = terms
        live = molecule.Live(os.environ)
        try:
            return [getattr(live, what)(*arguments, **options)]
        except (OSError, RuntimeError) as problem:
            raise AnsibleLookupError(str(problem)) from problem
