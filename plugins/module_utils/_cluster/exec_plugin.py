# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a kubeconfig's credential plugin, such as ``aws eks get-token``, and reading its answer.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .._base.errors import CredentialsError
from .._base.redaction import redact_text
from .exec_cache import Value
from .keys import key_of

#: A plugin that takes longer is stopped: it probably waits for somebody to log in.
TIMEOUT_SECONDS = 60.0

_SHOWN_CHARACTERS = 2000
_OF_NO_ACCOUNT = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "LINES", "COLUMNS"})
_EXTENSION = "client.authentication.k8s.io/exec"


class ExecPlugin:
    """A plugin as a kubeconfig describes it.

    Args:
        spec: the ``exec`` entry of a user.
        cluster: the cluster entry, handed to plugins that ask for it (``provideClusterInfo``).
        timeout: seconds that the plugin may take.

    Raises:
        CredentialsError: the entry lacks something, or the plugin needs a terminal.
    """

    def __init__(
        self,
        spec: Mapping[str, Any],
        cluster: Mapping[str, Any],
        *,
        timeout: float = TIMEOUT_SECONDS,
    ):
        self._command = str(spec.get("command") or "")
        self._api_version = str(spec.get("apiVersion") or "")
        if not self._command or not self._api_version:
            raise CredentialsError("The kubeconfig's exec plugin needs command and apiVersion.")
        if spec.get("interactiveMode") == "Always":
            raise CredentialsError(
                f"The kubeconfig's exec plugin {self._command} wants a terminal"
                " (interactiveMode: Always), which a task does not have."
            )
        self._arguments = [str(argument) for argument in spec.get("args") or []]
        self._environment = {
            str(item.get("name")): str(item.get("value", "")) for item in spec.get("env") or []
        }
        self._hint = str(spec.get("installHint") or "").strip()
        self._cluster = _cluster_info(cluster) if spec.get("provideClusterInfo") else None
        self._server = cluster.get("server")
        self._timeout = timeout

    @property
    def name(self) -> str:
        """The command without its folder, for messages."""
        return os.path.basename(self._command)

    @property
    def key(self) -> str:
        """Equal for plugins that give the same credentials for the same cluster.

        The whole environment counts (``AWS_PROFILE`` and its like say who logs in), but for what
        differs between shells only.
        """
        surroundings = {
            name: value for name, value in os.environ.items() if name not in _OF_NO_ACCOUNT
        }
        return key_of(
            "exec",
            self._api_version,
            self._command,
            self._arguments,
            self._environment,
            self._cluster,
            self._server,
            surroundings,
        )

    def run(self) -> tuple[Value, float | None]:
        """Run the plugin.

        Returns:
            The ``status`` of its answer, and when that expires in seconds since the epoch (None:
            not said).

        Raises:
            CredentialsError: it cannot be started, fails, takes too long, or answers something
                else.
        """
        process = self._start()
        try:
            output, errors = process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise CredentialsError(
                f"The exec plugin {self.name} did not answer within {self._timeout:g} s and was"
                " stopped.",
                advice="Log in with it by hand first, or give a token (api_key).",
            ) from None
        if process.returncode != 0:
            said = self._shown(errors)
            raise CredentialsError(
                f"The exec plugin {self.name} failed with exit code {process.returncode}"
                + (f": {said}" if said else ", saying nothing on stderr."),
                advice=self._hint,
            )
        return self._understood(output)

    def _start(self) -> subprocess.Popen[bytes]:
        information = {
            "apiVersion": self._api_version,
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
        if self._cluster is not None:
            information["spec"] = {"interactive": False, "cluster": self._cluster}
        environment = {
            **os.environ,
            **self._environment,
            "KUBERNETES_EXEC_INFO": json.dumps(information),
        }
        try:
            # run_command has no time-out, and wants a module, which an action plugin is not.
            return subprocess.Popen(  # pylint: disable=ansible-bad-function
                [self._command, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                # A group of its own, so that a plugin that hangs is stopped with all that it
                # started.
                start_new_session=True,
            )
        except OSError as error:
            raise CredentialsError(
                f"The exec plugin {self._command} cannot be started: {error.strerror or error}.",
                advice=self._hint or "It must be installed where the task runs.",
            ) from error

    def _understood(self, output: bytes) -> tuple[Value, float | None]:
        try:
            answer = json.loads(output)
        except ValueError:
            raise CredentialsError(
                f"The exec plugin {self.name} answered something that is not JSON."
            ) from None
        status = answer.get("status") if isinstance(answer, dict) else None
        if not isinstance(status, dict) or answer.get("kind") != "ExecCredential":
            raise CredentialsError(
                f"The exec plugin {self.name} answered something that is no ExecCredential with a"
                " status."
            )
        if answer.get("apiVersion") != self._api_version:
            raise CredentialsError(
                f"The exec plugin {self.name} answered in {answer.get('apiVersion')}, "
                f"the kubeconfig wants {self._api_version}."
            )
        if not status.get("token") and not (
            status.get("clientCertificateData") and status.get("clientKeyData")
        ):
            raise CredentialsError(
                f"The exec plugin {self.name} gave neither a token nor a client certificate with"
                " its key."
            )
        return status, self._expiry(status)

    def _expiry(self, status: Mapping[str, Any]) -> float | None:
        text = status.get("expirationTimestamp")
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            raise CredentialsError(
                f"The exec plugin {self.name} gave an expirationTimestamp that is no time: {text}."
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()

    def _shown(self, errors: bytes) -> str:
        text = errors.decode(errors="replace").strip()[-_SHOWN_CHARACTERS:]
        return str(redact_text(text, self._environment.values()))


def _cluster_info(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """The cluster as the plugin's protocol shows it: without paths of ours, with the plugin's own
    extension."""
    known = (
        "server",
        "tls-server-name",
        "insecure-skip-tls-verify",
        "certificate-authority-data",
        "proxy-url",
        "disable-compression",
    )
    shown = {key: cluster[key] for key in known if key in cluster}
    for extension in cluster.get("extensions") or []:
        if isinstance(extension, Mapping) and extension.get("name") == _EXTENSION:
            shown["config"] = extension.get("extension")
    return shown


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
