# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the containers of a pod share: life, names, network."""

from __future__ import annotations

from .case import Case, fault, fine, newer, warned

_LIFE = [
    fine("P.restartPolicy", "Always"),
    fine("P.restartPolicy", ""),
    fault("P.restartPolicy", "OnFailure", says='have "Always"'),
    fault("P.restartPolicy", "never", says='have "Always"'),
    fault("P.activeDeadlineSeconds", 10, says="no deadline"),
    fine("P.terminationGracePeriodSeconds", 0),
    fine("P.terminationGracePeriodSeconds", 9999),
    warned("P.terminationGracePeriodSeconds", 10000, says="at most 9999"),
    fault("P.ephemeralContainers", [{"name": "x", "image": "y"}], says="running pods"),
    fine("P.preemptionPolicy", "Never"),
    fault("P.preemptionPolicy", "never", says='"Never"'),
    fine("P.readinessGates", [{"conditionType": "example.com/x"}]),
    fault("P.readinessGates", [{"conditionType": "a b"}], at="P.readinessGates.0.conditionType"),
    fine("P.schedulingGates", [{"name": "example.com/x"}]),
    fault("P.schedulingGates", [{"name": "a b"}], at="P.schedulingGates.0.name"),
    fault("P.schedulingGates", [{"name": "a"}, {"name": "a"}], at="P.schedulingGates.1.name"),
]

_NAMES = [
    fine("P.serviceAccountName", "system.agent"),
    fine("P.serviceAccountName", ""),
    fault("P.serviceAccountName", "Agent", says="service account"),
    fault("P.serviceAccount", "Agent", says="service account"),
    fine({"P.serviceAccount": "a", "P.serviceAccountName": "a"}),
    warned(
        {"P.serviceAccount": "a", "P.serviceAccountName": "b"}, at="P.serviceAccount", says='"b"'
    ),
    fine("P.priorityClassName", "system-node-critical"),
    fault("P.priorityClassName", "a_b", says="priority class"),
    fault("P.runtimeClassName", "", says="runtime class"),
    fault("P.nodeName", "a_b", says="name of a node"),
    fine("P.hostname", "a"),
    fault("P.hostname", "a.b", says="hostname"),
    fault("P.subdomain", "a.b", says="subdomain"),
    fine("P.hostnameOverride", "a.b"),
    fault("P.hostnameOverride", "a" * 65, says="64"),
    fault("P.hostnameOverride", "A", says="host name"),
    fault({"P.hostnameOverride": "a", "P.hostNetwork": True}, says="hostNetwork"),
    fault({"P.hostnameOverride": "a", "P.setHostnameAsFQDN": True}, says="setHostnameAsFQDN"),
    fine("P.imagePullSecrets", [{"name": "Any Name"}, {"name": "b"}]),
    fine("P.imagePullSecrets", [{}]),
    fault("P.imagePullSecrets", [{"name": "a"}] * 2, at="P.imagePullSecrets.1.name", says="second"),
    fine("P.resourceClaims", [{"name": "a", "resourceClaimTemplateName": "b"}]),
    fault("P.resourceClaims", [{"name": "a"}], at="P.resourceClaims.0", says="exactly one"),
    fault(
        "P.resourceClaims",
        [{"name": "A", "resourceClaimName": "b"}],
        at="P.resourceClaims.0.name",
    ),
    fault(
        "P.resourceClaims",
        [{"name": "a", "resourceClaimName": "B"}],
        at="P.resourceClaims.0.resourceClaimName",
    ),
]

