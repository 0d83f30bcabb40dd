# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the documentation out of our modules, as text, without running them."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml

from tools.environments import places

MODULES = sorted(
    path
    for path in (places.CHECKOUT / "plugins" / "modules").glob("*.py")
    if path.name != "__init__.py"
)


def text(module: Path, variable: str) -> str:
    """The string that a module assigns to DOCUMENTATION, EXAMPLES or RETURN."""
    for statement in ast.parse(module.read_text()).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            if variable in names:
                return str(statement.value.value)
    raise AssertionError(f"{module.name} has no {variable}")


def parsed(module: Path, variable: str) -> Any:
    """The same, read as YAML."""
    return yaml.safe_load(text(module, variable))
