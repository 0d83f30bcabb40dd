# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OIDC logins are refreshed by the kubernetes client, of any release, on a real TLS server."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    CredentialsError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.auth_provider import (
    auth_provider_token,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.credentials import (
    auth_provider_login,
)

from tests.integration.connection.servers import (
    Identity,
    Scripted,
    answer,
    scripted,
    self_signed,
)


def web_token(expires_in: float, name: str) -> str:
    claims = {"exp": int(time.time() + expires_in), "sub": name}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, claims, {"signature": name})
    ]
    return ".".join(parts)


FRESH = web_token(3600, "fresh")


@pytest.fixture
def provider_identity() -> Identity:
    return self_signed("localhost")


@pytest.fixture
def identity_provider(provider_identity: Identity, tmp_path: Path) -> Iterator[Scripted]:
    """Tells its token endpoint, and there gives a fresh token."""
    answers: list[Any] = []
    with scripted(answers, provider_identity.server_context(tmp_path)) as server:
        server.url = server.url.replace("127.0.0.1", "localhost")
        answers.append(answer(200, {"token_endpoint": f"{server.url}/token"}))
        tokens = {
            "id_token": FRESH,
            "refresh_token": "next",
            "access_token": "a",
            "token_type": "Bearer",
        }
        answers.append(answer(200, tokens))
        yield server


def oidc(issuer: str, token: str, **more: str) -> dict[str, Any]:
    config = {
        "idp-issuer-url": issuer,
        "client-id": "me",
        "client-secret": "c4n4ry-client",
        "id-token": token,
        "refresh-token": "c4n4ry-refresh",
        **more,
    }
    return {"name": "oidc", "config": config}


def encoded(identity: Identity) -> str:
    return base64.b64encode(identity.certificate.encode()).decode()


def test_a_valid_token_is_used_as_it_is() -> None:
    token = web_token(3600, "still-good")
    value, expires = auth_provider_token(oidc("https://nowhere.invalid", token))
    assert value == {"token": token}
    assert expires is not None
    assert 3500 < expires - time.time() < 3700


def test_an_expired_token_is_refreshed_once(
    identity_provider: Scripted, provider_identity: Identity
) -> None:
    given = oidc(
        identity_provider.url,
        web_token(-60, "old"),
        **{"idp-certificate-authority-data": encoded(provider_identity)},
    )
    for _turn in range(2):
        identity = auth_provider_login("a user", given).identity()
        assert identity.authorization == f"Bearer {FRESH}"
        assert FRESH in identity.hidden
    assert [request.split()[1] for request in identity_provider.requests] == [
        b"/.well-known/openid-configuration",
        b"/token",
    ]
    assert b"refresh_token=c4n4ry-refresh" in identity_provider.requests[1]


def test_a_provider_is_never_trusted_without_an_authority(identity_provider: Scripted) -> None:
    given = oidc(identity_provider.url, web_token(-60, "old"))
    with pytest.raises(CredentialsError, match="auth provider oidc") as caught:
        auth_provider_token(given)
    assert identity_provider.requests == []
    assert "c4n4ry" not in str(caught.value)


def test_something_that_is_no_token() -> None:
    with pytest.raises(CredentialsError, match="gave no token"):
        auth_provider_token(oidc("https://nowhere.invalid", "no-token"))


def test_an_authority_that_is_no_base64() -> None:
    given = oidc("https://x.invalid", "x", **{"idp-certificate-authority-data": "é"})
    with pytest.raises(CredentialsError, match="not base64"):
        auth_provider_token(given)
