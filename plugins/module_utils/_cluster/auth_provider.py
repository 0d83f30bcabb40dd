# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OIDC and GCP auth providers of a kubeconfig, which the ``kubernetes`` client can refresh."""

from __future__ import annotations

import base64
import binascii
import copy
import json
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._base.errors import CredentialsError
from .exec_cache import Value
from .memory_files import readable_file

_CA_DATA = "idp-certificate-authority-data"
_CA_FILE = "idp-certificate-authority"


def auth_provider_token(provider: Mapping[str, Any]) -> tuple[Value, float | None]:
    """The bearer token of an auth provider, refreshed by the client if it has expired.

    Args:
        provider: the ``auth-provider`` entry of a kubeconfig's user.

    Returns:
        ``{"token": ...}`` and when it expires, in seconds since the epoch (None: not known).

    Raises:
        CredentialsError: the client is missing, or the provider gives nothing.
    """
    name = str(provider.get("name") or "")
    try:
        # Here and not at the top: it takes 0.1 to 0.3 s and 20 MiB, and few kubeconfigs need it.
        from kubernetes.client import Configuration
        from kubernetes.config import load_kube_config_from_dict
    except ImportError as error:
        raise CredentialsError(
            f"The auth provider {name} of the kubeconfig needs the Python library kubernetes:"
            f" {error}."
        ) from error
    configuration = Configuration()
    with _own_authority(provider) as prepared:
        try:
            load_kube_config_from_dict(
                _kubeconfig_of(prepared),
                client_configuration=configuration,
                persist_config=False,
            )
        except (
            Exception
        ) as error:  # the client's own and those of its OAuth library: no common base
            raise CredentialsError(
                f"The auth provider {name} of the kubeconfig failed: {type(error).__name__}:"
                f" {error}."
            ) from error
    # The entry is called "authorization" up to release 35 and "BearerToken" since.
    header = next(iter(configuration.api_key.values()), "")
    token = header.partition(" ")[2]
    if not token:
        raise CredentialsError(f"The auth provider {name} of the kubeconfig gave no token.")
    return {"token": token}, _expiry_of(token)


def _kubeconfig_of(provider: Mapping[str, Any]) -> dict[str, Any]:
    """A kubeconfig with nothing in it but the provider: the client then writes no key into a
    temporary file."""
    return {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": "https://localhost"}}],
        "users": [{"name": "it", "user": {"auth-provider": copy.deepcopy(dict(provider))}}],
    }


@contextmanager
def _own_authority(provider: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The provider with its CA in a file of ours.

    Given data, the client writes a temporary file; given nothing, it does not verify the identity
    provider at all and would send it the refresh token: then the system's CA file stands in.
    """
    settings = dict(provider.get("config") or {})
    data = settings.pop(_CA_DATA, None)
    if provider.get("name") != "oidc":
        yield dict(provider)
    elif data:
        try:
            authority = base64.b64decode(data)
        except (binascii.Error, ValueError):
            raise CredentialsError(f"The kubeconfig's {_CA_DATA} is not base64.") from None
        with readable_file(authority) as path:
            yield {**provider, "config": {**settings, _CA_FILE: path}}
    else:
        settings.setdefault(_CA_FILE, _system_authorities())
        yield {**provider, "config": settings}


def _system_authorities() -> str:
    path = ssl.get_default_verify_paths().cafile
    if not path or not os.path.exists(path):
        raise CredentialsError(
            "The kubeconfig's OIDC provider has no CA, and the system has no CA file.",
            advice=f"Set {_CA_FILE} in the kubeconfig.",
        )
    return path


def _expiry_of(token: str) -> float | None:
    """The ``exp`` of a JSON web token, None where it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, KeyError, TypeError):
        return None
