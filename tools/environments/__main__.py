# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: make virtual environments and run commands in them.

python3 -m tools.environments make test
python3 -m tools.environments run test pytest tests/unit
"""

from __future__ import annotations

import argparse
import os
import sys

from . import places
from .making import environment
from .problems import SetupProblemError
from .surroundings import surroundings
from .table import ENVIRONMENTS


def main() -> None:
    """Do what the command line says; exit with 1 and one clear message where that cannot be."""
    parser = argparse.ArgumentParser(prog="tools.environments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make an environment, print its folder")
    make.add_argument("name", choices=ENVIRONMENTS)
    run = commands.add_parser("run", help="run a command in an environment")
    run.add_argument("--keep-proxies", action="store_true", help="for what downloads packages")
    run.add_argument("--own-home", action="store_true", help="with an empty home folder")
    run.add_argument("name", choices=ENVIRONMENTS)
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    commands.add_parser(
        "collections", help="print the folder that shows this checkout as a collection"
    )
    arguments = parser.parse_args()
    try:
        if arguments.command == "make":
            print(environment(arguments.name))
        elif arguments.command == "collections":
            print(places.collections())
        else:
            _run(arguments)
    except SetupProblemError as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("Interrupted. The same command starts where this one had to stop.")


def _run(arguments: argparse.Namespace) -> None:
    folder = environment(arguments.name)
    seen = surroundings(folder, proxies=arguments.keep_proxies, own_home=arguments.own_home)
    # So that execvpe finds the environment's commands, not the caller's.
    os.environ["PATH"] = seen["PATH"]
    command = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    try:
        os.execvpe(command[0], command, seen)
    except OSError as error:
        raise SetupProblemError(f"Cannot run {command[0]}: {error.strerror}.") from error


main()
