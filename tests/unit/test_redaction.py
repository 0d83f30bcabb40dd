# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets never show, everything else does, and a changed secret still shows as a change."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.redaction import (
    MARKER,
    redact,
    redact_pair,
    redact_text,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.secret_names import (
    ends_secret,
    looks_secret,
)
from hypothesis import given
from hypothesis import strategies as st

SECRET_NAMES = [
    "PASSWORD",
    "DB_PASSWORD",
    "dbPassword",
    "MYSQL_ROOT_PASSWORD",
    "PGPASSWORD",
    "REDIS_PASS",
    "DB_PWD",
    "PASSPHRASE",
    "TOKEN",
    "GITHUB_TOKEN",
    "authToken",
    "APITOKEN",
    "SECRET",
    "CLIENT_SECRET",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SESSION_TOKEN",
    "API_KEY",
    "apiKey",
    "APIKEY",
    "DD_API_KEY",
    "ENCRYPTION_KEY",
    "PRIVATE_KEY",
    "SSH_KEY",
    "LICENSE_KEY_1",
    "GOOGLE_CREDENTIALS",
    "BASIC_AUTH_CREDS",
    "Authorization",
    "X-Api-Key",
    "SENTRY_DSN",
    "db-password",
]
OPEN_NAMES = [
    "",
    "HOME",
    "PWD",
    "PATH",
    "KEY",
    "KEY_FILE",
    "TOKEN_PATH",
    "TOKEN_FILE",
    "TOKEN_URL",
    "PASSWORD_FILE",
    "SECRET_NAME",
    "SECRET_NAMESPACE",
    "KEYSPACE",
    "KEYBOARD",
    "MONKEY",
    "PUBLIC_KEY",
    "TOPOLOGY_KEY",
    "MAX_TOKENS",
    "TOKEN_TTL",
    "TOKENIZER",
    "COMPASS",
    "BYPASS",
    "SECRETARY",
    "NODE_NAME",
    "TOKEN_REVIEW",
    "PASSWORD_POLICY",
    "AUTHOR",
    "JOB_KEYWORDS",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_that_promise_a_secret(name: str) -> None:
    assert looks_secret(name)
    assert redact({"name": name, "value": "v4lue"}) == {"name": name, "value": MARKER}


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_names_that_do_not(name: str) -> None:
    assert not looks_secret(name)
    assert redact({"name": name, "value": "v4lue"}) == {"name": name, "value": "v4lue"}


@pytest.mark.parametrize("key", ["password", "api_key", "client-secret", "id-token", "secretKey"])
def test_keys_of_maps_whose_values_are_secret(key: str) -> None:
    assert ends_secret(key)
    assert redact({key: "v4lue"}) == {key: MARKER}


@pytest.mark.parametrize(
    "key",
    [
        "key",
        "topologyKey",
        "restart_key",
        "client_key",
        "secretName",
        "secretProviderClass",
        "name",
        "kubernetes.io/service-account.name",
        "vault.hashicorp.com/agent-inject-secret-config",
    ],
)
def test_keys_of_maps_whose_values_are_not(key: str) -> None:
    assert redact({key: "v4lue"}) == {key: "v4lue"}


@pytest.mark.parametrize("value", ["", "true", "False", "none", "$(OTHER)", "${OTHER}", "$OTHER"])
def test_values_that_give_nothing_away(value: str) -> None:
    assert redact({"name": "DB_PASSWORD", "value": value})["value"] == value


TEXTS = [
    ("run --password=s3cret now", "run --password=******** now"),
    ("run --db-password s3cret now", "run --db-password ******** now"),
    ("-token=s3cret", "-token=********"),
    ("--password='two words' -v", "--password='********' -v"),
    (
        "sh -c 'X_TOKEN=s3cret run --api-key s3cret'",
        "sh -c 'X_TOKEN=******** run --api-key ********'",
    ),
    ("--token --other", "--token --other"),
    ("--token-file=/etc/token", "--token-file=/etc/token"),
    ("--max-tokens=5", "--max-tokens=5"),
    ("--token=$(TOKEN)", "--token=$(TOKEN)"),
    ("https://me:s3cret@example.org/p?q=1", "https://********@example.org/p?q=1"),
    ("postgres://u:p@ss@db:5432/x", "postgres://********@db:5432/x"),
    ("see https://example.org/a@b", "see https://example.org/a@b"),
    ("mail me@example.org", "mail me@example.org"),
    ("Authorization: Bearer s3cret.s3cret", "Authorization: Bearer ********"),
    ("authorization: Basic czNjcmV0", "authorization: Basic ********"),
    ("a bearer token is wanted", "a bearer token is wanted"),
    ('{"password": "s3cret", "user": "me"}', '{"password": "********", "user": "me"}'),
    ("jwt eyJhbGciOi.eyJzdWIi.c2lnbmF0 end", "jwt ******** end"),
    ("secret: not found", "secret: not found"),
    ('secrets "db-password" not found', 'secrets "db-password" not found'),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----********-----END RSA PRIVATE KEY-----\n",
    ),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_texts(text: str, shown: str) -> None:
    assert redact_text(text) == shown
    # What is shown is not redacted any further.
    assert redact_text(shown) == shown


def test_a_flag_and_its_value_as_two_words() -> None:
    given = {"args": ["--token", "s3cret", "--verbose", "word", "--password", "--quiet"]}
    assert redact(given) == {
        "args": ["--token", MARKER, "--verbose", "word", "--password", "--quiet"]
    }


def test_a_whole_daemonset() -> None:
    last_applied = "kubectl.kubernetes.io/last-applied-configuration"
    manifest: dict[str, Any] = {
        "kind": "DaemonSet",
        "metadata": {
            "labels": {"token": "is-a-label"},
            "annotations": {last_applied: "{...s3cret...}", "note": "fine"},
        },
        "spec": {
            "template": {
                "spec": {
                    "nodeSelector": {"has-secret": "here"},
                    "tolerations": [{"key": "a", "operator": "Exists"}],
                    "volumes": [
                        {"name": "token", "secret": {"secretName": "x"}},
                        {"name": "c", "csi": {"volumeAttributes": {"password": "s3cret"}}},
                    ],
                    "containers": [
                        {
                            "name": "password-agent",
                            "image": "registry/me/secret-agent:1",
                            "env": [
                                {"name": "A_TOKEN", "value": "s3cret"},
                                {"name": "B_TOKEN", "valueFrom": {"secretKeyRef": {"key": "k"}}},
                                {"name": "URL", "value": "http://u:s3cret@h"},
                            ],
                            "command": ["sh", "-c", "login --password=s3cret"],
                            "livenessProbe": {
                                "httpGet": {
                                    "httpHeaders": [{"name": "Authorization", "value": "s3cret"}]
                                }
                            },
                        }
                    ],
                }
            }
        },
    }
    before = copy.deepcopy(manifest)
    shown = redact(manifest)
    assert manifest == before
    assert "s3cret" not in json.dumps(shown)
    assert shown["metadata"]["labels"] == manifest["metadata"]["labels"]
    assert shown["metadata"]["annotations"] == {last_applied: MARKER, "note": "fine"}
    pod, original = (x["spec"]["template"]["spec"] for x in (shown, manifest))
    assert pod["nodeSelector"] == original["nodeSelector"]
    assert pod["tolerations"] == original["tolerations"]
    assert pod["volumes"][0] == original["volumes"][0]
    assert pod["containers"][0]["image"] == original["containers"][0]["image"]
    assert pod["containers"][0]["env"][1] == original["containers"][0]["env"][1]


def test_data_of_a_secret() -> None:
    given = {"kind": "Secret", "data": {"a": "czNjcmV0"}, "stringData": {"b": "s3cret"}}
    assert redact(given) == {"kind": "Secret", "data": {"a": MARKER}, "stringData": {"b": MARKER}}


def test_given_secrets_anywhere() -> None:
    given = {
        "labels": {"x": "abcd-1"},
        "list": ["pre abcd post", {"abcd": 1}],
        "short": ["ab", "abc"],
    }
    assert redact(given, ["abcd", "ab", ""]) == {
        "labels": {"x": f"{MARKER}-1"},
        "list": [f"pre {MARKER} post", {MARKER: 1}],
        "short": [MARKER, "abc"],
    }


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert redact_text("abcdefgh", ["abcd", "abcdefgh"]) == MARKER


def env(value: str) -> list[dict[str, str]]:
    return [{"name": "DB_PASSWORD", "value": value}]


def test_a_changed_secret_shows_as_a_change() -> None:
    before, after = redact_pair(env("one-value"), env("two-value"))
    assert before == env(MARKER)
    assert after == env(f"{MARKER} (2)")


def test_swapped_secrets_show_as_a_change() -> None:
    before, after = redact_pair([env("one"), env("two")], [env("two"), env("one")])
    assert before != after


def test_the_same_secret_shows_as_the_same() -> None:
    before, after = redact_pair(env("one"), [{"name": "OTHER", "value": "x"}, *env("one")])
    assert before == env(MARKER)
    assert after[1:] == before


words = st.text(st.sampled_from("abcXYZ019"), min_size=5, max_size=9)
secret_values = words.map(lambda word: f"c4n4ry{word}")
places = st.sampled_from(
    [
        lambda value: {"name": "A_PASSWORD", "value": value},
        lambda value: {"args": ["--token", value]},
        lambda value: {"args": [f"--token={value}"]},
        lambda value: {"command": ["sh", "-c", f"X_SECRET={value} run"]},
        lambda value: {"url": f"https://me:{value}@host/path"},
        lambda value: {"password": value},
        lambda value: {"kind": "Secret", "data": {"x": value}},
        lambda value: {"note": f"Authorization: Bearer {value}"},
        lambda value: {"kubectl.kubernetes.io/last-applied-configuration": value},
    ]
)


@given(places, secret_values, secret_values)
def test_pairs_differ_exactly_where_the_values_do(place: Any, one: str, two: str) -> None:
    before, after = redact_pair(place(one), place(two))
    assert (before == after) == (one == two)
    assert "c4n4ry" not in json.dumps([before, after])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_value_keeps_its_structure_and_stays_as_it_was(value: Any) -> None:
    before = copy.deepcopy(value)
    shown = redact(value)
    assert value == before
    assert _shape(shown) == _shape(value)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [_shape(item) for item in value.values()]
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return type(value)


@given(st.text(max_size=60), secret_values)
def test_a_given_secret_is_in_no_text(text: str, secret: str) -> None:
    assert secret not in redact_text(f"{text}{secret}{text}", [secret])


def test_images_are_shown_whatever_their_containers_are_called() -> None:
    images = {"csi-token": "example.test/registrar:1"}
    assert redact({"images": images}) == {"images": images}
