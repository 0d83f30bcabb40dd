# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real API server has against a manifest, told by a server-side apply as a dry run.

That is the only way in which the collection writes, and stricter than a plain POST.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.integration.api import APPLY, Api, RefusedByServerError, daemonsets


def refusal(api: Api, manifest: dict[str, Any], *, namespace: str = "default") -> str:
    """Return the server's message, or nothing where it takes the manifest."""
    query = {
        "fieldManager": "tests",
        "force": "true",
        "dryRun": "All",
        "fieldValidation": "Strict",
    }
    name = quote(str(manifest["metadata"].get("name") or "unnamed"), safe="")
    try:
        api.request(
            "PATCH", f"{daemonsets(namespace)}/{name}", query=query, body=manifest, kind=APPLY
        )
    except RefusedByServerError as error:
        # 500 is how a list with two elements of one key is answered.
        if error.status not in (400, 422, 500):
            raise
        return str(error)
    return ""
