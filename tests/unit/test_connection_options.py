# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the values of connection options come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.doc_fragments.connection import (
    ModuleDocFragment,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._base.errors import (
    CredentialsError,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.kubeconfig import (
    read_content,
    read_files,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.options import (
    CONNECTION_SPEC,
    ENVIRONMENT,
    with_environment,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.proxies import (
    is_exempt,
    proxy_for,
)
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.resolve import resolve
from ansible_collections.everynode.kubernetes.plugins.module_utils._cluster.user_agent import (
    COLLECTION_VERSION,
    user_agent,
)

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENT: dict[str, Any] = {
    "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://example.org"}}],
    "users": [{"name": "u", "user": {"token": "t0ken"}}],
}


def test_the_documentation_is_in_step() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert documented.keys() == CONNECTION_SPEC.keys()
    for name, spec in CONNECTION_SPEC.items():
        for key in ("type", "default", "elements", "aliases"):
            assert documented[name].get(key) == spec.get(key), (name, key)
    text = ModuleDocFragment.DOCUMENTATION
    assert set(ENVIRONMENT.values()) <= set(re.findall(r"E\(([A-Z0-9_]+)\)", text))


def test_the_version_is_that_of_the_collection() -> None:
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())
    assert galaxy["version"] == COLLECTION_VERSION


@pytest.mark.parametrize(
    ("environ", "job"),
    [
        ({}, ""),
        ({"JOB_ID": "12"}, "; awx-job=12"),
        ({"AWX_JOB_ID": "12"}, "; awx-job=12"),
        ({"TOWER_JOB_ID": "1\r\nX-Evil: 2)"}, "; awx-job=1X-Evil2"),
    ],
)
def test_the_user_agent(environ: dict[str, str], job: str) -> None:
    pattern = rf"everynode\.kubernetes/{COLLECTION_VERSION} \(ansible-core [0-9.a-z]+{job}\)"
    assert re.fullmatch(pattern, user_agent(environ))


@pytest.mark.parametrize(
    ("options", "environ", "found", "left_aside"),
    [
        ({}, {"K8S_AUTH_HOST": "https://e"}, {"host": "https://e"}, []),
        ({"host": "https://o"}, {"K8S_AUTH_HOST": "https://e"}, {"host": "https://o"}, []),
        ({}, {"K8S_AUTH_HOST": ""}, {"host": None}, []),
        ({}, {"K8S_AUTH_VERIFY_SSL": "False"}, {"validate_certs": False}, []),
        ({}, {"K8S_AUTH_VERIFY_SSL": "yes"}, {"validate_certs": True}, []),
        ({}, {"K8S_AUTH_IMPERSONATE_GROUPS": "a,b"}, {"impersonate_groups": ["a", "b"]}, []),
        (
            {"kubeconfig": "/k"},
            {"K8S_AUTH_HOST": "https://e", "K8S_AUTH_API_KEY": "x", "K8S_AUTH_VERIFY_SSL": "no"},
            {"host": None, "api_key": None, "validate_certs": False},
            ["K8S_AUTH_HOST", "K8S_AUTH_API_KEY"],
        ),
        (
            {"context": "c"},
            {"K8S_AUTH_KUBECONFIG": "/k", "K8S_AUTH_API_KEY": "x"},
            {"kubeconfig": "/k", "api_key": None},
            ["K8S_AUTH_API_KEY"],
        ),
        (
            {"kubeconfig_content": "x"},
            {"K8S_AUTH_KUBECONFIG": "/k", "K8S_AUTH_CONTEXT": "c"},
            {"kubeconfig": None, "context": None},
            ["K8S_AUTH_KUBECONFIG", "K8S_AUTH_CONTEXT"],
        ),
        (
            {"host": "https://o"},
            {"K8S_AUTH_API_KEY": "x"},
            {"host": "https://o", "api_key": "x"},
            [],
        ),
    ],
)
def test_options_and_variables(
    options: dict[str, Any], environ: dict[str, str], found: dict[str, Any], left_aside: list[str]
) -> None:
    given, aside = with_environment(options, environ)
    assert {name: given[name] for name in found} == found
    assert aside == left_aside


def test_a_variable_that_is_no_boolean() -> None:
    with pytest.raises(CredentialsError, match="K8S_AUTH_VERIFY_SSL is 'maybe'"):
        with_environment({}, {"K8S_AUTH_VERIFY_SSL": "maybe"})


