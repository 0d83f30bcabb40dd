# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logins: where the credentials of a connection come from, and how they are renewed."""

from __future__ import annotations

import base64
import time
import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base.errors import CredentialsError
from .keys import key_of

if TYPE_CHECKING:
    from .exec_cache import Value

# The kubelet replaces a pod's token file long before the token expires; client-go looks once a
# minute.
_TOKEN_FILE_SECONDS = 60.0
# A plugin that failed is not started again at once by each of the hosts that waited for it.
_FAILURE_SECONDS = 3.0
_SKEW_SECONDS = 10.0


@dataclass(frozen=True)
class Identity:
    """What is sent to the server.

    Attributes:
        authorization: the header's value, or None.
        certificate: the client certificate, PEM, or None.
        key: its private key, PEM; None where it stands in the certificate's text.
        hidden: what must never be shown.
    """

    authorization: str | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)


class Login(ABC):
    """A way to log in.

    Attributes:
        described: in words for messages, such as ``the token of option api_key``.
        known: what must never be shown, as far as it is known before the first request.
    """

    def __init__(self, described: str, known: tuple[str, ...] = ()):
        self.described = described
        self.known = known

    @abstractmethod
    def identity(self) -> Identity:
        """The current credentials.

        Raises:
            CredentialsError: they cannot be had.
        """

    def renewed(self, rejected: Identity) -> Identity | None:
        """Other credentials than those that the server answered with 401; None where there are no
        others."""
        return None


class StaticLogin(Login):
    """Credentials that do not change."""

    def __init__(self, described: str, identity: Identity):
        super().__init__(described, identity.hidden)
        self._identity = identity

    def identity(self) -> Identity:
        return self._identity


class TokenFileLogin(Login):
    """A token in a file that somebody else renews."""

    def __init__(self, described: str, path: str):
        super().__init__(described)
        self._path = path
        self._read_at = 0.0
        self._identity = Identity()

    def identity(self) -> Identity:
        if not self._read_at or time.monotonic() - self._read_at > _TOKEN_FILE_SECONDS:
            self._identity = bearer(_read_token(self._path), self._path)
            self._read_at = time.monotonic()
        return self._identity

    def renewed(self, rejected: Identity) -> Identity | None:
        self._read_at = 0.0
        identity = self.identity()
        return None if identity == rejected else identity


class SharedLogin(Login):
    """Credentials that cost something to get, shared by all workers of the playbook.

    Args:
        described: see :class:`Login`.
        key: what they are stored under.
        make: gets them: values named as in an ExecCredential's status, and when they expire.
    """

    def __init__(self, described: str, key: str, make: Callable[[], tuple[Value, float | None]]):
        super().__init__(described)
        self._key = key
        self._make = make
        self._value: Value | None = None

    def identity(self) -> Identity:
        return self._get(rejected=None)

    def renewed(self, rejected: Identity) -> Identity | None:
        identity = self._get(rejected=self._value)
        return None if identity == rejected else identity

    def _get(self, rejected: Value | None) -> Identity:
        from .exec_cache import SHARED
        from .exec_plugin import TIMEOUT_SECONDS

        value = SHARED.once(
            self._key, self._made, rejected=rejected, patience=TIMEOUT_SECONDS + _SKEW_SECONDS
        )
        if "failed" in value:
            raise CredentialsError(value["failed"], advice=value["advice"])
        self._value = value
        return _from_status(value)

    def _made(self) -> tuple[Value, float | None]:
        try:
            return self._make()
        except CredentialsError as error:
            failed = {"failed": error.message, "advice": error.advice}
            return failed, time.time() + _SKEW_SECONDS + _FAILURE_SECONDS


def exec_login(described: str, spec: Mapping[str, Any], cluster: Mapping[str, Any]) -> Login:
    """A login by a kubeconfig's exec plugin."""
    # A module is compiled anew in each task, so what not every login needs is imported here.
    from .exec_plugin import ExecPlugin

    plugin = ExecPlugin(spec, cluster)
    return SharedLogin(f"{described} (exec plugin {plugin.name})", plugin.key, plugin.run)


def auth_provider_login(described: str, provider: Mapping[str, Any]) -> Login:
    """A login by a kubeconfig's OIDC or GCP auth provider."""
    from .auth_provider import auth_provider_token

    return SharedLogin(
        f"{described} (auth provider {provider.get('name')})",
        key_of("auth-provider", provider),
        lambda: auth_provider_token(provider),
    )


def bearer(token: str, origin: str) -> Identity:
    """The identity of a bearer token.

    Raises:
        CredentialsError: the token is empty or has characters that no header may have.
    """
    token = token.strip()
    if not token:
        raise CredentialsError(f"The token of {origin} is empty.")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError(
            f"The token of {origin} has blanks, line breaks or characters that are not ASCII in it."
        )
    return Identity(authorization=f"Bearer {token}", hidden=(token,))


def basic(username: str, password: str) -> Identity:
    """The identity of a user name and password."""
    encoded = base64.b64encode(f"{username}:{password}".encode()).decode()
    return Identity(
        authorization=f"Basic {encoded}",
        hidden=(password, encoded, urllib.parse.quote(password, safe="")),
    )


def _from_status(status: Mapping[str, Any]) -> Identity:
    """The identity in an ExecCredential's status."""
    token = status.get("token")
    identity = bearer(str(token), "the exec plugin") if token else Identity()
    certificate = status.get("clientCertificateData")
    key = status.get("clientKeyData")
    if not certificate or not key:
        return identity
    return Identity(
        authorization=identity.authorization,
        certificate=str(certificate).encode(),
        key=str(key).encode(),
        hidden=(*identity.hidden, str(key)),
    )


def _read_token(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CredentialsError(f"The token file {path} cannot be read: {reason}.") from error
