# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets that the server accepts, with as many fields and spellings as there are."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_VALUES = st.sampled_from(["", "a", "b", "$(A)", "$(NODE)/x", "0", "true"])
_CPU = st.sampled_from(["1", "1000m", 1, "0.5", "500m", 0.5, "2", 2, "0.1", "100m", "1e3m"])
_MEMORY = st.sampled_from(["64Mi", "67108864", 67108864, "0.0625Gi", "1Gi", "1024Mi", "1e9", "1G"])
_ONE_TO_THREE = st.integers(1, 3)


def _named(names: str, item: Any, most: int = 3) -> st.SearchStrategy[list[Any]]:
    """A list of items, each with another one of the names."""
    chosen = st.lists(st.sampled_from(list(names)), unique=True, min_size=1, max_size=most)
    return chosen.flatmap(lambda found: st.tuples(*(item(name) for name in found)).map(list))


def _some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def _variable(name: str) -> st.SearchStrategy[dict[str, Any]]:
    field = _some(
        {"fieldPath": st.sampled_from(["spec.nodeName", "metadata.name"])}, apiVersion=st.just("v1")
    )
    resource = _some(
        {"resource": st.just("limits.cpu")},
        containerName=st.just("a"),
        divisor=st.sampled_from(["0", "1", 1, "1m"]),
    )
    key = _some({"name": st.just("c"), "key": st.sampled_from("kl")}, optional=st.booleans())
    source = st.one_of(
        st.fixed_dictionaries({"fieldRef": field}),
        st.fixed_dictionaries({"resourceFieldRef": resource}),
        st.fixed_dictionaries({"configMapKeyRef": key}),
        st.fixed_dictionaries({"secretKeyRef": key}),
    )
    variable = st.just({"name": name.upper()})
    return st.one_of(
        variable,
        _VALUES.map(lambda value: {"name": name.upper(), "value": value}),
        source.map(lambda found: {"name": name.upper(), "valueFrom": found}),
    )


_PORTS = st.lists(
    _some(
        {"containerPort": st.sampled_from([53, 80, 443])},
        protocol=st.sampled_from(["TCP", "UDP", "SCTP"]),
        hostIP=st.sampled_from(["", "127.0.0.1"]),
    ),
    unique_by=lambda port: (port["containerPort"], port.get("protocol", "TCP")),
    max_size=4,
)
_HANDLER = st.one_of(
    st.fixed_dictionaries(
        {
            "httpGet": _some(
                {"port": st.sampled_from([80, "http"])},
                path=st.sampled_from(["/", "/healthz"]),
                scheme=st.sampled_from(["HTTP", "HTTPS"]),
                httpHeaders=st.lists(
                    st.fixed_dictionaries({"name": st.sampled_from("AB"), "value": st.just("v")}),
                    max_size=2,
                ),
            )
        }
    ),
    st.fixed_dictionaries({"tcpSocket": _some({"port": st.just(80)}, host=st.just(""))}),
    st.fixed_dictionaries({"exec": _some({"command": st.just(["true"])})}),
    st.fixed_dictionaries(
        {"grpc": _some({"port": st.just(80)}, service=st.sampled_from(["", "s"]))}
    ),
)
_PROBE = st.tuples(
    _HANDLER,
    _some(
        {},
        initialDelaySeconds=st.sampled_from([0, 5]),
        timeoutSeconds=st.sampled_from([1, 2]),
        periodSeconds=st.sampled_from([10, 5]),
        successThreshold=st.just(1),
        failureThreshold=st.sampled_from([3, 4]),
    ),
).map(lambda pair: pair[0] | pair[1])
_AMOUNTS = st.fixed_dictionaries({}, optional={"cpu": _CPU, "memory": _MEMORY})
_CAPABILITIES = st.lists(st.sampled_from(["NET_ADMIN", "SYS_TIME", "ALL"]), max_size=3)
_CONTAINER_SECURITY = _some(
    {},
    runAsUser=st.sampled_from([0, 1000]),
    runAsNonRoot=st.booleans(),
    readOnlyRootFilesystem=st.booleans(),
    privileged=st.just(False),
    capabilities=_some({}, add=_CAPABILITIES, drop=_CAPABILITIES),
    seccompProfile=st.just({"type": "RuntimeDefault"}),
    seLinuxOptions=_some({}, level=st.sampled_from(["", "s0"]), user=st.just("")),
    procMount=st.just("Default"),
)


