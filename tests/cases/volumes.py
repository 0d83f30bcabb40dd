# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes and their sources."""

from __future__ import annotations

from typing import Any

from .case import Case, fault, fine, warned

_X = "P.volumes.4"


def _volume(**source: Any) -> dict[str, Any]:
    return {_X: {"name": "x", **source}}


def _projected(*sources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _volume(projected={"sources": list(sources), **more})


def _claim(**spec: Any) -> dict[str, Any]:
    complete = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        **spec,
    }
    return _volume(ephemeral={"volumeClaimTemplate": {"spec": complete}})


_TEMPLATE = f"{_X}.ephemeral.volumeClaimTemplate"
_ITEM = {"key": "a", "path": "b"}
_TOKEN = {"path": "token"}

_COMMON = [
    fault("V.name", "Logs", at="V.name", says="volume name"),
    fault("V.name", "a.b", at="V.name", says="volume name"),
    fault({_X: {"emptyDir": {}}}, at=f"{_X}.name", says="missing"),
    fault({_X: {"name": "logs", "emptyDir": {}}}, at=f"{_X}.name", says="a second volume"),
    fine(_volume()),
    fine(_volume(emptyDir={})),
    fine(_volume(emptyDir={}, hostPath=None)),
    fault(
        _volume(emptyDir={}, hostPath={"path": "/a"}), at=_X, says="has 2: emptyDir and hostPath"
    ),
    fault(_volume(configMap={"name": "a"}, secret={"secretName": "b"}), at=_X, says="one source"),
    fine(_volume(emptyDir={"medium": "Memory", "sizeLimit": "1Gi"})),
    fine(_volume(emptyDir={"medium": "Whatever"})),
    fault(_volume(emptyDir={"sizeLimit": "-1"}), at=f"{_X}.emptyDir.sizeLimit", says="0 or more"),
    fault(_volume(emptyDir={"sizeLimit": "1GB"}), at=f"{_X}.emptyDir.sizeLimit", says='"1G"'),
    *(
        fine(_volume(hostPath={"path": "/a", "type": kind}))
        for kind in (
            "",
            "DirectoryOrCreate",
            "Directory",
            "FileOrCreate",
            "File",
            "Socket",
            "CharDevice",
            "BlockDevice",
        )
    ),
    fine(_volume(hostPath={"path": "c:\\a"})),
    fine(_volume(hostPath={"path": "\\\\.\\pipe\\a"})),
    warned(_volume(hostPath={"path": "a/b"}), at=f"{_X}.hostPath.path", says="no absolute path"),
    fault(_volume(hostPath={"path": "/a/../b"}), at=f"{_X}.hostPath.path", says='".."'),
    fine(_volume(hostPath={"path": "/a..b/..."})),
    fault(_volume(hostPath={}), at=f"{_X}.hostPath.path", says="missing"),
    fault(_volume(hostPath={"path": "/a", "type": "Dir"}), at=f"{_X}.hostPath.type", says="Socket"),
    fault(_volume(persistentVolumeClaim={}), at=f"{_X}.persistentVolumeClaim.claimName"),
    fine(_volume(persistentVolumeClaim={"claimName": "Any Name"})),
    fine(_volume(image={"reference": "a:b"})),
    fine(_volume(image={})),
    fault(_volume(image={"pullPolicy": "Sometimes"}), at=f"{_X}.image.pullPolicy", says='"Always"'),
    fault(_volume(gitRepo={}), at=f"{_X}.gitRepo.repository", says="missing"),
]

