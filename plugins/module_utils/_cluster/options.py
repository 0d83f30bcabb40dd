# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options, and where a value comes from when the task does not give it.

The names are those of kubernetes.core, and so are the environment variables, which AWX's Kubernetes
credential sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.errors import CredentialsError

CONNECTION_SPEC: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "path"},
    "kubeconfig_content": {"type": "str", "no_log": True},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "tls_server_name": {"type": "str"},
    "proxy": {"type": "str"},
    "no_proxy": {"type": "str"},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
    "in_cluster": {"type": "bool", "default": False},
    "expected_cluster": {"type": "str"},
    "request_timeout": {"type": "int", "default": 60},
}

ENVIRONMENT: dict[str, str] = {
    "kubeconfig": "K8S_AUTH_KUBECONFIG",
    "context": "K8S_AUTH_CONTEXT",
    "host": "K8S_AUTH_HOST",
    "api_key": "K8S_AUTH_API_KEY",
    "username": "K8S_AUTH_USERNAME",
    "password": "K8S_AUTH_PASSWORD",
    "client_cert": "K8S_AUTH_CERT_FILE",
    "client_key": "K8S_AUTH_KEY_FILE",
    "ca_cert": "K8S_AUTH_SSL_CA_CERT",
    "validate_certs": "K8S_AUTH_VERIFY_SSL",
    "tls_server_name": "K8S_AUTH_TLS_SERVER_NAME",
    "proxy": "K8S_AUTH_PROXY",
    "no_proxy": "K8S_AUTH_NO_PROXY",
    "impersonate_user": "K8S_AUTH_IMPERSONATE_USER",
    "impersonate_groups": "K8S_AUTH_IMPERSONATE_GROUPS",
    "expected_cluster": "K8S_AUTH_EXPECTED_CLUSTER",
}

# A task that says which cluster it means must not be sent elsewhere, or logged in as somebody else,
# by variables that a job template's credential happens to set.
_CHOICES = ("kubeconfig", "kubeconfig_content", "context", "in_cluster")
_DECIDED_BY_CHOICE = (
    "host",
    "api_key",
    "username",
    "password",
    "client_cert",
    "client_key",
    "ca_cert",
    "tls_server_name",
)
_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "f"})


def with_environment(
    options: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """The options of a task, completed from the ``K8S_AUTH_*`` variables.

    A task that names a kubeconfig, a context or ``in_cluster``, and no ``host``, has chosen its
    cluster: then the variables that say another server or other credentials are left aside.

    Args:
        options: the task's options (missing and None are the same).
        environ: the environment; empty variables count as unset.

    Returns:
        The complete options, and the names of the variables that were left aside.

    Raises:
        CredentialsError: ``K8S_AUTH_VERIFY_SSL`` is no boolean.
    """
    given = {name: options.get(name) for name in CONNECTION_SPEC}
    chosen = any(given[name] for name in _CHOICES) and not given["host"]
    has_kubeconfig = bool(given["kubeconfig"] or given["kubeconfig_content"] or given["in_cluster"])
    left_aside = []
    for name, variable in ENVIRONMENT.items():
        value = environ.get(variable)
        if given[name] is not None or not value:
            continue
        if (chosen and name in _DECIDED_BY_CHOICE) or (
            has_kubeconfig and name in ("kubeconfig", "context")
        ):
            left_aside.append(variable)
            continue
        given[name] = _converted(name, variable, value)
    return given, left_aside


def _converted(name: str, variable: str, value: str) -> Any:
    if name == "validate_certs":
        return as_bool(value, variable)
    if name == "impersonate_groups":
        return [group.strip() for group in value.split(",") if group.strip()]
    return value


def as_bool(value: Any, origin: str) -> bool:
    """A boolean as Ansible, YAML or AWX writes it (AWX sets the string ``False``).

    Raises:
        CredentialsError: it is none; ``origin`` says where it came from.
    """
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise CredentialsError(f"{origin} is {value!r}: it must be true or false.")