_NETWORK = [
    fine("P.dnsPolicy", ""),
    fine("P.dnsPolicy", "Default"),
    fine("P.hostNetwork", True),
    fine({"P.dnsPolicy": "ClusterFirstWithHostNet", "P.hostNetwork": True}),
    warned(
        {"P.dnsPolicy": "ClusterFirst", "P.hostNetwork": True}, at="P.dnsPolicy", says="Default"
    ),
    warned("P.dnsPolicy", "ClusterFirstWithHostNet", says="without hostNetwork"),
    fault("P.dnsPolicy", "clusterFirst", says='"ClusterFirst"'),
    fault("P.dnsPolicy", "None", at="P.dnsConfig.nameservers", says="at least one"),
    fault(
        {"P.dnsPolicy": "None", "P.dnsConfig": {"searches": ["a"]}}, at="P.dnsConfig.nameservers"
    ),
    fine({"P.dnsPolicy": "None", "P.dnsConfig": {"nameservers": ["10.6.175.20", "2001:db8::1"]}}),
    fault("P.dnsConfig", {"nameservers": ["1.1.1.1"] * 4}, at="P.dnsConfig.nameservers", says="4"),
    fault(
        "P.dnsConfig", {"nameservers": ["dns"]}, at="P.dnsConfig.nameservers.0", says="IP address"
    ),
    fault("P.dnsConfig", {"nameservers": ["1.2.3"]}, at="P.dnsConfig.nameservers.0"),
    fault("P.dnsConfig", {"nameservers": ["fe80::1%eth0"]}, at="P.dnsConfig.nameservers.0"),
    fault("P.dnsConfig", {"nameservers": ["1.2.3.256"]}, at="P.dnsConfig.nameservers.0"),
    newer(
        "P.dnsConfig", {"nameservers": ["010.1.1.1"]}, at="P.dnsConfig.nameservers.0", says="1.36"
    ),
    newer("P.dnsConfig", {"nameservers": ["::ffff:1.2.3.4"]}, at="P.dnsConfig.nameservers.0"),
    warned(
        {"P.dnsPolicy": None, "P.dnsConfig": {"nameservers": ["10.0.0.1"]}}, says='"None" is text'
    ),
    warned({"P.dnsPolicy": "", "P.dnsConfig": {"nameservers": ["10.0.0.1"]}}, says="it is empty"),
    fine("P.dnsPolicy", None),
    fine("P.dnsConfig", {"searches": ["a.b.", "_x.c", "."]}),
    fine("P.dnsConfig", {"searches": [f"s{number}" for number in range(6)]}),
    warned(
        "P.dnsConfig",
        {"searches": [f"s{number}" for number in range(32)]},
        at="P.dnsConfig.searches",
        says="at most 6",
    ),
    fault(
        "P.dnsConfig",
        {"searches": [f"s{number}" for number in range(33)]},
        at="P.dnsConfig.searches",
        says="at most 32",
    ),
    fault(
        "P.dnsConfig",
        {"searches": [f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"] * 9},
        at="P.dnsConfig.searches",
        says="2048",
    ),
    warned(
        "P.dnsConfig",
        {"searches": [f"{'a' * 63}.{'b' * 63}.{'c' * 61}", "x" * 63, "yyy"]},
        at="P.dnsConfig.searches",
        says="at most 256 characters",
    ),
    warned("P.dnsConfig", {"searches": ["a", "b", "a"]}, at="P.dnsConfig.searches.2", says="twice"),
    fault("P.dnsConfig", {"searches": ["A b"]}, at="P.dnsConfig.searches.0", says="domain"),
    fine("P.dnsConfig", {"options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]}),
    fault("P.dnsConfig", {"options": [{"value": "2"}]}, at="P.dnsConfig.options.0.name"),
    fine("P.hostAliases", [{"ip": "1.2.3.4", "hostnames": ["a.b"]}, {"ip": "::1"}]),
    fault("P.hostAliases", [{"ip": "x"}], at="P.hostAliases.0.ip", says="IP address"),
    fault("P.hostAliases", [{"hostnames": ["a"]}], at="P.hostAliases.0.ip", says="missing"),
    fault(
        "P.hostAliases",
        [{"ip": "1.2.3.4", "hostnames": ["A"]}],
        at="P.hostAliases.0.hostnames.0",
        says="host name",
    ),
    fault("P.hostAliases", [{"ip": "::1"}] * 2, at="P.hostAliases.1.ip", says="second"),
]

_SYSTEMS = [
    fine("P.os", {"name": "linux"}),
    fine({"P.os": {"name": "windows"}, "P.hostPID": False}),
    fault("P.os", {}, at="P.os.name", says="missing"),
    fault("P.os", {"name": "Linux"}, at="P.os.name", says='"linux"'),
    fault({"P.os": {"name": "windows"}, "P.hostPID": True}, at="P.hostPID", says="Windows"),
    fault(
        {"P.os": {"name": "windows"}, "C.securityContext": {"privileged": False}},
        at="C.securityContext.privileged",
        says="Windows",
    ),
    fault(
        {"P.os": {"name": "windows"}, "P.securityContext": {"fsGroup": 1}},
        at="P.securityContext.fsGroup",
        says="Windows",
    ),
    fault(
        {"P.os": {"name": "linux"}, "C.securityContext": {"windowsOptions": {}}},
        at="C.securityContext.windowsOptions",
        says="Linux",
    ),
    fine({"P.securityContext": {"windowsOptions": {"hostProcess": True}}, "P.hostNetwork": True}),
    fault("P.securityContext", {"windowsOptions": {"hostProcess": True}}, at="P.hostNetwork"),
    fault(
        {"C.securityContext": {"windowsOptions": {"hostProcess": True}}, "P.hostNetwork": True},
        at="P",
        says="all must",
    ),
    fault(
        {
            "P.hostNetwork": True,
            "P.securityContext": {"windowsOptions": {"hostProcess": True}},
            "C.securityContext": {"windowsOptions": {"hostProcess": False}},
        },
        at="C.securityContext.windowsOptions.hostProcess",
        says="same",
    ),
    *(
        fine("C.securityContext", {"windowsOptions": {"runAsUserName": name}})
        for name in ("user", "NT AUTHORITY\\NETWORK SERVICE", "a.example.com\\user")
    ),
    *(
        fault(
            "C.securityContext",
            {"windowsOptions": {"runAsUserName": name}},
            at="C.securityContext.windowsOptions.runAsUserName",
        )
        for name in ("", "a\tb", "a\\b\\c", "\\user", "a\\", "..", "a:b", "x" * 105)
    ),
    fault(
        "C.securityContext",
        {"windowsOptions": {"gmsaCredentialSpec": ""}},
        at="C.securityContext.windowsOptions.gmsaCredentialSpec",
    ),
]

_WHOLE = [
    fine("P.resources", {"limits": {"cpu": 2}, "requests": {"cpu": "100m"}}),
    fault("P.resources", {"requests": {"cpu": "99m"}}, at="P.resources.requests.cpu", says="less"),
    fault(
        "P.resources", {"limits": {"cpu": "900m"}}, at="C.resources.limits.cpu", says="more than"
    ),
    fault("P.resources", {"limits": {"nvidia.com/gpu": 1}}, at="P.resources.limits.nvidia/com|gpu"),
    fault(
        "P.resources",
        {"limits": {"ephemeral-storage": 1}},
        at="P.resources.limits.ephemeral-storage",
    ),
    fault("P.resources", {"claims": [{"name": "a"}]}, at="P.resources.claims", says="containers"),
    fault(
        {
            "P.resources": {"requests": {"cpu": "250m"}},
            "I.restartPolicy": "Always",
            "I.resources": {"requests": {"cpu": "200m"}},
        },
        at="P.resources.requests.cpu",
        says="less",
    ),
    fine(
        {
            "P.resources": {"requests": {"cpu": "250m"}},
            "I.resources": {"requests": {"cpu": "200m"}},
        }
    ),
    fine("P.overhead", {"cpu": "10m"}),
    fault("P.overhead", {"cpu": "x"}, at="P.overhead.cpu", says="quantity"),
]

PODS: list[Case] = [*_LIFE, *_NAMES, *_NETWORK, *_SYSTEMS, *_WHOLE]
