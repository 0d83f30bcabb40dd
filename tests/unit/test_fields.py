# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of typed parameters, and the documentation that is generated from it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.everynode.kubernetes.plugins.doc_fragments.pod import ModuleDocFragment
from ansible_collections.everynode.kubernetes.plugins.module_utils._spec.fields import (
    PARAMETERS,
    argument_spec,
    type_of,
)

from tools.generate.docs import TARGET, fragment_text

OPTIONS: dict[str, Any] = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("name", {"type": "str"}),
        ("containers", {"type": "list", "elements": "dict"}),
        ("labels", {"type": "dict"}),
        ("affinity", {"type": "dict"}),
        ("host_network", {"type": "bool"}),
        # Ansible takes true for the whole number 1; raw values are checked by us.
        ("min_ready_seconds", {"type": "raw"}),
        ("image_pull_secrets", {"type": "list", "elements": "dict", "no_log": False}),
        ("definition", {"type": "raw"}),
    ],
)
def test_the_argument_spec(name: str, entry: dict[str, Any]) -> None:
    assert argument_spec()[name] == entry


def test_every_parameter_is_a_field_of_the_daemonset_of_its_own() -> None:
    assert len(set(PARAMETERS.values())) == len(PARAMETERS)
    for name in PARAMETERS:
        assert type_of(name).kind in {"object", "list", "map", "string", "boolean", "integer"}


def test_the_documentation_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == fragment_text()


def test_the_documentation_has_the_argument_spec() -> None:
    spec = argument_spec()
    assert set(OPTIONS) == set(spec)
    for name, entry in spec.items():
        for key in ("type", "elements", "default"):
            assert OPTIONS[name].get(key) == entry.get(key)


def documented(path: str) -> dict[str, Any]:
    """The documentation of a suboption, by its path in snake_case."""
    first, *others = path.split(".")
    found: dict[str, Any] = OPTIONS[first]
    for name in others:
        found = found["suboptions"][name]
    return found


@pytest.mark.parametrize(
    "path",
    """
    containers.name containers.image containers.image_pull_policy containers.always_pull
    containers.env.value_from.field_ref.field_path containers.env.value_from.secret_key_ref.key
    containers.env.value_from.resource_field_ref.resource containers.ports.host_port
    containers.liveness_probe.http_get.scheme containers.startup_probe.exec.command
    containers.lifecycle.pre_stop.exec.command containers.resources.limits
    containers.security_context.capabilities.drop containers.volume_mounts.mount_propagation
    containers.termination_message_policy init_containers.env.name
    volumes.host_path.type volumes.config_map.items.path volumes.secret.secret_name
    volumes.empty_dir.size_limit volumes.persistent_volume_claim.claim_name
    volumes.projected.sources.service_account_token.path volumes.csi.driver
    volumes.downward_api.items.field_ref.field_path
    tolerations.toleration_seconds update_strategy.rolling_update.max_unavailable
    pod_security_context.seccomp_profile.type pod_security_context.windows_options.host_process
    affinity.pod_anti_affinity.required_during_scheduling_ignored_during_execution.topology_key
    dns_config.options.value host_aliases.hostnames selector.match_labels
    """.split(),
)
def test_what_users_need_is_documented(path: str) -> None:
    entry = documented(path)
    assert entry["description"]
    assert entry["type"]


def test_allowed_values_are_documented() -> None:
    assert documented("containers.ports.protocol")["choices"] == ["SCTP", "TCP", "UDP"]
    assert documented("volumes.host_path.type")["choices"][0] == "BlockDevice"


def test_fields_that_are_not_described_are_named() -> None:
    assert "C(volume_devices)" in " ".join(documented("containers")["description"])
    assert "C(glusterfs)" in " ".join(documented("volumes")["description"])