_FILES = [
    fine(_volume(secret={"secretName": "a", "items": [_ITEM], "defaultMode": 0o400})),
    fine(_volume(secret={"secretName": "Any Name", "optional": True})),
    fault(_volume(secret={}), at=f"{_X}.secret.secretName", says="missing"),
    fault(_volume(configMap={}), at=f"{_X}.configMap.name", says="missing"),
    fine(_volume(configMap={"name": "a", "defaultMode": 0})),
    fine(_volume(configMap={"name": "a", "defaultMode": 511})),
    fault(
        _volume(configMap={"name": "a", "defaultMode": 755}),
        at=f"{_X}.configMap.defaultMode",
        says='for the octal mode 0755 write "0755"',
    ),
    fault(_volume(configMap={"name": "a", "defaultMode": -1}), at=f"{_X}.configMap.defaultMode"),
    fault(_volume(configMap={"name": "a", "defaultMode": 999}), at=f"{_X}.configMap.defaultMode"),
    fault(
        _volume(configMap={"name": "a", "items": [{**_ITEM, "mode": 512}]}),
        at=f"{_X}.configMap.items.0.mode",
        says="0777",
    ),
    fault(
        _volume(configMap={"name": "a", "items": [{"path": "b"}]}),
        at=f"{_X}.configMap.items.0.key",
        says="missing",
    ),
    fault(
        _volume(configMap={"name": "a", "items": [{"key": "b"}]}),
        at=f"{_X}.configMap.items.0.path",
        says="missing",
    ),
    *(
        fault(
            _volume(configMap={"name": "a", "items": [{"key": "b", "path": path}]}),
            at=f"{_X}.configMap.items.0.path",
        )
        for path in ("/a", "a/../b", "..a", "..")
    ),
    fine(_volume(configMap={"name": "a", "items": [{"key": "b", "path": "a/..b"}]})),
    fine(_volume(configMap={"name": "a", "items": [_ITEM, _ITEM]})),
    # Downward API.
    fine(
        _volume(
            downwardAPI={
                "items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {
                        "path": "cpu",
                        "mode": 0o400,
                        "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu"},
                    },
                ]
            }
        )
    ),
    fault(
        _volume(downwardAPI={"items": [{"path": "a"}]}), at=f"{_X}.downwardAPI.items.0", says="none"
    ),
    fault(
        _volume(downwardAPI={"items": [{"path": "a", "fieldRef": {"fieldPath": "spec.nodeName"}}]}),
        at=f"{_X}.downwardAPI.items.0.fieldRef.fieldPath",
        says='"metadata.name"',
    ),
    fault(
        _volume(
            downwardAPI={"items": [{"path": "a", "resourceFieldRef": {"resource": "limits.cpu"}}]}
        ),
        at=f"{_X}.downwardAPI.items.0.resourceFieldRef.containerName",
        says="missing",
    ),
    fault(
        _volume(
            downwardAPI={
                "items": [
                    {
                        "path": "a",
                        "fieldRef": {"fieldPath": "metadata.name"},
                        "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu"},
                    }
                ]
            }
        ),
        at=f"{_X}.downwardAPI.items.0",
        says="both",
    ),
    # Projected volumes.
    fine(_projected()),
    fine(_projected({})),
    fine(_projected({"secret": {"name": "a"}}, {"configMap": {"name": "b", "items": [_ITEM]}})),
    fine(_projected({"serviceAccountToken": _TOKEN}, {"serviceAccountToken": _TOKEN})),
    fault(
        _projected({"secret": {"name": "a"}, "configMap": {"name": "b"}}),
        at=f"{_X}.projected.sources.0",
        says="secret and configMap",
    ),
    fault(_projected({"secret": {}}), at=f"{_X}.projected.sources.0.secret.name", says="missing"),
    fault(
        _projected(
            {"secret": {"name": "a", "items": [_ITEM]}},
            {"configMap": {"name": "a", "items": [_ITEM]}},
        ),
        at=f"{_X}.projected.sources.1.configMap.items.0.path",
        says="a second file",
    ),
    fault(
        _projected({"serviceAccountToken": {}}),
        at=f"{_X}.projected.sources.0.serviceAccountToken.path",
        says="missing",
    ),
    fault(
        _projected({"serviceAccountToken": {**_TOKEN, "expirationSeconds": 599}}),
        at=f"{_X}.projected.sources.0.serviceAccountToken.expirationSeconds",
        says="600",
    ),
    fault(
        _projected({"serviceAccountToken": {**_TOKEN, "expirationSeconds": 2**32 + 1}}),
        at=f"{_X}.projected.sources.0.serviceAccountToken.expirationSeconds",
    ),
    fault(_projected(defaultMode=512), at=f"{_X}.projected.defaultMode", says="0777"),
    fine(_projected({"secret": {"name": "a"}, "clusterTrustBundle": {"path": "x"}})),
]

