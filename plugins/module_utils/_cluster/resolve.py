# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options, environment and kubeconfig to the one server and login that a task talks to."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .._base.errors import CredentialsError
from .credentials import (
    Identity,
    Login,
    StaticLogin,
    TokenFileLogin,
    auth_provider_login,
    basic,
    bearer,
    exec_login,
)
from .kubeconfig import Entry, find_files, read_content, read_files
from .options import as_bool, with_environment
from .transport import Trust, shown_url

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"

_NO_CREDENTIALS = "no credentials at all"
_HOW_TO = (
    "Give kubeconfig, or host with api_key; or set K8S_AUTH_KUBECONFIG or KUBECONFIG; or in a pod"
    " give in_cluster."
)


@dataclass(frozen=True)
class Target:
    """The server and the login.

    Attributes:
        server: its URL without a trailing slash and without user information.
        context: the kubeconfig's context, None where none was used.
        namespace: the context's namespace, or ``default``.
        trust: how the server proves who it is.
        login: how we prove who we are.
        proxy: the proxy's URL (with user information), or None.
        headers: headers of every request: impersonation.
        compressed: whether the server may compress its answers.
        warnings: what the user should know.
    """

    server: str
    context: str | None
    namespace: str
    trust: Trust
    login: Login
    proxy: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    compressed: bool = True
    warnings: tuple[str, ...] = ()


def resolve(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    service_account: str = SERVICE_ACCOUNT,
) -> Target:
    """Find the server and the login. Reads files, runs no plugin and sends nothing.

    The order for each value: the option, its ``K8S_AUTH_*`` variable, the kubeconfig (the option's,
    else ``KUBECONFIG``, else ``~/.kube/config``). The pod's own account counts only with
    ``in_cluster``.

    Args:
        options: the task's options.
        environ: the environment.
        service_account: the folder of the pod's account.

    Raises:
        CredentialsError: nothing usable is found, or something given is unusable.
    """
    given, left_aside = with_environment(options, environ)
    if given["in_cluster"]:
        target = _in_cluster(given, environ, service_account)
    else:
        entry = _kubeconfig_entry(given, environ)
        if entry is None and not given["host"]:
            raise CredentialsError(
                "There is no cluster to connect to: no kubeconfig and no host was found.",
                advice=_with_left_aside(_HOW_TO, left_aside),
            )
        target = _from_options_and_entry(given, entry)
    return _finished(target, given, environ)


def _kubeconfig_entry(given: Mapping[str, Any], environ: Mapping[str, str]) -> Entry | None:
    """The kubeconfig's entry; None where host and credentials make one needless, or none is there
    by default."""
    named = given["kubeconfig_content"] or given["kubeconfig"] or given["context"]
    if not named and given["host"] and _login_of_options(given) is not None:
        return None
    if given["kubeconfig_content"] == "":
        raise CredentialsError("The option kubeconfig_content is empty.")
    if given["kubeconfig_content"]:
        return read_content(given["kubeconfig_content"]).select(given["context"])
    paths, asked_for = find_files(given["kubeconfig"], environ)
    if not asked_for and not given["context"] and not os.path.exists(paths[0]):
        return None
    return read_files(paths).select(given["context"])


def _from_options_and_entry(given: Mapping[str, Any], entry: Entry | None) -> Target:
    cluster = entry.cluster if entry else {}
    server = given["host"] or str(cluster.get("server") or "")
    if not server:
        raise CredentialsError(
            f"The kubeconfig's cluster {entry.cluster_name if entry else ''!r} has no server."
        )
    login = _login_of_options(given)
    if login is None and entry is not None:
        login = _login_of_user(entry)
    return Target(
        server=_checked_server(server),
        context=entry.context if entry else None,
        namespace=entry.namespace if entry else "default",
        trust=_trust(given, cluster),
        login=login or StaticLogin(_NO_CREDENTIALS, Identity()),
        proxy=str(cluster.get("proxy-url") or "") or None,
        compressed=not cluster.get("disable-compression"),
        headers=_acts_as(entry) if entry else (),
    )