def write(path: Path, document: Any) -> str:
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return str(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no kubeconfig and no host was found.*Give kubeconfig, or host"),
        ({"context": "a"}, "kubeconfig .*/.kube/config does not exist"),
        ({"kubeconfig": "/nowhere/config"}, "kubeconfig /nowhere/config does not exist"),
        ({"kubeconfig": "/"}, "kubeconfig / cannot be read: Is a directory"),
        ({"kubeconfig_content": ""}, "kubeconfig_content is empty"),
        ({"kubeconfig_content": "a: [s3cret"}, r"not valid YAML \(line"),
        ({"kubeconfig_content": "just a word"}, "not a kubeconfig"),
        ({"kubeconfig_content": "contexts: 3"}, "contexts is not a list"),
        ({"kubeconfig_content": "contexts: [{}]"}, "an entry of contexts has no name"),
        ({"host": "ftp://x", "api_key": "k"}, "no https:// or http:// URL"),
        ({"host": "https://u:s3cret@h", "api_key": "k"}, "without a user name"),
        ({"host": "https://h:port", "api_key": "k"}, "no URL"),
        ({"host": "https://h", "api_key": "two words"}, "blanks, line breaks"),
        ({"host": "https://h", "api_key": "k", "ca_cert": ""}, "ca_cert is empty"),
        ({"host": "https://h", "api_key": "k", "ca_cert": "/no"}, "The file /no of ca_cert cannot"),
        ({"host": "https://h", "client_key": "/no"}, "client_key is given without client_cert"),
        ({"host": "https://h", "impersonate_groups": ["a"]}, "needs impersonate_user"),
        ({"host": "https://h", "impersonate_user": "a\r\nb"}, "printable ASCII"),
        ({"in_cluster": True}, "this is no pod"),
    ],
)
def test_what_cannot_be_used_is_told(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=words) as caught:
        resolve(options, {"HOME": str(tmp_path)})
    assert "s3cret" not in str(caught.value)


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def test_the_default_file(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", DOCUMENT)
    assert resolve({}, {}).server == "https://example.org"


def test_a_context_that_is_not_there() -> None:
    with pytest.raises(CredentialsError, match=r"no context 'b'. Its contexts are: a\."):
        read_content(yaml.safe_dump(DOCUMENT)).select("b")


def test_no_current_context() -> None:
    document = {**DOCUMENT, "current-context": ""}
    with pytest.raises(CredentialsError, match=r"no current-context.*Its contexts are: a\."):
        read_content(yaml.safe_dump(document)).select(None)


@pytest.mark.parametrize(("plural", "word"), [("clusters", "cluster"), ("users", "user")])
def test_a_context_that_points_nowhere(plural: str, word: str) -> None:
    with pytest.raises(CredentialsError, match=f"names the {word} '{word[0]}'"):
        read_content(yaml.safe_dump({**DOCUMENT, plural: []})).select(None)


def test_a_file_that_may_not_be_read_or_is_broken(tmp_path: Path) -> None:
    path = write(tmp_path / "config", "users: [{name: u, user: {token: s3cret}}")
    with pytest.raises(CredentialsError, match=re.escape(path)) as caught:
        read_files([path])
    assert "s3cret" not in str(caught.value)


def test_paths_and_plugins_are_relative_to_their_file(tmp_path: Path) -> None:
    document = {
        **DOCUMENT,
        "clusters": [{"name": "c", "cluster": {"server": "x", "certificate-authority": "ca"}}],
        "users": [{"name": "u", "user": {"tokenFile": "t", "exec": {"command": "./plug"}}}],
    }
    entry = read_files([write(tmp_path / "config", document)]).select(None)
    assert entry.cluster["certificate-authority"] == str(tmp_path / "ca")
    assert entry.user["tokenFile"] == str(tmp_path / "t")
    assert entry.user["exec"]["command"] == f"{tmp_path}/./plug"


def test_removed_auth_providers_are_told() -> None:
    users = [{"name": "u", "user": {"auth-provider": {"name": "azure"}}}]
    content = yaml.safe_dump({**DOCUMENT, "users": users})
    with pytest.raises(CredentialsError, match=r"auth provider 'azure'.*kubelogin"):
        resolve({"kubeconfig_content": content}, {})


@pytest.mark.parametrize(
    ("server", "rules", "exempt"),
    [
        ("https://api.example.org", "example.org", True),
        ("https://api.example.org", ".example.org", True),
        ("https://api.example.org", "*.example.org", True),
        ("https://example.org", ".example.org", False),
        ("https://example.org", "Example.ORG", True),
        ("https://notexample.org", "example.org", False),
        ("https://example.org:6443", "example.org:6443", True),
        ("https://example.org:6443", "example.org:443", False),
        ("https://example.org", "example.org:443", True),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://11.1.2.3", "10.0.0.0/8", False),
        ("https://10.1.2.3", ".3", False),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", True),
        ("https://anything", "*", True),
        ("https://anything", " , other", False),
    ],
)
def test_no_proxy(server: str, rules: str, exempt: bool) -> None:
    assert is_exempt(urlsplit(server), rules) is exempt


@pytest.mark.parametrize(
    ("server", "given", "environ", "found"),
    [
        ("https://h", {}, {}, None),
        ("https://h", {"option": "http://o"}, {"HTTPS_PROXY": "http://e"}, "http://o"),
        ("https://h", {"option": ""}, {"HTTPS_PROXY": "http://e"}, None),
        ("https://h", {"kubeconfig": "http://k"}, {"HTTPS_PROXY": "http://e"}, "http://k"),
        ("https://h", {"option": "http://o", "no_proxy": "h"}, {}, None),
        ("https://h", {"option": "http://o"}, {"NO_PROXY": "h"}, "http://o"),
        ("https://h", {}, {"HTTPS_PROXY": "http://e"}, "http://e"),
        ("https://h", {}, {"https_proxy": "e:3128"}, "http://e:3128"),
        ("https://h", {}, {"HTTP_PROXY": "http://e"}, None),
        ("http://h", {}, {"HTTP_PROXY": "http://e"}, "http://e"),
        ("https://h", {}, {"HTTPS_PROXY": "http://e", "NO_PROXY": "h"}, None),
        ("https://h", {"no_proxy": "h"}, {"HTTPS_PROXY": "http://e"}, None),
        ("https://127.0.0.1", {}, {"HTTPS_PROXY": "http://e"}, None),
        ("https://localhost", {}, {"HTTPS_PROXY": "http://e"}, None),
        ("https://127.0.0.1", {"option": "http://o"}, {}, "http://o"),
    ],
)
def test_which_proxy(
    server: str, given: dict[str, str], environ: dict[str, str], found: str | None
) -> None:
    rules = {"option": None, "kubeconfig": None, "no_proxy": None, **given}
    assert proxy_for(urlsplit(server), environ=environ, **rules) == found
