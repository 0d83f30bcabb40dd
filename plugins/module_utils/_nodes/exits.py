# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a container ended, in words, and what its log says of that. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._base.said import redact_said
from .._base.secret_names import is_harmless, looks_secret
from .trouble import CUT, in_one_line, quoted_end

# The kubelet's word where it did not see the end, with an exit code that it makes up
# (pkg/kubelet/kubelet_pods.go).
UNSEEN = "ContainerStatusUnknown"
# What the runtime says of a container that never ran: its command is not there, for example.
NEVER_RAN = ("ContainerCannotRun", "StartError")
# Linux's numbers, whatever the machine is that Ansible runs on.
_SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    5: "SIGTRAP",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    10: "SIGUSR1",
    11: "SIGSEGV",
    12: "SIGUSR2",
    13: "SIGPIPE",
    14: "SIGALRM",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
    31: "SIGSYS",
}
_CODES = {126: "not executable", 127: "command not found"}
# What begins the words of a program that gives up; what follows says where in the program that was.
_LAST_WORDS = re.compile(
    r"(panic|fatal error): |Exception in thread |Caused by: |thread '.*' panicked at "
)
_BETWEEN_LINES = " | "


def exit_in_words(ended: Mapping[str, Any]) -> str:
    """How a container ended: its exit code, the signal behind it, and what the runtime says.

    Codes above 128 are those of processes that a signal ended, as shells and runtimes tell it.
    """
    reason = ended.get("reason")
    if reason == UNSEEN:
        return "it ended while its kubelet did not look"
    if "exitCode" not in ended:
        return "it ended"
    code = int(ended["exitCode"])
    meaning = _CODES.get(code) or _SIGNALS.get(code - 128)
    if not 0 <= code <= 255:
        # Windows has 32 bits, whose meaning is found by this.
        meaning = f"0x{code & 0xFFFFFFFF:08X}"
    told = f"exit code {code}" + (f" ({meaning})" if meaning else "")
    if reason and reason not in ("Error", "Completed"):
        return f"{reason}, {told}"
    return f"{told}, though it must go on running" if code == 0 else told


def log_in_words(log: str, container: Mapping[str, Any], limit: int) -> str:
    """The end of a log in one line of at most ``limit`` characters, without secrets: from the words
    with which a program gave up, where they are there, else as many of the last lines as fit.

    Args:
        log: its last lines.
        container: whose it is; what its variables hold that promise a secret is hidden.
        limit: how many characters.
    """
    # Hidden before it is cut: half of PASSWORD=... does not look like a secret any more.
    shown = redact_said(log, secrets_of(container))
    # Of a line that was written over again and again, as a progress is, the last state counts.
    lines = [in_one_line(line.rstrip("\r").rpartition("\r")[2]) for line in shown.split("\n")]
    lines = [line for line in lines if line]
    given_up = [number for number, line in enumerate(lines) if _LAST_WORDS.match(line)]
    last_words = _BETWEEN_LINES.join(lines[given_up[-1] :]) if given_up else ""
    if len(last_words) > limit:
        return last_words[: limit - len(CUT)] + CUT
    return quoted_end(_BETWEEN_LINES.join(lines), limit)


def secrets_of(container: Mapping[str, Any]) -> list[str]:
    """What a container's variables hold whose names promise a secret."""
    return [
        str(one["value"])
        for one in container.get("env") or []
        if one.get("value")
        and looks_secret(str(one.get("name") or ""))
        and not is_harmless(str(one["value"]))
    ]
