# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names as users write them: snake_case beside the API's camelCase, and paths for messages."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence

from .schema import fields_of

Path = tuple["str | int", ...]

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


def snake(name: str) -> str:
    """The snake_case spelling of an API name: ``host_ip`` for ``hostIP``.

    There is no rule for the way back (it would give ``hostIp``): look it up in `api_names`.
    """
    return _WORD_START.sub("_", name).lower()


def camel(name: str) -> str:
    """The camelCase spelling of a name of our own. Not for API names, see `snake`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@functools.cache
def api_names(type_name: str) -> Mapping[str, str]:
    """Both spellings of each field of a type, mapped to the API's."""
    fields = fields_of(type_name)
    return {snake(name): name for name in fields} | {name: name for name in fields}


def writes_snake(keys: Iterable[object], otherwise: bool) -> bool:
    """Whether these keys are in snake_case; ``otherwise`` where they do not tell."""
    for key in keys:
        if isinstance(key, str):
            if "_" in key:
                return True
            if not key.islower() and key.isalnum():
                return False
    return otherwise


def nearest(wrong: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, or None; case, ``_`` and ``-`` are no difference."""
    import difflib

    folded = {_fold(name): name for name in names}
    close = difflib.get_close_matches(_fold(wrong), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def show_path(parts: Sequence[str | int]) -> str:
    """A path for people, such as ``containers[1].image`` or ``labels['a.example/b']``."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not text:
            text = part
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}"
        else:
            text += f"[{part!r}]"
    return text


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
