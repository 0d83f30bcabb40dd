# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the tour."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import clusters
from .clusters import Cluster
from .place import SERVICE_ACCOUNT, Server, is_simulated
from .telling import TourError, heading, is_terminal, say

CHECKOUT = Path(__file__).resolve().parents[2]
PLAYBOOK = "examples/demo/playbook.yml"
# On the user's nodes an image that cannot be pulled should not keep a newcomer for ten minutes.
_WAIT_SECONDS = 180
# What ansible-playbook exits with after an interrupt, and how long it may take to.
_INTERRUPTED = 99
_END_SECONDS = 3
# Simulated pods are ready at once. These take as long as a small container does, so that there is
# progress to see.
_SLOW_START = {
    "everynode.kubernetes/simulate": "slow-start",
    "everynode.kubernetes/simulate-seconds": "2",
}


def main(arguments: Sequence[str]) -> int:
    """Give the tour: 0 when all of it worked, 1 when not, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    # Ended politely, the tour cleans up like after an interrupt; and in the background, too, where
    # shells have interrupts ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return _tour(options)
    except TourError as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="demo", description="A tour of the collection on a real control plane."
    )
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="use this cluster, in a namespace that is then removed"
    )
    parser.add_argument(
        "-e",
        "--extra-vars",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the playbook: registrar_image, manager_image, new_manager_image",
    )
    return parser


def _tour(options: argparse.Namespace) -> int:
    if options.kubeconfig:
        cluster = clusters.of_the_user(options.kubeconfig)
    else:
        heading("A cluster: real API server, controllers and scheduler; a few seconds to start")
        cluster = clusters.started()
    server = Server(cluster.kubeconfig)
    nodes = server.nodes()
    simulated = [node for node in nodes or [] if is_simulated(node)]
    if nodes is not None:
        names = ", ".join(node.metadata.name for node in nodes[:5])
        more = f" and {len(nodes) - 5} more" if len(nodes) > 5 else ""
        say(f"{server.address} has {len(nodes)} nodes: {names}{more}")
    if simulated:
        say(
            f"{len(simulated)} of these nodes are simulated (KWOK): pods on them get every status"
            " of a real pod, but no container runs."
        )
    if cluster.own:
        _announce(server)
    with server.place() as namespace:
        heading(f"The playbook {PLAYBOOK}, in the namespace {namespace}")
        code = _play(cluster, namespace, options.extra_vars, slowly=bool(simulated))
    if code:
        raise TourError(_after_failure(cluster))
    _farewell(cluster)
    return 0


def _announce(server: Server) -> None:
    """Tell what is about to happen to somebody's own cluster, and let a person think it over."""
    say(
        f"\nOn {server.address} the tour creates, and at the end removes:\n"
        "  - a namespace of its own (everynode-demo), in which privileged pods are allowed\n"
        f"  - in it the service account {SERVICE_ACCOUNT}, without any rights\n"
        "  - in it the DaemonSet hwameistor-local-disk-manager. It is PRIVILEGED: one pod on\n"
        "    every node, in the node's network and process namespaces, with /dev, /proc and the\n"
        "    kubelet's folders mounted. Do not try it where that matters."
    )
    if is_terminal():
        try:
            input("Enter goes on, Ctrl-C leaves everything as it is. ")
        except EOFError:
            raise KeyboardInterrupt from None


def _play(cluster: Cluster, namespace: str, extra_vars: Sequence[str], *, slowly: bool) -> int:
    """Run the playbook and return its exit code; an interrupt ends it first, then goes on up."""
    variables = {
        "demo_kubeconfig": str(cluster.kubeconfig),
        "demo_namespace": namespace,
        "demo_service_account": SERVICE_ACCOUNT,
        "demo_wait_seconds": _WAIT_SECONDS,
        "demo_pod_annotations": _SLOW_START if slowly else {},
    }
    command = ["ansible-playbook", PLAYBOOK, "-e", json.dumps(variables)]
    for given in extra_vars:
        command += ["-e", given]
    surroundings = {
        **os.environ,
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
    with subprocess.Popen(command, cwd=CHECKOUT, env=surroundings) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            _end(process)
            raise
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    return code


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let Ansible end: an interrupt of the terminal's has reached it already, another has not."""
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _after_failure(cluster: Cluster) -> str:
    told = "the playbook failed: its last task says why."
    if cluster.own:
        told += (
            "\nWhere the images cannot be pulled, name some that can, for instance:\n"
            "  python3 -m tools.environments run demo tools/demo"
            f" --kubeconfig {shlex.quote(str(cluster.kubeconfig))} \\\n"
            "    -e manager_image=MIRROR/hwameistor/local-disk-manager:v0.6.1 -e ..."
        )
    return told


def _farewell(cluster: Cluster) -> None:
    heading("That was all of it")
    say(f"The playbook to read and change: {PLAYBOOK}")
    if cluster.own:
        say("Your cluster is as it was before.")
        return
    kubectl = f"KUBECONFIG={cluster.kubeconfig} {cluster.kubectl}"
    say(
        "The cluster still runs. Look around:\n"
        f"  {kubectl} get nodes\n"
        f"  {kubectl} get pods --all-namespaces\n"
        "Stop it:\n"
        f"  tools/cluster/cluster down --name {clusters.NAME}"
    )
