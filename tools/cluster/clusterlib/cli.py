# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import binaries, components, layout, lifecycle, nodes, processes, state
from .api import Api
from .console import ClusterError

_DEFAULT_NAME = "default"


def main(arguments: Sequence[str]) -> int:
    """Run one command; 0 when done, 1 with a message on stderr when not."""
    options = _parser().parse_args(arguments)
    # Ended politely, a command cleans up after itself like after an interrupt.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        options.run(options)
    except (ClusterError, OSError) as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cluster: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cluster", description="Build and run real Kubernetes control planes for tests."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _command(commands, "build", _build, "build the programs into the cache")

    command = _command(commands, "up", _up, "start or repair a cluster, print its kubeconfig")
    _add_name(command)
    command.add_argument("--nodes", type=int, metavar="N", help="simulated nodes (3 at first)")
    command.add_argument(
        "--audit-log", type=Path, metavar="FILE", help="every request as a line of JSON"
    )

    command = _command(commands, "nodes", _nodes, "set the number of simulated nodes")
    command.add_argument("count", type=int, metavar="N")
    _add_name(command)

    _command(commands, "status", _status, "list the clusters")

    command = _command(commands, "down", _down, "end a cluster and forget all of it")
    which = command.add_mutually_exclusive_group()
    _add_name(which)
    which.add_argument("--all", action="store_true", help="every cluster of this cache")

    command = _command(commands, "kubeconfig", _kubeconfig, "print the path of a kubeconfig")
    _add_name(command)
    command.add_argument("--user", help="a user without rights, with a new certificate")
    command.add_argument("--group", action="append", default=[], help="a group of that user")

    command = _command(commands, "path", _path, "print the path of a program of the cluster")
    command.add_argument("program", choices=[binary.name for binary in binaries.BINARIES])

    for verb, function in (("stop", _stop_component), ("start", _start_component)):
        command = _command(
            commands, f"{verb}-component", function, f"{verb} one program of a cluster"
        )
        command.add_argument("name", metavar="NAME")
        command.add_argument("component", choices=components.ALL)
    return parser


def _command(commands: Any, name: str, run: Any, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def _add_name(parser: Any) -> None:
    parser.add_argument(
        "--name", default=_DEFAULT_NAME, help=f"which cluster ({_DEFAULT_NAME} if not given)"
    )


def _build(_options: argparse.Namespace) -> None:
    binaries.ensure_built()


def _up(options: argparse.Namespace) -> None:
    print(lifecycle.up(options.name, options.nodes, options.audit_log))


def _nodes(options: argparse.Namespace) -> None:
    lifecycle.scale(options.name, options.count)


def _down(options: argparse.Namespace) -> None:
    for name in lifecycle.all_names() if options.all else [options.name]:
        lifecycle.down(name)


def _kubeconfig(options: argparse.Namespace) -> None:
    if options.user:
        print(lifecycle.user_kubeconfig(options.name, options.user, options.group))
    elif options.group:
        raise ClusterError("--group needs --user")
    else:
        print(lifecycle.kubeconfig_of(lifecycle.running_plan(options.name).folder))


def _path(options: argparse.Namespace) -> None:
    binaries.ensure_built()
    print(binaries.path_of(options.program))


def _stop_component(options: argparse.Namespace) -> None:
    lifecycle.stop_component(options.name, options.component)


def _start_component(options: argparse.Namespace) -> None:
    lifecycle.start_component(options.name, options.component)


def _status(_options: argparse.Namespace) -> None:
    names = lifecycle.all_names()
    if not names:
        print("no clusters")
    for name in names:
        print("\n".join(_description(name)))


def _description(name: str) -> list[str]:
    folder = layout.cluster_folder(name)
    alive = {process.component: process.pid for process in processes.running(folder)}
    dead = [component for component in components.ALL if component not in alive]
    known = state.load(folder)
    if known is None or not known.ready:
        return [f"{name}: starting or half started, {len(alive)} processes (up completes it)"]
    if dead:
        health = "stopped" if not alive else f"not running: {', '.join(dead)}"
        return [f"{name}: {health} (up starts it again)"]
    plan = components.Plan(folder, known.ports, known.audit_log)
    try:
        with Api(folder / "pki", known.ports["api"]) as api:
            size = f"{nodes.count(api)} nodes"
    except (OSError, ClusterError) as error:
        size = f"does not answer: {error}"
    lines = [f"{name}: running at {plan.server}, {size}"]
    lines.append(f"  kubeconfig {lifecycle.kubeconfig_of(folder)}")
    if known.audit_log:
        lines.append(f"  audit log  {known.audit_log}")
    lines.append("  processes  " + ", ".join(f"{key} {pid}" for key, pid in alive.items()))
    return lines
