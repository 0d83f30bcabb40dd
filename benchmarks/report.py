# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: what was measured, on which machine, with which versions."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from .clusters import CHECKOUT, Cluster
from .rows import Row

_FOLDER = Path(__file__).resolve().parent
# The lines of the README between which the table stands.
_BEGIN, _END = "<!-- benchmarks -->\n", "<!-- end of benchmarks -->"


def write(rows: list[Row], cluster: Cluster) -> str:
    """Write results.md and results.json, quote the table in the README; returns the table."""
    circumstances = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": _machine(),
        "versions": _versions(cluster),
    }
    table = _table(rows)
    (_FOLDER / "results.md").write_text(_page(table, circumstances))
    content = {**circumstances, "rows": [asdict(row) for row in rows]}
    (_FOLDER / "results.json").write_text(json.dumps(content, indent=2) + "\n")
    _quote(table)
    return table


def _quote(table: str) -> None:
    readme = CHECKOUT / "README.md"
    head, begin, rest = readme.read_text().partition(_BEGIN)
    _old, end, tail = rest.partition(_END)
    readme.write_text(f"{head}{begin}\n{table}\n{end}{tail}")


def _page(table: str, circumstances: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in circumstances["versions"].items())
    return (
        "# Benchmarks\n\n"
        f"`make bench`, {circumstances['date']}, all in one run. "
        "Seconds are those of the machine; the ratios are what to look at. "
        "Times are medians, Ansible's own work included. The DaemonSet has two containers, seven "
        "volumes and five tolerations.\n\n"
        f"- Machine: {circumstances['machine']}\n"
        f"- Versions: {versions}\n\n"
        f"{table}"
    )


def _table(rows: list[Row]) -> str:
    lines = ["| what | measured | compared with | bar | met |", "|---|---|---|---|---|"]
    for row in rows:
        met = {None: "", True: "yes", False: "**no**"}[row.met]
        lines.append(f"| {row.what} | {row.value} | {row.compared} | {row.bar} | {met} |")
    return "\n".join(lines) + "\n"


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _versions(cluster: Cluster) -> dict[str, str]:
    collections = [
        Path(folder) / "ansible_collections/kubernetes/core/MANIFEST.json"
        for folder in os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)
    ]
    (core,) = (path for path in collections if path.exists())
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())
    server = json.loads(cluster.run_kubectl("version", "-o", "json"))["serverVersion"]
    return {
        "everynode.kubernetes": galaxy["version"],
        "kubernetes.core": json.loads(core.read_text())["collection_info"]["version"],
        "ansible-core": importlib.metadata.version("ansible-core"),
        "kubernetes client": importlib.metadata.version("kubernetes"),
        "Kubernetes": server["gitVersion"].removeprefix("v"),
        "Python": platform.python_version(),
    }
