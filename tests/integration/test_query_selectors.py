# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The offline check of selectors refuses what the API server refuses, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import Fault
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.query_selectors import (
    check_field_selectors,
    check_label_selectors,
)

from tests.integration.api import Api, RefusedByServerError, daemonsets

_LONG = "a" * 63
_LABELS = [
    *("", " ", "a", " a ", "!a", "! a", "a,b", "a,!b", "a=b", "a==b", "a!=b", "a = b , c != d"),
    *("a=", "a!=", "a=,b", "a in (b)", "a in (b, c)", "a notin (b,c),d", "a in (b,)", "a in (,b)"),
    *(
        "a in (,)",
        "a in (,,)",
        "a notin ()",
        "a in(b)",
        "in",
        "notin",
        "in in (in)",
        "a=in",
        "in=a",
        "!in",
        "a in (notin)",
    ),
    *("a>1", "a<1", "a > -1", "a>+1", "a/b=c", "a.b/c.d=e_f", "A=B", "1=1", "a\tin\n(b)"),
    *(f"{_LONG}={_LONG}", f"{_LONG}a=b", f"a={_LONG}a", "a=b=c", "a=b,", ",a", ",", "a,,b", "a b"),
    *("a in", "a in ()", "a in (", "a in (b", "a in b", "a in (b c)", "a in (b)(c)", "a in (b),"),
    *("a =! b", "!", "!a=b", "!!a", "a!", "a!b", "=a", "!=a", "==a", "a===b", "a=(b)", "(a)", "a)"),
    *("a>b", "a>", "a>1,", "a<=1", "a>=1", "a>1.5", "a><1", "-a", "a-", "a_=b", "a=b-", "a=-b"),
    *("/a", "a/", "a/b/c", "A/b", "a=b/c", "ä", "a=ä", "a:b", "a=b:c", "a in (b:c)", "a; b"),
    *("a\u00a0", "a notIn (b)", "a IN (b)", "a NOT b", "'a'=b", '"a"', "{a}", "a=b&c", "a=>b"),
]
_FIELDS = [
    *("", ",", "metadata.name=a", "metadata.name==a", "metadata.name!=a", "metadata.name="),
    *("metadata.namespace=a", "metadata.name=a,metadata.namespace!=b", "metadata.name=a,"),
    *(",metadata.name=a", r"metadata.name=a\,b", r"metadata.name=a\=b", r"metadata.name=a\\b"),
    *("metadata.name", "metadata.name = a", "a", "a=b", "=a", "=", "spec.x=y", "status.phase=a"),
    *("metadata.uid=a", "metadata.name=a=b", r"metadata.name=a\b", "metadata.name>1", "name=a"),
    *(r"metadata.name=a\b,metadata.name=c", "metadata.name!=a!=b", "metadata.name=a!=b"),
    *("metadata.name=a\\", " ", "metadata.name=A b", "metadata.name in (a)", "!metadata.name"),
    *("==", "!=", "=,metadata.name=a", "=a,metadata.name=b", " =", "!==", "metadata.name=a,=,"),
]


def _is_refused(api: Api, namespace: str, query: dict[str, str]) -> bool:
    try:
        api.request("GET", daemonsets(namespace), query=query)
    except RefusedByServerError as error:
        return error.status == 400
    return False


@pytest.mark.parametrize(
    ("parameter", "check", "texts"),
    [
        ("labelSelector", check_label_selectors, _LABELS),
        ("fieldSelector", check_field_selectors, _FIELDS),
    ],
)
def test_as_the_server_judges(
    api: Api,
    namespace: str,
    parameter: str,
    check: Callable[[str, list[str]], list[Fault]],
    texts: list[str],
) -> None:
    differ: dict[str, Any] = {
        text: check("x", [text])
        for text in texts
        if bool(check("x", [text])) != _is_refused(api, namespace, {parameter: text})
    }
    assert differ == {}
