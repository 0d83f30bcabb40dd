# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names of variables, flags and keys promise a secret value."""

from __future__ import annotations

import functools
import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|[0-9]+")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SECRET_WORDS = _set(
    """
    PASSWORD PASSWORDS PASSWD PASSWDS PASS PWD PASSPHRASE SECRET SECRETS TOKEN TOKENS JWT
    CREDENTIAL CREDENTIALS CREDS CRED APIKEY APIKEYS AUTHORIZATION BEARER COOKIE DSN
    """
)
# Words written together: DBPASSWORD, authtoken.
_SECRET_ENDINGS = (
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "ACCESSKEY",
    "SECRETKEY",
    "PRIVATEKEY",
)
# A key of a variable unlocks something, unless it is one of these: PUBLIC_KEY, TOPOLOGY_KEY.
_KEYS = frozenset({"KEY", "KEYS"})
_HARMLESS_KEYS = _set(
    """
    PUBLIC PUB TOPOLOGY LABEL ANNOTATION TAINT TOLERATION PARTITION SORT SORTING PRIMARY FOREIGN
    CACHE METRIC GROUP INDEX LOOKUP MAP CONFIG RESTART
    """
)
# A key of a map is mostly just a key (restart_key, topologyKey), but for these.
_UNLOCKING_KEYS = _set("API ACCESS SECRET PRIVATE SIGNING ENCRYPTION MASTER SHARED STORAGE LICENSE")
# What a name that ends so holds is about the secret and not the secret: TOKEN_FILE, SECRET_NAME.
_ABOUT = _set(
    """
    FILE FILES FILENAME PATH PATHS DIR DIRECTORY FOLDER NAME NAMES NAMESPACE NAMESPACES REF URL URI
    ENDPOINT HOST PORT ENABLED DISABLED REQUIRED OPTIONAL TTL EXPIRY EXPIRATION EXPIRES AGE TIMEOUT
    INTERVAL PERIOD SECONDS MINUTES HOURS DAYS LENGTH SIZE COUNT LIMIT TYPE KIND FORMAT ALGORITHM
    ALG METHOD MODE POLICY ISSUER AUDIENCE PROVIDER BACKEND STORE MANAGER ENGINE SCOPE SCOPES PREFIX
    SUFFIX VERSION MOUNT ROTATION REVIEW REVIEWS
    """
)
# MAX_TOKENS is a number of words, not a token.
_COUNTED = _set("MAX MIN NUM NUMBER TOTAL COUNT LIMIT")
# Exactly these are something else: the working directory, a toleration's key.
_INNOCENT_NAMES = _set("PWD OLDPWD KEY KEYS PASS")
_HARMLESS_VALUES = frozenset({"", "true", "false", "yes", "no", "on", "off", "none", "null"})
_REFERENCE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)|\$\{?[A-Za-z_][A-Za-z0-9_]*\}?")


@functools.lru_cache(maxsize=4096)
def looks_secret(name: str) -> bool:
    """Whether a variable, flag or header of that name probably holds a secret."""
    words = _words(name)
    if not words or "_".join(words) in _INNOCENT_NAMES or words[-1] in _ABOUT:
        return False
    return any(_is_secret_word(words, position) for position in range(len(words)))


@functools.lru_cache(maxsize=4096)
def ends_secret(name: str) -> bool:
    """Whether the last word of a name says secret: stricter, for keys of any map."""
    words = _words(name)
    if not words or "_".join(words) in _INNOCENT_NAMES:
        return False
    if words[-1] in _KEYS:
        return len(words) > 1 and words[-2] in _UNLOCKING_KEYS
    return _is_secret_word(words, len(words) - 1)


def is_harmless(value: str) -> bool:
    """Whether a value gives nothing away: empty, a switch, or a reference to another variable."""
    return value.strip().lower() in _HARMLESS_VALUES or bool(_REFERENCE.fullmatch(value.strip()))


def _is_secret_word(words: list[str], position: int) -> bool:
    word = words[position]
    before = words[position - 1] if position else ""
    if word in _KEYS:
        return before not in _HARMLESS_KEYS
    if word == "TOKENS" and words[0] in _COUNTED:
        return False
    return word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS)


def _words(name: str) -> list[str]:
    return [word.upper() for word in _WORD.findall(name)]
