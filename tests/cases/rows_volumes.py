# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows about volumes and their mounts."""

from __future__ import annotations

from typing import Any

from .row import AGENT, Row, refused, row, surprising


def _mounted(volume: dict[str, Any], **mount: Any) -> dict[str, Any]:
    mounts = [{"name": "v", "mount_path": "/v", **mount}]
    return {
        "containers": [{**AGENT, "volume_mounts": mounts}],
        "volumes": [{"name": "v", **volume}],
    }


_M = "C.volumeMounts.0"
VOLUMES: list[Row] = [
    row(
        "D31 K20 K21 K22 L31",
        "temporary, empty and yet present",
        {"V": {"name": "v", "emptyDir": {}}, f"{_M}.mountPath": "/v"},
        **_mounted({"empty_dir": {}}),
    ),
    row(
        "K22",
        "null beside absent",
        {"V": {"name": "v", "emptyDir": {}}},
        **_mounted({"empty_dir": {}, "host_path": None}),
    ),
    row("K20", "no source is a temporary one", {"V.emptyDir": {}}, volumes=[{"name": "v"}]),
    refused(
        "K20",
        "two sources",
        "volumes[0]",
        "one source",
        volumes=[{"name": "v", "empty_dir": {}, "host_path": {"path": "/x"}}],
    ),
    row(
        "D31 K20 K23 L31",
        "a claim",
        {"V.persistentVolumeClaim.claimName": "data"},
        **_mounted({"persistent_volume_claim": {"claim_name": "data"}}),
    ),
    row(
        "K20 K26 Y2",
        "a folder of the node, its slash kept",
        {"V.hostPath": {"path": "/var/log/", "type": ""}},
        **_mounted({"host_path": {"path": "/var/log/"}}),
    ),
    row(
        "Y2",
        "made where it is not there",
        {"V.hostPath.type": "DirectoryOrCreate"},
        **_mounted({"host_path": {"path": "/x", "type": "directoryorcreate"}}),
    ),
    refused(
        "Y2",
        "no such type",
        "volumes[0].host_path.type",
        "Directory",
        volumes=[{"name": "v", "host_path": {"path": "/x", "type": "Folder"}}],
    ),
    refused(
        "K26 Y2",
        "up and out",
        "volumes[0].host_path.path",
        '".."',
        volumes=[{"name": "v", "host_path": {"path": "/x/../y"}}],
    ),
    row(
        "L27",
        "a ConfigMap, octal mode",
        {"V.configMap": {"name": "c", "defaultMode": 0o400, "items": [{"key": "k", "path": "p"}]}},
        **_mounted(
            {
                "config_map": {
                    "name": "c",
                    "default_mode": "0400",
                    "items": [{"key": "k", "path": "p"}],
                }
            },
            read_only=True,
        ),
    ),
    surprising(
        "L27",
        "one file of it",
        "containers[0].volume_mounts[0].sub_path",
        "the ConfigMap changes",
        **_mounted({"config_map": {"name": "c"}}, sub_path="k"),
    ),
    row(
        "L28",
        "a Secret",
        {"V.secret": {"secretName": "s", "defaultMode": 0o644}},
        **_mounted({"secret": {"secret_name": "s"}}),
    ),
    surprising(
        "L28",
        "one file of a Secret",
        "containers[0].volume_mounts[0].sub_path",
        "the Secret changes",
        **_mounted({"secret": {"secret_name": "s"}}, sub_path="k"),
    ),
    refused(
        "L28",
        "the name of a ConfigMap's field",
        "volumes[0].secret.name",
        "secret_name",
        volumes=[{"name": "v", "secret": {"name": "s"}}],
    ),
    refused(
        "L27",
        "a path that leaves",
        "containers[0].volume_mounts[0].sub_path",
        '".."',
        **_mounted({"empty_dir": {}}, sub_path="../x"),
    ),
    row(
        "L34 Y11",
        "read-only",
        {f"{_M}.readOnly": True},
        **_mounted({"empty_dir": {}}, read_only=True),
    ),
    row(
        "L34",
        "a volume that nothing mounts",
        {"V.emptyDir": {}},
        volumes=[{"name": "v", "empty_dir": {}}],
    ),
    refused(
        "L34",
        "a long name",
        "volumes[0].name",
        "at most 63",
        volumes=[{"name": "v" * 64, "empty_dir": {}}],
    ),
    refused(
        "L34 Y11",
        "one path twice",
        "containers[0].volume_mounts[1].mount_path",
        "second mount",
        containers=[{**AGENT, "volume_mounts": [{"name": "v", "mount_path": "/v"}] * 2}],
        volumes=[{"name": "v", "empty_dir": {}}],
    ),
    refused(
        "Y11",
        "no such volume",
        "containers[0].volume_mounts[0].name",
        "did you mean",
        containers=[{**AGENT, "volume_mounts": [{"name": "dta", "mount_path": "/v"}]}],
        volumes=[{"name": "data", "empty_dir": {}}],
    ),
    row(
        "Y12",
        "one volume in two containers",
        {"P.containers.1.volumeMounts.0.mountPath": "/b"},
        containers=[
            {**AGENT, "volume_mounts": [{"name": "v", "mount_path": "/a"}]},
            {
                "name": "side",
                "image": "side:1",
                "volume_mounts": [{"name": "v", "mount_path": "/b"}],
            },
        ],
        volumes=[{"name": "v", "empty_dir": {}}],
    ),
    refused(
        "Y13",
        "mounts out of a container without rights",
        "containers[0].volume_mounts[0].mount_propagation",
        "privileged",
        **_mounted({"empty_dir": {}}, mount_propagation="Bidirectional"),
    ),
    row(
        "Y13 Y14",
        "mounts out of a privileged container",
        {f"{_M}.mountPropagation": "Bidirectional"},
        containers=[
            {
                **AGENT,
                "security_context": {"privileged": True},
                "volume_mounts": [
                    {"name": "v", "mount_path": "/v", "mount_propagation": "Bidirectional"}
                ],
            }
        ],
        volumes=[{"name": "v", "host_path": {"path": "/v"}}],
    ),
]
