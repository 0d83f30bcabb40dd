# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file says whose it is, and none says what only one machine would understand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.environments import places

_HEADER = (
    "Copyright (c) 2026 everynode contributors",
    "GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-" + "Identifier: GPL-3.0-or-later",
)
_WITH_HEADER = {".cfg", ".go", ".j2", ".py", ".sh", ".toml", ".yaml", ".yml"}
# Put together here, so that this file does not hold what it looks for.
_REGISTRIES = [f"{name}.io" for name in ("docker", "quay", "ghcr", "gcr", "registry.k8s")]
_PLACES = ["/" + "work/", "/" + "root/", "/tmp/" + "brief", "design" + ".md"]
_FORBIDDEN = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}" for word in _REGISTRIES + _PLACES))


def _needs_header(path: Path) -> bool:
    if "data" in path.parts or "files" in path.parts:
        return False
    if path.suffix in _WITH_HEADER or path.name in ("Makefile", ".gitignore"):
        return True
    with (places.CHECKOUT / path).open("rb") as file:
        return file.read(2) == b"#!"


@pytest.mark.parametrize("path", places.files(), ids=str)
def test_file(path: Path) -> None:
    content = (places.CHECKOUT / path).read_text(errors="replace")
    if _needs_header(path) and content:
        first = "\n".join(content.splitlines()[:6])
        missing = [line for line in _HEADER if line not in first]
        assert not missing, f"{path} lacks the licence header"
    if path.suffix != ".sum":
        lines = content.splitlines()
        found = [
            f"{number}: {line}" for number, line in enumerate(lines, 1) if _FORBIDDEN.search(line)
        ]
        assert not found, f"{path} names a registry or a machine's own path"