def _mounts(volumes: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    mount = _some(
        {"name": st.sampled_from(volumes), "mountPath": st.sampled_from(["/a", "/b", "/c"])},
        readOnly=st.booleans(),
        subPath=st.sampled_from(["", "x"]),
        mountPropagation=st.sampled_from(["None", "HostToContainer"]),
    )
    return st.lists(mount, unique_by=lambda found: str(found["mountPath"]), max_size=3)


def _container(name: str, volumes: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    lifecycle = st.just({"preStop": {"exec": {"command": ["true"]}}})
    others = {
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
        "lifecycle": lifecycle,
    }
    return _some(
        {
            "name": st.just(name),
            "image": st.sampled_from(["x:1", "x:2", "x", "x@sha256:" + "0" * 64]),
        },
        command=st.lists(_VALUES, max_size=2),
        args=st.lists(_VALUES, max_size=3),
        env=_named("abcd", _variable, 4),
        envFrom=st.lists(
            st.one_of(
                st.just({"configMapRef": {"name": "c"}}),
                _some({"secretRef": st.just({"name": "s"})}, prefix=st.sampled_from(["", "P_"])),
            ),
            max_size=2,
        ),
        ports=_PORTS,
        resources=_some({}, limits=_AMOUNTS.filter(bool)) | _some({}, requests=_AMOUNTS),
        volumeMounts=_mounts(volumes) if volumes else st.just([]),
        imagePullPolicy=st.sampled_from(["Always", "IfNotPresent"]),
        terminationMessagePath=st.sampled_from(["/dev/termination-log", "/x"]),
        terminationMessagePolicy=st.sampled_from(["File", "FallbackToLogsOnError"]),
        workingDir=st.sampled_from(["", "/x"]),
        tty=st.booleans(),
        stdin=st.booleans(),
        securityContext=_CONTAINER_SECURITY,
        **(others if name != "i" else {}),
    )


_MODE = st.sampled_from([420, 256])
_ITEMS = st.lists(
    _some({"key": st.sampled_from("kl"), "path": st.sampled_from("pq")}, mode=_MODE),
    max_size=2,
    unique_by=lambda item: str(item["path"]),
)
_PROJECTED = st.lists(
    st.one_of(
        st.fixed_dictionaries({"configMap": _some({"name": st.just("c")}, items=_ITEMS)}),
        st.fixed_dictionaries({"secret": _some({"name": st.just("s")}, optional=st.booleans())}),
        st.fixed_dictionaries(
            {
                "serviceAccountToken": _some(
                    {"path": st.just("token")},
                    expirationSeconds=st.sampled_from([3600, 7200]),
                    audience=st.sampled_from(["", "x"]),
                )
            }
        ),
    ),
    max_size=2,
)
_FILES = st.just([{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}])
_SOURCES = st.one_of(
    st.fixed_dictionaries(
        {
            "hostPath": _some(
                {"path": st.sampled_from(["/a", "/b"])}, type=st.sampled_from(["", "Directory"])
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "emptyDir": _some(
                {}, medium=st.sampled_from(["", "Memory"]), sizeLimit=st.one_of(_MEMORY)
            )
        }
    ),
    st.fixed_dictionaries(
        {"configMap": _some({"name": st.just("c")}, defaultMode=_MODE, items=_ITEMS)}
    ),
    st.fixed_dictionaries(
        {"secret": _some({"secretName": st.just("s")}, defaultMode=_MODE, optional=st.booleans())}
    ),
    st.fixed_dictionaries({"projected": _some({"sources": _PROJECTED}, defaultMode=_MODE)}),
    st.fixed_dictionaries({"downwardAPI": _some({"items": _FILES}, defaultMode=_MODE)}),
    st.fixed_dictionaries(
        {"persistentVolumeClaim": _some({"claimName": st.just("c")}, readOnly=st.booleans())}
    ),
    st.fixed_dictionaries(
        {
            "csi": _some(
                {"driver": st.just("d")},
                readOnly=st.booleans(),
                volumeAttributes=st.sampled_from([{}, {"a": "b"}]),
            )
        }
    ),
)


def _volume(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return _SOURCES.map(lambda source: {"name": name, **source})


_TOLERATIONS = st.lists(
    st.one_of(
        st.just({"operator": "Exists"}),
        _some(
            {"key": st.sampled_from("kl"), "operator": st.just("Exists")},
            effect=st.sampled_from(["", "NoSchedule"]),
        ),
        _some(
            {"key": st.sampled_from("kl"), "value": st.sampled_from(["", "v"])},
            operator=st.just("Equal"),
        ),
        st.just({"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}),
    ),
    max_size=4,
)
_TERMS = st.lists(
    st.fixed_dictionaries(
        {
            "matchExpressions": st.lists(
                st.sampled_from(
                    [
                        {"key": "k", "operator": "Exists"},
                        {"key": "k", "operator": "In", "values": ["a", "b"]},
                        {"key": "k", "operator": "In", "values": ["b", "a"]},
                    ]
                ),
                min_size=1,
                max_size=2,
            )
        }
    ),
    min_size=1,
    max_size=2,
)
_AFFINITY: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    _TERMS.map(
        lambda terms: {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}
            }
        }
    ),
    _TERMS.map(
        lambda terms: {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1 + place, "preference": term} for place, term in enumerate(terms)
                ]
            }
        }
    ),
)
_POD_SECURITY = _some(
    {},
    fsGroup=st.sampled_from([0, 1000]),
    supplementalGroups=st.lists(_ONE_TO_THREE, max_size=2),
    sysctls=st.lists(
        st.sampled_from([{"name": "net.a", "value": "1"}, {"name": "net.b", "value": ""}]),
        max_size=2,
        unique_by=lambda item: item["name"],
    ),
    runAsNonRoot=st.booleans(),
)
_STRATEGY: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.just({"type": "OnDelete"}),
    st.just({"type": "RollingUpdate"}),
    st.just({"type": "RollingUpdate", "rollingUpdate": {}}),
    _some(
        {"maxUnavailable": st.sampled_from([1, 2, "10%"])}, maxSurge=st.sampled_from([0, "0%"])
    ).map(lambda found: {"type": "RollingUpdate", "rollingUpdate": found}),
)
_WORDS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), max_size=3)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A DaemonSet without name and namespace, that runs on no node."""
    volumes = draw(st.one_of(st.just([]), _named("uvw", _volume)))
    names = [volume["name"] for volume in volumes]
    pod: dict[str, Any] = draw(
        _some(
            {"containers": _named("ab", lambda name: _container(name, names), 2)},
            initContainers=_named("i", lambda name: _container(name, names), 1),
            tolerations=_TOLERATIONS,
            affinity=_AFFINITY,
            hostPID=st.booleans(),
            hostNetwork=st.just(False),
            dnsPolicy=st.sampled_from(["ClusterFirst", "Default"]),
            dnsConfig=_some(
                {},
                searches=st.lists(st.sampled_from(["a.b", "c.d"]), max_size=2),
                options=st.just([{"name": "ndots", "value": "2"}]),
            ),
            hostAliases=_named("12", lambda n: st.just({"ip": f"10.0.0.{n}", "hostnames": ["x"]})),
            imagePullSecrets=_named("st", lambda name: st.just({"name": name})),
            serviceAccountName=st.sampled_from(["", "sa", "default"]),
            securityContext=_POD_SECURITY,
            terminationGracePeriodSeconds=st.sampled_from([0, 30, 60]),
            enableServiceLinks=st.booleans(),
            automountServiceAccountToken=st.booleans(),
            shareProcessNamespace=st.booleans(),
            priorityClassName=st.sampled_from(["", "system-node-critical"]),
            schedulerName=st.sampled_from(["default-scheduler", "x"]),
            restartPolicy=st.just("Always"),
        )
    )
    pod["nodeSelector"] = {"everynode.kubernetes/nowhere": "true"}
    if volumes:
        pod["volumes"] = volumes
    template_metadata = draw(_some({}, annotations=_WORDS))
    spec = draw(
        _some(
            {},
            updateStrategy=_STRATEGY,
            minReadySeconds=st.sampled_from([0, 3]),
            revisionHistoryLimit=st.sampled_from([10, 0, 3]),
        )
    )
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": draw(_some({}, labels=_WORDS, annotations=_WORDS)),
        "spec": {
            **spec,
            "selector": {"matchLabels": {"app": "x"}},
            "template": {
                "metadata": {"labels": {"app": "x"}, **template_metadata},
                "spec": pod,
            },
        },
    }