_CLAIMS = [
    fine(_claim()),
    fine(_claim(storageClassName="", volumeMode="Block")),
    fault(_volume(ephemeral={}), at=_TEMPLATE, says="missing"),
    fault(_claim(accessModes=[]), at=f"{_TEMPLATE}.spec.accessModes", says="at least one"),
    fault(_claim(accessModes=["RWO"]), at=f"{_TEMPLATE}.spec.accessModes.0", says="ReadWriteMany"),
    fault(
        _claim(accessModes=["ReadWriteOncePod", "ReadWriteOnce"]),
        at=f"{_TEMPLATE}.spec.accessModes",
        says="beside",
    ),
    fault(_claim(resources={}), at=f"{_TEMPLATE}.spec.resources.requests.storage", says="missing"),
    fault(
        _claim(resources={"requests": {"storage": 0}}),
        at=f"{_TEMPLATE}.spec.resources.requests.storage",
        says="more than 0",
    ),
    fault(_claim(volumeMode="block"), at=f"{_TEMPLATE}.spec.volumeMode", says='"Block"'),
    fault(_claim(storageClassName="A b"), at=f"{_TEMPLATE}.spec.storageClassName", says="class"),
    fault(
        _claim(dataSource={"name": "a", "kind": "VolumeSnapshot"}),
        at=f"{_TEMPLATE}.spec.dataSource.kind",
        says="PersistentVolumeClaim",
    ),
    fine(_claim(dataSource={"name": "a", "kind": "PersistentVolumeClaim"})),
    fault(
        {
            **_claim(),
            f"{_TEMPLATE}.metadata": {"name": "x"},
        },
        at=f"{_TEMPLATE}.metadata.name",
        says="only labels and annotations",
    ),
    fine({**_claim(), f"{_TEMPLATE}.metadata": {"labels": {"a": "b"}}}),
]

