# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From connection options to a connection, one for each server and login in a process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .connection import Cluster
from .keys import key_of
from .kubeconfig import find_files
from .options import CONNECTION_SPEC, ENVIRONMENT
from .resolve import resolve
from .user_agent import user_agent

_DEFAULT_REQUEST_SECONDS = 60.0

_connections: dict[tuple[int, str], Cluster] = {}


def connect(options: Mapping[str, Any]) -> Cluster:
    """The connection for a task's options; sends nothing yet.

    The same options give the same connection again, for the life of the process (the items of a
    loop), unless a kubeconfig was changed. A forked process never gets its parent's, whose sockets
    it would share.

    Args:
        options: the options of ``CONNECTION_SPEC``; others are ignored.

    Raises:
        CredentialsError: no server or login can be found.
    """
    environ = os.environ
    key = (os.getpid(), _fingerprint(options, environ))
    cluster = _connections.get(key)
    if cluster is None:
        cluster = Cluster(
            resolve(options, environ),
            user_agent(environ),
            request_seconds=float(options.get("request_timeout") or _DEFAULT_REQUEST_SECONDS),
            expected_uid=options.get("expected_cluster")
            or environ.get(ENVIRONMENT["expected_cluster"])
            or None,
        )
        _connections[key] = cluster
    return cluster


def _fingerprint(options: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    paths, _asked = find_files(
        options.get("kubeconfig") or environ.get("K8S_AUTH_KUBECONFIG"), environ
    )
    files = [options.get(name) for name in ("ca_cert", "client_cert", "client_key")]
    return key_of(
        {name: options.get(name) for name in CONNECTION_SPEC},
        # All of it: a credential plugin may look at any variable.
        dict(environ),
        [_state(path) for path in (*paths, *files) if path],
    )


def _state(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