def _in_cluster(
    given: Mapping[str, Any], environ: Mapping[str, str], service_account: str
) -> Target:
    host = environ.get("KUBERNETES_SERVICE_HOST")
    port = environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        raise CredentialsError(
            "in_cluster is set, but this is no pod: KUBERNETES_SERVICE_HOST and"
            " KUBERNETES_SERVICE_PORT are not set."
        )
    token_file = os.path.join(service_account, "token")
    authority = given["ca_cert"] or os.path.join(service_account, "ca.crt")
    namespace_file = os.path.join(service_account, "namespace")
    namespace = "default"
    if os.path.exists(namespace_file):
        namespace = _read(namespace_file, "the pod's namespace").decode().strip() or namespace
    address = f"[{host}]" if ":" in host else host
    login = _login_of_options(given) or TokenFileLogin(
        f"the pod's service account ({token_file})", token_file
    )
    return Target(
        server=f"https://{address}:{port}",
        context=None,
        namespace=namespace,
        trust=_trust({**given, "ca_cert": authority}, {}),
        login=login,
    )


def _login_of_options(given: Mapping[str, Any]) -> Login | None:
    if given["api_key"]:
        return StaticLogin("the token of api_key", bearer(given["api_key"], "api_key"))
    if given["username"] and given["password"]:
        return StaticLogin(
            f"the user name {given['username']!r} with its password",
            basic(given["username"], given["password"]),
        )
    if given["client_cert"]:
        key = given["client_key"]
        return StaticLogin(
            f"the client certificate {given['client_cert']}",
            _certificate(
                _read(given["client_cert"], "client_cert"),
                _read(key, "client_key") if key else None,
            ),
        )
    if given["client_key"]:
        raise CredentialsError("client_key is given without client_cert.")
    return None


def _login_of_user(entry: Entry) -> Login | None:
    """The login of a kubeconfig's user, the first of: provider, token, plugin, password."""
    user = entry.user
    described = f"those of the user {entry.user_name!r} of the context {entry.context!r}"
    certificate = _user_certificate(user)
    provider = user.get("auth-provider")
    if isinstance(provider, Mapping) and provider.get("name") in ("oidc", "gcp"):
        return auth_provider_login(described, provider)
    if user.get("token"):
        token = bearer(str(user["token"]), f"the user {entry.user_name!r}")
        return StaticLogin(f"{described} (token)", _joined(token, certificate))
    if user.get("tokenFile"):
        return TokenFileLogin(f"{described} (token file {user['tokenFile']})", user["tokenFile"])
    if isinstance(user.get("exec"), Mapping):
        return exec_login(described, user["exec"], entry.cluster)
    if user.get("username") and user.get("password"):
        password = basic(str(user["username"]), str(user["password"]))
        return StaticLogin(f"{described} (password)", password)
    if certificate is not None:
        return StaticLogin(f"{described} (client certificate)", certificate)
    if isinstance(provider, Mapping):
        raise CredentialsError(
            f"The kubeconfig's user {entry.user_name!r} has the auth provider"
            f" {provider.get('name')!r}, which Kubernetes no longer has.",
            advice="Use its exec plugin (for azure: kubelogin).",
        )
    return None


def _user_certificate(user: Mapping[str, Any]) -> Identity | None:
    certificate = _data_or_file(user, "client-certificate")
    if certificate is None:
        return None
    return _certificate(certificate, _data_or_file(user, "client-key"))


def _certificate(certificate: bytes, key: bytes | None) -> Identity:
    hidden = () if key is None else (key.decode(errors="replace").strip(),)
    return Identity(certificate=certificate, key=key, hidden=hidden)


def _joined(token: Identity, certificate: Identity | None) -> Identity:
    if certificate is None:
        return token
    return replace(
        certificate,
        authorization=token.authorization,
        hidden=token.hidden + certificate.hidden,
    )


def _trust(given: Mapping[str, Any], cluster: Mapping[str, Any]) -> Trust:
    skip = cluster.get("insecure-skip-tls-verify")
    verify = not (skip is not None and as_bool(skip, "insecure-skip-tls-verify"))
    if given["validate_certs"] is not None:
        verify = as_bool(given["validate_certs"], "validate_certs")
    return Trust(
        authorities=_authorities(given["ca_cert"], cluster) if verify else None,
        verify=verify,
        server_name=given["tls_server_name"] or str(cluster.get("tls-server-name") or "") or None,
    )


