# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameters of ``daemonset_logs``, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .._base.errors import Fault, InputError
from .._cluster.pod_logs import Part
from .._views.log_files import problem_of
from . import targets

_KIBIBYTE = 1024
_MEBIBYTE = 1024 * _KIBIBYTE
_ALL_LINES = -1
_USUAL_LINES = 100
_USUAL_BYTES = 64 * _KIBIBYTE
_USUAL_BYTES_OF_A_FILE = 16 * _MEBIBYTE
_MOST = 2**31 - 1
_RANGES = {
    "since_seconds": (1, _MOST),
    "concurrency": (1, 100),
    "timeout": (1, 24 * 60 * 60),
    "max_bytes": (1, 1024 * _MEBIBYTE),
    "max_total_bytes": (1, 64 * _MEBIBYTE),
    "max_fail_percentage": (0, 100),
}
_MODE = re.compile(r"0?[0-7]{3}")
# With anything else than these, what is read would be another time than what was meant.
_WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")

OWN_SPEC: dict[str, dict[str, Any]] = {
    "containers": {"type": "list", "elements": "str"},
    "previous": {"type": "bool", "default": False},
    "tail_lines": {"type": "int"},
    "since_seconds": {"type": "int"},
    "since_time": {"type": "str"},
    "timestamps": {"type": "bool", "default": False},
    "search": {"type": "str"},
    "dest": {"type": "path"},
    "mode": {"type": "raw", "default": "0600"},
    "max_bytes": {"type": "int"},
    "max_total_bytes": {"type": "int", "default": _MEBIBYTE},
    "concurrency": {"type": "int", "default": 10},
    "timeout": {"type": "int", "default": 60},
    "max_fail_percentage": {"type": "int", "default": 100},
}


@dataclass(frozen=True)
class Wish:
    """Which logs are read, and where they go.

    Attributes:
        containers: the names of those that are read; None for all but init containers.
        part: which part of each log; without a limit of bytes.
        search: what a line must match to be kept; None for all lines.
        keeps_end: whether the end of what does not fit is kept, rather than the beginning.
        dest: the folder for files; None for the result.
        mode: the permissions of the files.
        max_bytes: how much is kept of a log.
        max_total_bytes: how much is shown of all together.
        concurrency: how many pods are read at a time.
        timeout: how long reading the logs of one pod may take, in seconds.
        max_fail_percentage: the share of nodes whose logs need not be read.
    """

    containers: tuple[str, ...] | None
    part: Part
    search: re.Pattern[str] | None
    keeps_end: bool
    dest: str | None
    mode: int
    max_bytes: int
    max_total_bytes: int
    concurrency: int
    timeout: int
    max_fail_percentage: int


def checked(params: Mapping[str, Any]) -> Wish:
    """What the parameters ask for; looks at the folder for files, but at nothing else.

    Raises:
        InputError: a parameter is wrong; with all faults.
    """
    faults = [*targets.faults(params), *_faults(params)]
    if faults:
        raise InputError(faults)
    containers, dest, search = params["containers"], params["dest"], params["search"]
    usual_lines = _USUAL_LINES if dest is None and search is None else _ALL_LINES
    lines = params["tail_lines"] if params["tail_lines"] is not None else usual_lines
    usual_bytes = _USUAL_BYTES if dest is None else _USUAL_BYTES_OF_A_FILE
    max_bytes = params["max_bytes"] or usual_bytes
    return Wish(
        containers=None if containers is None else tuple(dict.fromkeys(containers)),
        part=Part(
            previous=params["previous"],
            tail_lines=None if lines == _ALL_LINES else lines,
            since_seconds=params["since_seconds"],
            since_time=None if params["since_time"] is None else _in_utc(params["since_time"]),
            timestamps=params["timestamps"],
        ),
        search=None if search is None else re.compile(search),
        keeps_end=lines != _ALL_LINES,
        dest=dest,
        mode=int(params["mode"], 8),
        max_bytes=max_bytes if dest is not None else min(max_bytes, params["max_total_bytes"]),
        **{
            name: params[name]
            for name in ("max_total_bytes", "concurrency", "timeout", "max_fail_percentage")
        },
    )


def _faults(params: Mapping[str, Any]) -> Iterator[Fault]:
    yield from targets.out_of_range(params, _RANGES)
    lines = params["tail_lines"]
    if lines is not None and lines != _ALL_LINES and not 1 <= lines <= _MOST:
        allowed = f"from 1 to {_MOST}, or {_ALL_LINES} for all lines"
        yield Fault("tail_lines", f"{lines} is not allowed: it must be {allowed}")
    if params["containers"] is not None and not params["containers"]:
        yield Fault("containers", "is empty: leave it out for all containers")
    if params["since_time"] is not None and _in_utc(params["since_time"]) is None:
        yield Fault(
            "since_time",
            f"{params['since_time']} is no time as RFC 3339 writes it, with seconds and a zone,"
            " such as 2026-03-01T12:00:00Z or 2026-03-01T13:00:00+01:00",
        )
    if params["search"] is not None:
        yield from _faults_of_search(params["search"])
    mode = params["mode"]
    if not isinstance(mode, str) or not _MODE.fullmatch(mode):
        yield Fault("mode", f"{mode} is not allowed: write it octal and in quotes, such as '0640'")
    if params["dest"] is not None and (problem := _problem_of_dest(params["dest"])):
        yield Fault("dest", problem)


def _faults_of_search(search: str) -> Iterator[Fault]:
    if not search:
        yield Fault("search", "is empty: leave it out for all lines")
    try:
        re.compile(search)
    except (re.error, OverflowError, RecursionError) as error:
        yield Fault("search", f"{search} is no regular expression of Python: {error}")


def _problem_of_dest(dest: str) -> str | None:
    if not dest.strip() or "\0" in dest:
        return "is not the path of a folder"
    problem = problem_of(dest)
    return f"{dest} cannot be used: {problem}" if problem else None


def _in_utc(text: str) -> str | None:
    """A time as the API server reads it; None where it is none, or of no zone."""
    if not _WITH_ZONE.fullmatch(text):
        return None
    try:
        when = datetime.fromisoformat(text.upper().replace(" ", "T"))
        return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None
