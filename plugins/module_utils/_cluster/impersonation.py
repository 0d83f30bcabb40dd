# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Acting as somebody else: the headers that say whom, from options or from a kubeconfig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._base.errors import CredentialsError
from .kubeconfig import Entry

# What may stand in the name of a header beside letters and digits, but for the percent sign.
_IN_HEADER_NAMES = "!#$&'*+-.^_`|~"


def of_options(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers that a task's options ask for."""
    user = given["impersonate_user"]
    groups = given["impersonate_groups"] or []
    if groups and not user:
        raise CredentialsError("impersonate_groups needs impersonate_user.")
    if not user:
        return ()
    values = [user, *groups]
    if any(not str(value).isprintable() or not str(value).isascii() for value in values):
        raise CredentialsError("impersonate_user and impersonate_groups must be printable ASCII.")
    return (
        ("Impersonate-User", str(user)),
        *(("Impersonate-Group", str(group)) for group in groups),
    )


def of_user(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Whom a kubeconfig's user acts as, as kubectl does (client-go transport/round_trippers.go)."""
    user, groups, uid, extra = (
        entry.user.get(key) for key in ("as", "as-groups", "as-uid", "as-user-extra")
    )
    if not user:
        if groups or uid or extra:
            raise CredentialsError(
                f"The kubeconfig's user {entry.user_name!r} has as-groups, as-uid or as-user-extra"
                " without as."
            )
        return ()
    headers = [("Impersonate-User", str(user))]
    if uid:
        headers.append(("Impersonate-Uid", str(uid)))
    headers += [("Impersonate-Group", str(group)) for group in groups or ()]
    for key, values in (extra or {}).items():
        name = f"Impersonate-Extra-{quote(str(key), safe=_IN_HEADER_NAMES)}"
        headers += [(name, str(value)) for value in values or ()]
    if any(not text.isprintable() or not text.isascii() for header in headers for text in header):
        raise CredentialsError(
            f"What the kubeconfig's user {entry.user_name!r} acts as must be printable ASCII."
        )
    return tuple(headers)
