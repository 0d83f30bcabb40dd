# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Download and unpack the agents that there are, and say which there are.

It never fails: an agent that cannot be had is told, and the tests that want it say so again.
"""

from __future__ import annotations

from .packages import AGENTS, UnavailableError, unpacked


def main() -> None:
    """Unpack each agent, one line for each."""
    for name in AGENTS:
        try:
            found = unpacked(name)
        except UnavailableError as problem:
            print(f"{name}: cannot be had: {problem}")
        else:
            print(f"{name} {found.version}: {found.folder}")


if __name__ == "__main__":
    main()
