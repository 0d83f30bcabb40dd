# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run with --check --diff would change in which clusters, as Markdown for a pull request."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from typing import Any

import yaml
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: markdown_plan
type: notification
short_description: Writes what would change as Markdown
description:
  - Into the file that the variable E(PLAN_FILE) names, and nothing where it names none.
  - A change that is the same in several clusters is shown once.
  - Where the text would become longer than E(PLAN_MAX_CHARACTERS), 60000 unless told, further
    changes are named only. Most services limit how long a comment may be.
"""

_NOTHING = "Nothing changes in {clusters}.\n"


class CallbackModule(CallbackBase):
    """See the documentation above."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "markdown_plan"

    def __init__(self) -> None:
        super().__init__()
        self._clusters: list[str] = []
        # By object and its change: the clusters that have it.
        self._changes: dict[tuple[str, str], list[str]] = {}
        self._restarts: dict[str, list[str]] = {}
        self._faults: dict[str, list[str]] = {}

    def v2_runner_on_ok(self, result: Any) -> None:
        """Note what a task would change."""
        cluster, told = self._seen(result)
        for one in told.get("results") or [told]:
            if isinstance(one, dict) and one.get("changed"):
                self._note(cluster, one)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Note what went wrong, and what would change all the same."""
        cluster, told = self._seen(result)
        items = [one for one in told.get("results") or [told] if isinstance(one, dict)]
        # Not every version of ansible-core says failed of an item, but all say the exception.
        failed = [one for one in items if one.get("failed") or "exception" in one] or [told]
        self._faults.setdefault(cluster, []).extend(str(one.get("msg")) for one in failed)
        for one in items:
            if one.get("changed"):
                self._note(cluster, one)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Note that a cluster was not reached."""
        cluster, told = self._seen(result)
        self._faults.setdefault(cluster, []).append(str(told.get("msg")))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write it all."""
        path = os.environ.get("PLAN_FILE")
        if path:
            most = int(os.environ.get("PLAN_MAX_CHARACTERS") or 60000)
            with open(path, "w", encoding="utf-8") as file:
                file.write("".join(self._text(most)))

    def _seen(self, result: Any) -> tuple[str, dict[str, Any]]:
        # Until ansible-core 2.18 they have an underscore, since 2.19 those warn.
        modern = hasattr(result, "result")
        cluster = (result.host if modern else result._host).get_name()
        if cluster not in self._clusters:
            self._clusters.append(cluster)
        return cluster, result.result if modern else result._result

    def _note(self, cluster: str, told: dict[str, Any]) -> None:
        diffs = told.get("diff") or []
        for diff in [diffs] if isinstance(diffs, dict) else diffs:
            title = str(diff.get("after_header") or diff.get("before_header") or "something")
            text = "\n".join(_lines(diff))
            if text:
                clusters = self._changes.setdefault((title, text), [])
                if cluster not in clusters:
                    clusters.append(cluster)
        restarts = (told.get("rollout") or {}).get("restarts") or {}
        if restarts.get("pods"):
            name = told["daemonset"]["metadata"]["name"]
            self._restarts.setdefault(cluster, []).append(f"{name}: {restarts['message']}")

    def _text(self, most: int) -> Iterator[str]:
        changing = {cluster for clusters in self._changes.values() for cluster in clusters}
        unchanged = sorted(set(self._clusters) - changing - set(self._faults))
        if changing or self._faults:
            yield "| cluster | objects that change | pods that restart |\n|---|---|---|\n"
            for cluster in sorted(self._clusters):
                if cluster not in unchanged:
                    yield self._row(cluster)
            yield "\n"
        if unchanged:
            yield _NOTHING.format(clusters=", ".join(unchanged))
        for cluster, faults in sorted(self._faults.items()):
            yield f"\n**{cluster} cannot be planned**\n\n{_fenced('text', chr(10).join(faults))}"
        left = most
        for (title, text), clusters in self._changes.items():
            what = f"{title} in {', '.join(sorted(clusters))}"
            shown = f"\n<details><summary>{what}</summary>\n\n{_fenced('diff', text)}\n</details>\n"
            left -= len(shown)
            yield shown if left >= 0 else f"\n{what}: see the job's log\n"

    def _row(self, cluster: str) -> str:
        objects = [title for (title, _text), there in self._changes.items() if cluster in there]
        changes = "<br>".join(dict.fromkeys(objects)) or "unknown"
        return f"| {cluster} | {changes} | {'<br>'.join(self._restarts.get(cluster, []))} |\n"


def _lines(diff: dict[str, Any]) -> Iterator[str]:
    """The lines of a unified diff that say something, without its header."""
    if "prepared" in diff:
        yield from str(diff["prepared"]).splitlines()
        return
    before, after = (_listed(diff.get(side)) for side in ("before", "after"))
    yield from list(difflib.unified_diff(before, after, lineterm=""))[2:]


def _listed(value: Any) -> list[str]:
    if not value:
        return []
    if not isinstance(value, str):
        value = yaml.safe_dump(value, sort_keys=False, width=1000)
    return str(value).splitlines()


def _fenced(language: str, text: str) -> str:
    """A block of code, whatever is in it."""
    longest = max((len(found) for found in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"
