# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third-party libraries of this room, imported in one place: their absence is told in one way.

The ``kubernetes`` client itself is imported where it is needed (``auth_provider``): only users of
an OIDC or GCP auth provider pay for it. What it depends on, urllib3 and PyYAML, does the rest.
"""

from __future__ import annotations

import codecs
import traceback
from typing import Any

# The resolver loads this codec at the first host name: here once, before the workers are forked.
codecs.lookup("idna")

urllib3: Any = None
yaml: Any = None
yaml_loader: Any = None
MISSING_LIBRARY: str | None = None
MISSING_TRACEBACK: str | None = None

try:
    import urllib3 as _urllib3
    import yaml as _yaml

    urllib3 = _urllib3
    yaml = _yaml
    # The C parser reads a kubeconfig of 50 contexts ten times as fast; not every build of PyYAML
    # has it.
    yaml_loader = getattr(_yaml, "CSafeLoader", _yaml.SafeLoader)
except ImportError as error:
    MISSING_LIBRARY = "kubernetes" if error.name is None else error.name
    MISSING_TRACEBACK = traceback.format_exc()