_STORAGE = [
    fine(_volume(csi={"driver": "Csi.Example.com", "nodePublishSecretRef": {"name": "a"}})),
    fault(_volume(csi={}), at=f"{_X}.csi.driver", says="missing"),
    fault(_volume(csi={"driver": "a" * 64}), at=f"{_X}.csi.driver", says="63"),
    fault(_volume(csi={"driver": "a_b"}), at=f"{_X}.csi.driver", says="driver"),
    fault(
        _volume(csi={"driver": "a", "nodePublishSecretRef": {}}),
        at=f"{_X}.csi.nodePublishSecretRef.name",
        says="missing",
    ),
    fine(_volume(nfs={"server": "a", "path": "/b"})),
    fault(_volume(nfs={"server": "a", "path": "b"}), at=f"{_X}.nfs.path", says="absolute"),
    fault(_volume(nfs={"path": "/b"}), at=f"{_X}.nfs.server", says="missing"),
    fine(_volume(iscsi={"targetPortal": "a", "iqn": "iqn.2001-04.com.example:x.1", "lun": 0})),
    fine(_volume(iscsi={"targetPortal": "a", "iqn": "eui.0123456789ABCDEF", "lun": 255})),
    fault(_volume(iscsi={"targetPortal": "a", "iqn": "x", "lun": 0}), at=f"{_X}.iscsi.iqn"),
    fault(
        _volume(iscsi={"targetPortal": "a", "iqn": "eui.0123456789ABCDEF", "lun": 256}),
        at=f"{_X}.iscsi.lun",
        says="255",
    ),
    fault(
        _volume(
            iscsi={
                "targetPortal": "a",
                "iqn": "eui.0123456789ABCDEF",
                "lun": 1,
                "chapAuthSession": True,
            }
        ),
        at=f"{_X}.iscsi.secretRef",
        says="CHAP",
    ),
    fine(_volume(fc={"wwids": ["a"]})),
    fine(_volume(fc={"targetWWNs": ["a"], "lun": 2})),
    fault(_volume(fc={}), at=f"{_X}.fc", says="exactly one"),
    fault(_volume(fc={"targetWWNs": ["a"]}), at=f"{_X}.fc.lun", says="lun"),
    fine(_volume(cephfs={"monitors": ["a"]})),
    fault(_volume(cephfs={"monitors": []}), at=f"{_X}.cephfs.monitors", says="at least one"),
    fine(_volume(rbd={"monitors": ["a"], "image": "b"})),
    fault(_volume(rbd={"monitors": ["a"]}), at=f"{_X}.rbd.image", says="missing"),
    fine(_volume(cinder={"volumeID": "a"})),
    fault(_volume(cinder={}), at=f"{_X}.cinder.volumeID", says="missing"),
    fine(_volume(flexVolume={"driver": "a/b", "options": {"x": "y"}})),
    fault(
        _volume(flexVolume={"driver": "a/b", "options": {"a.kubernetes.io/x": "y"}}),
        at=f"{_X}.flexVolume.options.a/kubernetes/io|x",
        says="reserved",
    ),
    fine(_volume(azureFile={"secretName": "a", "shareName": "b"})),
    fault(_volume(azureFile={"secretName": "a"}), at=f"{_X}.azureFile.shareName", says="missing"),
    fine(_volume(azureDisk={"diskName": "a", "diskURI": "https://x"})),
    fine(_volume(azureDisk={"diskName": "a", "diskURI": "/subscriptions/x", "kind": "Managed"})),
    fault(
        _volume(azureDisk={"diskName": "a", "diskURI": "x"}),
        at=f"{_X}.azureDisk.diskURI",
        says="https://",
    ),
    fault(
        _volume(azureDisk={"diskName": "a", "diskURI": "https://x", "kind": "managed"}),
        at=f"{_X}.azureDisk.kind",
        says="Managed",
    ),
    fine(_volume(gcePersistentDisk={"pdName": "a", "partition": 255})),
    fault(
        _volume(gcePersistentDisk={"pdName": "a", "partition": 256}),
        at=f"{_X}.gcePersistentDisk.partition",
    ),
    fault(_volume(awsElasticBlockStore={}), at=f"{_X}.awsElasticBlockStore.volumeID"),
    fault(_volume(glusterfs={"path": "a"}), at=f"{_X}.glusterfs.endpoints", says="missing"),
    fine(_volume(quobyte={"registry": "a:1,[::1]:2", "volume": "b"})),
    fault(_volume(quobyte={"registry": "a", "volume": "b"}), at=f"{_X}.quobyte.registry"),
    fault(_volume(quobyte={"registry": "a:1:2", "volume": "b"}), at=f"{_X}.quobyte.registry"),
    fault(_volume(flocker={}), at=f"{_X}.flocker", says="exactly one"),
    fault(_volume(flocker={"datasetName": "a/b"}), at=f"{_X}.flocker.datasetName", says='"/"'),
    fault(_volume(vsphereVolume={}), at=f"{_X}.vsphereVolume.volumePath", says="missing"),
    fault(_volume(photonPersistentDisk={}), at=f"{_X}.photonPersistentDisk.pdID"),
    fault(_volume(portworxVolume={}), at=f"{_X}.portworxVolume.volumeID"),
    fault(
        _volume(scaleIO={"gateway": "a", "system": "b", "secretRef": {}}),
        at=f"{_X}.scaleIO.volumeName",
    ),
    fine(_volume(storageos={"volumeName": "a"})),
    fault(_volume(storageos={"volumeName": "A"}), at=f"{_X}.storageos.volumeName"),
]

VOLUMES: list[Case] = [*_COMMON, *_FILES, *_CLAIMS, *_STORAGE]