def _authorities(option: str | None, cluster: Mapping[str, Any]) -> str | None:
    """The only trusted CA certificates, or None for the system's.

    An empty one is an error and not the system's: releases of the client differed in what they made
    of it.
    """
    if option == "":
        raise CredentialsError(
            "ca_cert is empty: give a file, or leave it out for the system's CAs."
        )
    if option:
        content: bytes | None = _read(option, "ca_cert")
    else:
        content = _data_or_file(cluster, "certificate-authority")
    if content is None:
        return None
    text = content.decode("utf-8", errors="replace").strip()
    if not text:
        raise CredentialsError("The CA certificate that is given is empty.")
    return text


def _data_or_file(entry: Mapping[str, Any], key: str) -> bytes | None:
    data = entry.get(f"{key}-data")
    if data:
        try:
            return base64.b64decode(str(data), validate=False)
        except (binascii.Error, ValueError):
            raise CredentialsError(f"The kubeconfig's {key}-data is not base64.") from None
    if f"{key}-data" in entry and not entry.get(key):
        return b"" if key == "certificate-authority" else None
    return _read(str(entry[key]), f"the kubeconfig's {key}") if entry.get(key) else None


def _read(path: str, what: str) -> bytes:
    try:
        with open(os.path.expanduser(path), "rb") as file:
            return file.read()
    except OSError as error:
        raise CredentialsError(
            f"The file {path} of {what} cannot be read: {error.strerror or error}."
        ) from error


def _checked_server(server: str) -> str:
    text = server.strip().rstrip("/")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        _port = parts.port  # raises where it is no number
    except ValueError as error:
        raise CredentialsError(f"The server {server!r} is no URL: {error}.") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise CredentialsError(
            f"The server {shown_url(text)!r} is no https:// or http:// URL of a host."
        )
    if parts.username:
        raise CredentialsError(
            f"The server {shown_url(text)} must be given without a user name in it.",
            advice="Use username and password.",
        )
    if parts.query or parts.fragment:
        raise CredentialsError(f"The server {text!r} must be given without a query.")
    return text


def _finished(target: Target, given: Mapping[str, Any], environ: Mapping[str, str]) -> Target:
    """The target with proxy, impersonation and warnings, after the last checks."""
    parts = urlsplit(target.server)
    proxy = _proxy_for(parts, given, target.proxy, environ)
    warnings = []
    if parts.scheme == "https" and not target.trust.verify:
        warnings.append(
            f"The certificate of {target.server} is not verified (validate_certs: false): whoever"
            " answers there sees the credentials."
        )
    return replace(
        target,
        proxy=proxy,
        headers=_asked_to_act_as(given) or target.headers,
        warnings=tuple(warnings),
    )


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def _asked_to_act_as(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if not (given["impersonate_user"] or given["impersonate_groups"]):
        return ()
    from . import impersonation

    return impersonation.of_options(given)


def _acts_as(entry: Entry) -> tuple[tuple[str, str], ...]:
    if not any(str(key).partition("-")[0] == "as" for key in entry.user):
        return ()
    from . import impersonation

    return impersonation.of_user(entry)


def _proxy_for(
    server: SplitResult,
    given: Mapping[str, Any],
    of_cluster: str | None,
    environ: Mapping[str, str],
) -> str | None:
    name = f"{server.scheme}_proxy"
    if not (given["proxy"] or of_cluster or environ.get(name) or environ.get(name.upper())):
        return None
    from .proxies import proxy_for

    return proxy_for(
        server,
        option=given["proxy"],
        kubeconfig=of_cluster,
        no_proxy=given["no_proxy"],
        environ=environ,
    )


def _with_left_aside(text: str, left_aside: list[str]) -> str:
    if not left_aside:
        return text
    names = ", ".join(left_aside)
    return f"{text} The task itself names its cluster, so these variables were left aside: {names}."
