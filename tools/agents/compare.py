# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/agents.md: in what the roles of agents differ from what is published, and why.

    python -m tools.agents.compare FOLDER [--kubeconfig FILE]

FOLDER has the published manifests, under the names in published.yml; they are no part of this
repository. Each role runs on a cluster with its defaults, and what it has made is compared with
what the same API server makes of the manifest. Reasons are in reasons.yml.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..environments import places
from . import fleet, page, rights
from .facts import Facts, facts

PAGE = places.CHECKOUT / "docs" / "agents.md"
REASONS = Path(__file__).with_name("reasons.yml")
_TOOL = places.CHECKOUT / "tools" / "cluster" / "cluster"
_NAME = "agents"


@dataclass(frozen=True)
class Difference:
    """One fact in which two agents differ; empty where it is none of one of them."""

    what: str
    published: str
    ours: str
    why: str


@dataclass
class Reasons:
    """Why roles differ: those for one role come before those for all."""

    entries: dict[str, list[dict[str, str]]]
    used: set[tuple[str, int]] = field(default_factory=set)

    def of(self, role: str, what: str, published: str, ours: str) -> str:
        """The reason for a difference; empty where none is told."""
        values = {"what": what, "published": published, "ours": ours}
        for key in (role, "all"):
            for number, entry in enumerate(self.entries.get(key) or []):
                if all(
                    fnmatch.fnmatchcase(value, entry.get(part, "*"))
                    for part, value in values.items()
                ):
                    self.used.add((key, number))
                    return entry["why"]
        return ""

    def unused(self) -> list[str]:
        """Reasons for what is no difference."""
        return [
            f"{key}: {entry['what']}"
            for key, entries in self.entries.items()
            for number, entry in enumerate(entries or [])
            if (key, number) not in self.used
        ]


@dataclass(frozen=True)
class Comparison:
    """The differences of all roles, by their names, and reasons that none of them has."""

    differences: dict[str, list[Difference]]
    unused: list[str]

    def text(self) -> str:
        """The page."""
        table = fleet.table()
        return page.text(table, self.differences, sorted(set(fleet.names()) - {*self.differences}))

    def unexplained(self) -> list[str]:
        """Differences without a reason."""
        return [
            f"{role}: {one.what}: {one.published or '-'} -> {one.ours or '-'}"
            for role, differences in self.differences.items()
            for one in differences
            if not one.why
        ]


def compared(corpus: Path, kubeconfig: Path) -> Comparison:
    """Run the roles on a cluster and compare them.

    Raises:
        RunError: a role has failed, or a manifest is refused.
        OSError: a manifest is missing.
    """
    kubectl = Path(_cluster("path", "kubectl").strip())
    table = fleet.table()
    roles = [role for role in fleet.names() if _is_comparable(table.get(role, {}))]
    reasons = Reasons(yaml.safe_load(REASONS.read_text()))
    found = {}
    for role, agent in fleet.kept(kubeconfig, roles, kubectl).items():
        entry = table[role]
        theirs, ours = Facts(), Facts()
        pod: Mapping[str, Any] = {}
        if "file" in entry:
            manifest = yaml.safe_load((corpus / entry["file"]).read_text())
            stored = fleet.as_stored(kubectl, kubeconfig, manifest)
            pod = stored["spec"]["template"]["spec"]
            theirs |= facts(stored, _names(pod, agent, entry.get("containers", {})))
            ours |= facts(agent.daemonset, {})
        if "rights" in entry:
            theirs |= rights.of_published(entry["rights"], pod)
            ours |= rights.of_agent(agent)
        found[role] = list(_together(_differences(role, theirs, ours, reasons)))
    return Comparison(found, reasons.unused())


def _names(
    pod: Mapping[str, Any], agent: fleet.Agent, known: Mapping[str, str]
) -> Mapping[str, str]:
    """The role's names for the published containers: one is the other where each has only one."""
    theirs = [container["name"] for container in pod["containers"]]
    own = agent.daemonset["spec"]["template"]["spec"]["containers"]
    if len(theirs) == len(own) == 1:
        return {theirs[0]: own[0]["name"]}
    return known


def _is_comparable(entry: Mapping[str, Any]) -> bool:
    return "file" in entry or "rights" in entry


def _together(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Those in which containers differ alike, as one."""
    names: dict[tuple[str, ...], list[str]] = {}
    for one in differences:
        container, colon, what = one.what.rpartition(": ")
        names.setdefault((colon + what, one.published, one.ours, one.why), []).append(container)
    for (what, *values), containers in names.items():
        yield Difference(", ".join(containers) + what, *values)


def _differences(role: str, theirs: Facts, ours: Facts, reasons: Reasons) -> Iterator[Difference]:
    for what in sorted({*theirs, *ours}, key=_order):
        published, own = theirs.get(what, ""), ours.get(what, "")
        container = what.partition(": ")[0] if ": " in what else ""
        # Of a container that one of them has not got, one line is enough.
        if published != own and (not container or (container in theirs and container in ours)):
            yield Difference(what, published, own, reasons.of(role, what, published, own))


def _order(what: str) -> tuple[bool, bool, str]:
    """Pods first, then their containers, then rights."""
    return what.startswith(("right ", "token ")), "container " in what, what


@contextlib.contextmanager
def _own_cluster() -> Iterator[Path]:
    try:
        yield Path(_cluster("up", "--name", _NAME, "--nodes", "0").splitlines()[-1])
    finally:
        _cluster("down", "--name", _NAME)


def _cluster(*arguments: str) -> str:
    return subprocess.run([_TOOL, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> int:
    """Write the page; 1 where a difference has no reason, or a reason no difference."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tools.agents.compare")
    parser.add_argument("corpus", type=Path, metavar="FOLDER", help="the published manifests")
    parser.add_argument("--kubeconfig", type=Path, help="this cluster instead of one of its own")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        kubeconfig = given.kubeconfig or stack.enter_context(_own_cluster())
        done = compared(given.corpus, kubeconfig)
    PAGE.write_text(done.text())
    for line in done.unexplained():
        print(f"no reason: {line}")
    for line in done.unused:
        print(f"no such difference: {line}")
    return 1 if done.unexplained() or done.unused else 0


if __name__ == "__main__":
    sys.exit(main())
