# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The syntax of names, label keys and values, paths and addresses.

Source: k8s.io/apimachinery pkg/api/validate/content and pkg/util/validation; nothing here is
stricter than the servers that are supported (1.31 to 1.36).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from .findings import Place, quoted

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_QUALIFIED = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a name has to look like.

    Attributes:
        what: what such a name is called in a message: ``a container name``.
        allowed: what is allowed, in words.
        pattern: matches the whole name.
        longest: the most characters.
        extra: what else has to hold, if anything.
    """

    what: str
    allowed: str
    pattern: re.Pattern[str]
    longest: int
    extra: Callable[[str], bool] | None = None

    def holds(self, name: str) -> bool:
        """Whether a name is as it has to be."""
        if len(name) > self.longest or not self.pattern.fullmatch(name):
            return False
        return self.extra is None or self.extra(name)

    def check(self, place: Place, what: str = "") -> bool:
        """Tell whether the place holds such a name; note a fault where it holds another text."""
        if not isinstance(place.value, str):
            return False
        if self.holds(place.value):
            return True
        length = f" (it has {len(place.value)})" if len(place.value) > self.longest else ""
        place.fault(
            f"{quoted(place.value)} is not a valid {what or self.what}: {self.allowed}{length}"
        )
        return False


DNS_LABEL = Rule(
    "name",
    'lower-case letters, digits and "-", starting and ending with a letter or digit,'
    " at most 63 characters",
    re.compile(_LABEL),
    63,
)
DNS_SUBDOMAIN = Rule(
    "name",
    'lower-case letters, digits, "-" and ".", each part between dots starting and ending with a'
    " letter or digit, at most 253 characters",
    re.compile(rf"{_LABEL}(?:\.{_LABEL})*"),
    253,
)
DNS_SUBDOMAIN_UNDERSCORE = Rule(
    "domain",
    'lower-case letters, digits, "-", "_" and ".", each part between dots starting and ending with'
    " a letter, digit or underscore, at most 253 characters",
    re.compile(r"[_a-z0-9](?:[-_a-z0-9]*[_a-z0-9])?(?:\.[_a-z0-9](?:[-_a-z0-9]*[_a-z0-9])?)*"),
    253,
)
PORT_NAME = Rule(
    "port name",
    'lower-case letters, digits and "-" (not doubled, not at an end), with at least one letter,'
    " at most 15 characters",
    re.compile(r"(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*"),
    15,
)
# Kubernetes 1.32 and later take any printable name; 1.31 itself refuses what is no C identifier
# with dots and dashes.
ENV_NAME = Rule(
    "name of an environment variable",
    'printable ASCII characters other than "="',
    re.compile(r"[ -<>-~]+"),
    2**31,
)
CONFIG_KEY = Rule(
    "key of a ConfigMap or Secret",
    'letters, digits, "-", "_" and ".", not starting with "..", at most 253 characters',
    re.compile(r"(?!\.\.|\.$)[-._a-zA-Z0-9]+"),
    253,
)
LABEL_VALUE = Rule(
    "label value",
    'letters, digits, "-", "_" and ".", starting and ending with a letter or digit, or empty,'
    " at most 63 characters",
    re.compile(rf"(?:{_QUALIFIED})?"),
    63,
)
HEADER_NAME = Rule(
    "name of an HTTP header", 'letters, digits and "-"', re.compile(r"[-A-Za-z0-9]+"), 2**31
)
_LABEL_NAME = re.compile(_QUALIFIED)


def _is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and not DNS_SUBDOMAIN.holds(prefix):
        return False
    return len(name) <= 63 and _LABEL_NAME.fullmatch(name) is not None


LABEL_KEY = Rule(
    "key",
    'an optional domain and "/", then letters, digits, "-", "_" and ".", starting and ending with'
    " a letter or digit, at most 63 characters",
    re.compile(r".*"),
    253 + 1 + 63,
    _is_qualified,
)


def as_prefix(name: str) -> str:
    """A name that is valid where the name is a valid prefix of generated names.

    Source: k8s.io/apimachinery pkg/api/validation/generic.go, maskTrailingDash.
    """
    return f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name


def check_file_mode(place: Place, key: str) -> None:
    """Check the mode of a file: 0 to 0777."""
    mode = place.integer(key)
    if mode is not None and not 0 <= mode <= 0o777:
        # The usual slip: the digits of an octal number, read as a decimal one.
        octal = f' (for the octal mode 0{mode} write "0{mode}")' if _is_octal_slip(mode) else ""
        place.child(key).fault(f"{mode} is not a file mode: 0 to 511, octal 0000 to 0777{octal}")


def _is_octal_slip(mode: int) -> bool:
    digits = str(mode)
    return len(digits) <= 4 and all(digit in "01234567" for digit in digits)


def check_no_backsteps(place: Place) -> bool:
    """Check that a path has no part "..".

    Source: pkg/apis/core/validation validatePathNoBacksteps.
    """
    if isinstance(place.value, str) and ".." in place.value.split("/"):
        place.fault(f'{quoted(place.value)} must not contain ".."')
        return False
    return True


def check_relative_path(place: Place) -> bool:
    """Check that a path is relative and stays below."""
    if isinstance(place.value, str) and place.value.startswith("/"):
        place.fault(f"{quoted(place.value)} must be a relative path")
        return False
    return check_no_backsteps(place)


def check_file_path(place: Place) -> None:
    """Check the path of a file in a volume: relative, and not starting with ".."."""
    relative = check_relative_path(place)
    if relative and isinstance(place.value, str) and place.value.startswith(".."):
        place.fault(f'{quoted(place.value)} must not start with ".."')


def check_ip(place: Place) -> None:
    """Check an address, v4 or v6.

    Addresses with leading zeros and IPv4-mapped IPv6 addresses are refused from Kubernetes 1.36 on;
    older servers take them.
    """
    if not isinstance(place.value, str):
        return
    text = place.value
    if _old_form(text):
        place.warn(f"{quoted(text)} is written in a form that Kubernetes 1.36 and later refuse")
    elif not _is_ip(text):
        place.fault(f"{quoted(text)} is not an IP address such as 10.9.8.7 or 2001:db8::1")


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _old_form(text: str) -> bool:
    parts = text.split(".")
    if len(parts) == 4 and ":" not in text and any(len(part) > 1 for part in parts):
        bare = [
            part.lstrip("0") or "0" if part.isascii() and part.isdigit() else part for part in parts
        ]
        return bare != parts and _is_ip(".".join(bare))
    if not _is_ip(text):
        return False
    address = ipaddress.ip_address(text)
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


def check_port_number(place: Place) -> None:
    """Check the number of a port."""
    number = place.value
    if isinstance(number, int) and not isinstance(number, bool) and not 1 <= number <= 65535:
        place.fault(f"{number} is not a port: it must be from 1 to 65535")


def check_port(place: Place) -> None:
    """Check a port given by number or by name."""
    if isinstance(place.value, str):
        if place.value.isascii() and place.value.isdigit():
            place.fault(
                f"{quoted(place.value)} is a text, which the API reads as a port's name:"
                f" write the number {place.value} without quotes"
            )
        else:
            PORT_NAME.check(place)
    elif place.value is None:
        place.fault("a port is missing: give its number or its name")
    else:
        check_port_number(place)
