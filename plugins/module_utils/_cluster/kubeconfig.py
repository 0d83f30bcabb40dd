# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding, reading and merging kubeconfig files, and choosing a context in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.errors import CredentialsError
from .libraries import yaml, yaml_loader

DEFAULT_PATH = "~/.kube/config"

# Keys whose values are paths, relative to the folder of the file that they stand in.
_CLUSTER_PATHS = ("certificate-authority",)
_USER_PATHS = ("client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True)
class Entry:
    """One context of a kubeconfig with what it points to.

    Attributes:
        context: the context's name.
        namespace: the context's namespace, or ``default``.
        cluster: the cluster's settings, by their kubeconfig names; paths are absolute.
        user: the user's settings likewise; empty where the context names none.
        user_name: the user's name, for messages.
        cluster_name: the cluster's name.
    """

    context: str
    namespace: str
    cluster: dict[str, Any]
    user: dict[str, Any] = field(repr=False)
    user_name: str
    cluster_name: str


class Kubeconfig:
    """The merged content of one or more kubeconfig files.

    As in kubectl the first file to name a cluster, user, context or the current context wins.
    """

    def __init__(self, origin: str):
        self.origin = origin
        self._contexts: dict[str, dict[str, Any]] = {}
        self._clusters: dict[str, dict[str, Any]] = {}
        self._users: dict[str, dict[str, Any]] = {}
        self._current = ""

    def add(self, text: str | bytes, origin: str, folder: str) -> None:
        """Merge the text of one file.

        Args:
            text: YAML or JSON.
            origin: how messages name the file.
            folder: what relative paths in it refer to.

        Raises:
            CredentialsError: it is not a kubeconfig. The message never quotes the text.
        """
        document = _parse(text, origin)
        self._current = self._current or str(document.get("current-context") or "")
        for name, entry in _named(document, "clusters", "cluster", origin):
            self._clusters.setdefault(name, _with_absolute_paths(entry, _CLUSTER_PATHS, folder))
        for name, entry in _named(document, "users", "user", origin):
            user = _with_absolute_paths(entry, _USER_PATHS, folder)
            self._users.setdefault(name, _with_absolute_command(user, folder))
        for name, entry in _named(document, "contexts", "context", origin):
            self._contexts.setdefault(name, entry)

    def select(self, context: str | None) -> Entry:
        """The entry of a context, or of the current context.

        Raises:
            CredentialsError: no such context, cluster or user; the message lists the contexts.
        """
        name = context or self._current
        if not name:
            raise CredentialsError(
                f"{self.origin} has no current-context.",
                advice=f"Set the option context. {self._list_contexts()}",
            )
        if name not in self._contexts:
            raise CredentialsError(
                f"{self.origin} has no context {name!r}.", advice=self._list_contexts()
            )
        chosen = self._contexts[name]
        cluster_name = str(chosen.get("cluster") or "")
        user_name = str(chosen.get("user") or "")
        if cluster_name not in self._clusters:
            raise CredentialsError(
                f"{self.origin}: the context {name!r} names the cluster {cluster_name!r}, which is"
                " not there."
            )
        if user_name and user_name not in self._users:
            raise CredentialsError(
                f"{self.origin}: the context {name!r} names the user {user_name!r}, who is not"
                " there."
            )
        return Entry(
            context=name,
            namespace=str(chosen.get("namespace") or "default"),
            cluster=self._clusters[cluster_name],
            user=self._users.get(user_name, {}),
            user_name=user_name,
            cluster_name=cluster_name,
        )

    def _list_contexts(self) -> str:
        if not self._contexts:
            return "It has no contexts."
        return f"Its contexts are: {', '.join(sorted(self._contexts))}."


def find_files(option: str | None, environ: Mapping[str, str]) -> tuple[list[str], bool]:
    """The paths to read, and whether they were asked for rather than the default.

    Args:
        option: the option ``kubeconfig`` (or ``K8S_AUTH_KUBECONFIG``): one path, or several with
            the separator of PATH.
        environ: the environment, for ``KUBECONFIG``.
    """
    asked = option or environ.get("KUBECONFIG") or ""
    paths = [os.path.expanduser(path) for path in asked.split(os.pathsep) if path]
    if paths:
        return paths, True
    return [os.path.expanduser(DEFAULT_PATH)], False


def read_files(paths: Sequence[str]) -> Kubeconfig:
    """Read and merge kubeconfig files. One of several may be missing, as in kubectl; not all.

    Raises:
        CredentialsError: a file cannot be read or is no kubeconfig, or none exists.
    """
    merged = Kubeconfig(f"The kubeconfig {os.pathsep.join(paths)}")
    found = False
    for path in paths:
        try:
            with open(path, "rb") as file:
                text = file.read()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CredentialsError(
                f"The kubeconfig {path} cannot be read: {error.strerror or error}."
            ) from error
        found = True
        merged.add(text, f"The kubeconfig {path}", os.path.dirname(os.path.abspath(path)))
    if not found:
        raise CredentialsError(f"The kubeconfig {os.pathsep.join(paths)} does not exist.")
    return merged


def read_content(text: str) -> Kubeconfig:
    """Read a kubeconfig given as text; relative paths in it refer to the working directory."""
    merged = Kubeconfig("The kubeconfig given as content")
    merged.add(text, merged.origin, os.getcwd())
    return merged


def _parse(text: str | bytes, origin: str) -> Mapping[str, Any]:
    try:
        # A subclass of SafeLoader: it builds plain data only.
        document = yaml.load(text, Loader=yaml_loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        # Neither the mark's snippet nor the error itself: they would quote keys and tokens.
        raise CredentialsError(f"{origin} is not valid YAML{where}.") from None
    if document is None:
        raise CredentialsError(f"{origin} is empty.")
    if not isinstance(document, dict) or not any(
        key in document for key in ("clusters", "contexts", "users", "current-context")
    ):
        raise CredentialsError(f"{origin} is not a kubeconfig: it has no clusters and contexts.")
    return document


def _named(
    document: Mapping[str, Any], plural: str, singular: str, origin: str
) -> list[tuple[str, dict[str, Any]]]:
    entries = document.get(plural) or []
    if not isinstance(entries, list):
        raise CredentialsError(f"{origin}: {plural} is not a list.")
    named = []
    for entry in entries:
        if not isinstance(entry, dict) or "name" not in entry:
            raise CredentialsError(f"{origin}: an entry of {plural} has no name.")
        content = entry.get(singular) or {}
        if not isinstance(content, dict):
            raise CredentialsError(
                f"{origin}: {plural}: {entry['name']}: {singular} is no mapping."
            )
        named.append((str(entry["name"]), content))
    return named


def _with_absolute_paths(
    entry: Mapping[str, Any], keys: Sequence[str], folder: str
) -> dict[str, Any]:
    paths = {key: os.path.join(folder, str(entry[key])) for key in keys if entry.get(key)}
    return {**entry, **paths}


def _with_absolute_command(user: dict[str, Any], folder: str) -> dict[str, Any]:
    """A plugin's command with a slash in it is relative to the kubeconfig, one without is found in
    PATH."""
    plugin = user.get("exec")
    if not isinstance(plugin, dict) or os.sep not in str(plugin.get("command", "")):
        return user
    return {**user, "exec": {**plugin, "command": os.path.join(folder, str(plugin["command"]))}}
