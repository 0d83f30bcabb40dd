# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace for the tour alone, which goes away with everything in it."""

from __future__ import annotations

import contextlib
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config

from .telling import TourError, say

NAMESPACE = "everynode-demo"
SERVICE_ACCOUNT = "hwameistor-admin"
_OUR_LABEL = "everynode.kubernetes/kubelet"
_KWOK_ANNOTATION = "kwok.x-k8s.io/node"
_GONE_SECONDS = 120
_REQUEST_SECONDS = 20


class Server:
    """The API server that a kubeconfig leads to."""

    def __init__(self, kubeconfig: Path) -> None:
        try:
            self._api: Any = client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))
        except (config.ConfigException, yaml.YAMLError, OSError) as problem:
            raise TourError(f"{kubeconfig} does not lead to a cluster: {problem}") from problem
        self.address = self._api.api_client.configuration.host

    def nodes(self) -> list[Any] | None:
        """The nodes, or None where this user may not list them. Raises TourError."""
        try:
            found: list[Any] = self._api.list_node(_request_timeout=_REQUEST_SECONDS).items
        except client.ApiException as refusal:
            if refusal.status == 403:
                return None
            raise TourError(f"{self.address} answered {refusal.status} {refusal.reason}.") from None
        except urllib3.exceptions.HTTPError as problem:
            reason = getattr(problem, "reason", problem)
            raise TourError(f"{self.address} cannot be reached: {reason}") from None
        return found

    @contextlib.contextmanager
    def place(self) -> Iterator[str]:
        """A new namespace, with what the pods need; removed at the end, whatever happens.

        Raises TourError where the user may not make one.
        """
        name = self._make_namespace()
        try:
            account = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name=SERVICE_ACCOUNT))
            self._make(self._api.create_namespaced_service_account, name, account)
            yield name
        finally:
            self._remove(name)

    def _make_namespace(self) -> str:
        """Make a namespace; its name has a suffix where the plain one is already in use."""
        name = NAMESPACE
        while True:
            metadata = client.V1ObjectMeta(
                name=name,
                # The pods are privileged: a cluster may refuse such pods elsewhere.
                labels={"pod-security.kubernetes.io/enforce": "privileged"},
            )
            try:
                self._make(self._api.create_namespace, client.V1Namespace(metadata=metadata))
                return name
            except FileExistsError:
                name = f"{NAMESPACE}-{secrets.token_hex(2)}"

    def _make(self, create: Any, *arguments: Any) -> None:
        try:
            create(*arguments, _request_timeout=_REQUEST_SECONDS)
        except client.ApiException as refusal:
            if refusal.status == 409:
                raise FileExistsError from None
            raise TourError(
                f"{self.address} refused ({refusal.status}): {_message(refusal)}\n"
                "The tour needs the rights to create and delete a namespace, and what is in it."
            ) from None

    def _remove(self, name: str) -> None:
        """Delete the namespace and wait until it is gone, undisturbed by further interrupts."""
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in handlers:
            signal.signal(number, signal.SIG_IGN)
        try:
            say(f"Removing the namespace {name} with everything in it ...")
            self._api.delete_namespace(name, _request_timeout=_REQUEST_SECONDS)
            say("  gone." if self._is_gone(name) else "  it is still ending; it will go by itself.")
        except (client.ApiException, urllib3.exceptions.HTTPError) as problem:
            if getattr(problem, "status", None) != 404:
                say(f"  could not remove it ({problem}). Remove it with: kubectl delete ns {name}")
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _is_gone(self, name: str) -> bool:
        give_up = time.monotonic() + _GONE_SECONDS
        while time.monotonic() < give_up:
            try:
                self._api.read_namespace(name, _request_timeout=_REQUEST_SECONDS)
            except client.ApiException as answer:
                if answer.status == 404:
                    return True
                raise
            time.sleep(0.5)
        return False


def is_simulated(node: Any) -> bool:
    """Whether KWOK only pretends that the node is there: one of tools/cluster, or of kwokctl."""
    return _OUR_LABEL in (node.metadata.labels or {}) or _KWOK_ANNOTATION in (
        node.metadata.annotations or {}
    )


def _message(refusal: Any) -> str:
    """What the server said, without the HTTP around it."""
    try:
        return str(yaml.safe_load(refusal.body)["message"])
    except (yaml.YAMLError, KeyError, TypeError):
        return str(refusal.reason)
