# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No evidence shows a secret that a program or the cluster wrote, and prose stays as it is."""

from __future__ import annotations

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.redaction import (
    MARKER,
    redact_text,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.said import redact_said
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.exits import log_in_words
from ansible_collections.everynode.kubernetes.plugins.module_utils._nodes.trouble import (
    without_secrets,
)
from hypothesis import given
from hypothesis import strategies as st

# What stands for a secret is hunter2, with or without what makes it longer.
TOLD = [
    "password: hunter2",
    "password : hunter2 user: bob",
    "Password:hunter2",
    "password = hunter2",
    "password=hunter2",
    "password := hunter2",
    "password => hunter2",
    "password: 'hunter2 hunter2'",
    'password: "hunter2 \\" hunter2"',
    'password: "hunter2 hunter2',
    "password: 'hunter2 hunter2",
    'level=error msg="password: hunter2"',
    'level=error msg="cannot log in with password: hunter2"',
    "user bob, db_password: hunter2, host: db",
    "DB_PASSWORD: hunter2",
    "dbPassword: hunter2",
    "spring.datasource.password: hunter2",
    "X-Api-Key: hunter2hunter2",
    "api key: hunter2",
    "access token: hunter2",
    "token: hunter2",
    "token: hunter2 was rejected",
    "auth-token: hunter2",
    "secret: hunter2",
    "client_secret: hunter2",
    "private_key: hunter2",
    "passphrase: hunter2",
    "Cookie: session=hunter2; id=hunter2",
    "Set-Cookie: session=hunter2; Path=/",
    "Authorization: Bearer hunter2",
    "authorization: basic hunter2hunter2",
    "Authorization: hunter2",
    "Proxy-Authorization: Basic hunter2",
    '"Authorization": "Bearer hunter2"',
    "map[Accept:[*/*] Authorization:[Bearer hunter2] X-Token:[hunter2]]",
    "{User:bob Password:hunter2}",
    "{'user': 'bob', 'password': 'hunter2'}",
    '{"user":"bob","password":"hunter2"}',
    '{"user": "bob", "password" : "hunter2", "pin": 1}',
    '{"msg":"failed","body":"{\\"user\\":\\"bob\\",\\"password\\":\\"hunter2\\"}"}',
    '{"password": 2, "token": hunter2}',
    "line one\npassword: hunter2\nline three",
    "one | token: hunter2 | three",
    "https://bob:hunter2@example.test/x",
]


@pytest.mark.parametrize("text", TOLD)
def test_a_secret_that_is_told_is_hidden(text: str) -> None:
    shown = redact_said(text)
    assert "hunter2" not in shown
    assert MARKER in shown
    # What is shown is not redacted any further.
    assert redact_said(shown) == shown
    assert without_secrets(text) == without_secrets(shown)
    assert "hunter2" not in log_in_words(text, {}, 300)


INNOCENT = [
    "",
    "secret: not found",
    "password: required",
    "password is required",
    "password: must not be empty",
    "password:",
    "password: ",
    "token: expired",
    "token: context deadline exceeded",
    "cannot fetch token: Get failed",
    "cannot fetch token: dial tcp 192.0.2.1:443: connect: connection refused",
    "cannot read token: open /run/token: no such file or directory",
    "Access denied for user 'bob'@'db' (using password: YES)",
    "password: none",
    "password: ${DB_PASSWORD}",
    "unexpected token: }",
    "Unexpected token: x in JSON",
    'secret "db-password" not found',
    'MountVolume.SetUp failed for volume "x" : secret "token" not found',
    "references non-existent secret key: tls.crt",
    "couldn't find key password in Secret logging/login",
    'Failed to pull image "registry.test/secret:1.2": not found',
    'Back-off pulling image "token:1.2"',
    "registry.test/secret:1.2: not found",
    "secret-agent: started",
    "container token: exit code 1, restarted once",
    "init container vault-secret: CreateContainerError",
    "token-refresher: 3 retries left",
    "token_file: /run/token",
    "password_policy: strict",
    "std::token::Kind",
    "token://x",
    "pass: 12 fail: 3",
    "key: value",
    "max_tokens: 5",
    "node: node-1 user: bob",
    "password == other",
    "invalid token: expected a number",
    "level=info ts=12 msg=ready",
]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert redact_said(text) == text


def test_more_of_the_line_stays_where_it_can() -> None:
    told = "login failed: user: bob, password: hunter2, host: db (attempt 3)"
    assert redact_said(told) == (
        f"login failed: user: bob, password: {MARKER}, host: db (attempt 3)"
    )
    assert redact_said('{"password":"x y","user":"bob"}') == (
        f'{{"password":"{MARKER}","user":"bob"}}'
    )


def test_values_of_manifests_are_not_prose() -> None:
    note = "secret: rotated weekly"
    assert redact_text(note) == note


@given(
    st.lists(st.sampled_from([*TOLD, *INNOCENT, "x", '"', "\\", "'", "\n"]), max_size=5),
    st.sampled_from([" ", ", ", " | ", "\n"]),
)
def test_whatever_stands_around_it(parts: list[str], between: str) -> None:
    shown = redact_said(between.join(parts))
    assert redact_said(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "password" * 20_000,
        "password " * 20_000,
        "password:" * 20_000,
        "password:\t\t\t" * 20_000,
        'password: "' + '\\"' * 50_000,
        'password: "' + "\\\\" * 50_000 + "\n",
        "'\"" * 50_000,
        '"a' * 50_000,
        "api " * 30_000,
        "a." * 50_000,
        " " * 100_000,
        "token: '" * 20_000,
        "authorization: [[" + "[" * 50_000,
    ],
    ids=range(14),
)
def test_a_long_text_is_gone_through_once(text: str) -> None:
    # A pattern that tries the same again and again would take hours here.
    assert redact_said(text)
