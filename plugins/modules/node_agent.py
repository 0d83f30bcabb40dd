#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_agent
short_description: A DaemonSet together with all that it needs
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Keeps a DaemonSet and the account, rights, configuration, Services, claims and other objects
    that it needs, in one task. They are applied in the order in which they need each other, the
    DaemonSet last.
  - Every option that describes the DaemonSet is that of M(everynode.kubernetes.daemonset), and all
    objects follow the same rules of ownership.
  - What an earlier run applied and the task names no more is removed. Each object carries the label
    C(everynode.kubernetes/agent), and the DaemonSet lists them in an annotation, which is extended
    before an object is made. Where there is no DaemonSet, the label alone tells. An object that
    carries the label of another agent is an error.
  - A run that changes nothing costs one request for each object, and for a kind that is not built
    in a dry run and one request about the kind more.
options:
  state:
    description:
      - With V(present), the objects and the DaemonSet are made, or made to be what the task says.
      - With V(absent), the DaemonSet and all that belongs to it are removed, whatever part of it is
        gone already. Claims and the namespace stay unless O(delete_claims) and
        O(delete_namespace) say otherwise.
      - With V(paused), the rolling update of the DaemonSet stops where it is, and with V(resumed)
        it goes on, as with M(everynode.kubernetes.daemonset). Nothing else is looked at.
      - With V(restarted), every pod is replaced, as with M(everynode.kubernetes.daemonset). Nothing
        else is looked at.
    type: str
    choices: [present, absent, restarted, paused, resumed]
    default: present
  settings:
    description:
      - Parameters of this module by their names, in one dictionary, for data from an inventory. The
        module's action plugin takes it apart. What is in it counts before the same parameter of the
        task.
    type: dict
  service_account:
    description:
      - An account of its own for the pods. Without O(service_account.name), it is that of
        O(service_account_name), or has the DaemonSet's name.
    type: dict
    suboptions:
      name:
        description: The account's name.
        type: str
      automount_token:
        description: Whether the pods get its token; they do where there are rules, unless told.
        type: bool
      image_pull_secrets:
        description: Secrets to pull images with.
        type: list
        elements: dict
        suboptions:
          name:
            description: The Secret's name.
            type: str
      rules:
        description: What it may do in the namespace; a Role and its binding are made of it. Each
          rule is as in a Role.
        type: list
        elements: dict
      cluster_rules:
        description: What it may do in the whole cluster; a ClusterRole and its binding are made of
          it, with the name C(NAMESPACE:ACCOUNT).
        type: list
        elements: dict
      labels:
        description: Labels of the object.
        type: dict
      annotations:
        description: Annotations of the object.
        type: dict
  priority_class:
    description:
      - A priority class, which the pods take. Without O(priority_class.name), it is that of
        O(priority_class_name), or C(NAMESPACE.NAME).
    type: dict
    suboptions:
      name:
        description: The name of the class.
        type: str
      value:
        description: The priority, at most 1000000000.
        type: int
        required: true
      global_default:
        description: Whether pods without a class take it.
        type: bool
      preemption_policy:
        description: Whether pods of lower priority have to make room.
        type: str
        choices: [Never, PreemptLowerPriority]
      description:
        description: When to use it.
        type: str
      labels:
        description: Labels of the object.
        type: dict
      annotations:
        description: Annotations of the object.
        type: dict
  config_maps:
    description:
      - ConfigMaps, as data. The pods refer to them by O(config_maps[].name).
    type: list
    elements: dict
    suboptions:
      name:
        description: The name that the pods refer to.
        type: str
        required: true
      data:
        description: Texts by their keys.
        type: dict
      binary_data:
        description: Other content by its keys, in base64.
        type: dict
      versioned:
        description:
          - Whether the content is versioned with the pods, as it is unless told. The object is
            immutable, its name gets a hash of the content, and references in the pods' template
            are rewritten. So an untouched pod keeps its configuration, and a change is rolled out.
            Old ones are removed once no pod and no kept revision refers to them.
          - With V(false), the name stays, and a change of the content replaces the pods by a
            checksum in their template.
        type: bool
      labels:
        description: Labels of the object.
        type: dict
      annotations:
        description: Annotations of the object.
        type: dict
  secrets:
    description:
      - Secrets, as data. The pods refer to them by O(secrets[].name).
      - Their content is shown nowhere.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name that the pods refer to.
        type: str
        required: true
      data:
        description: Texts by their keys, not encoded.
        type: dict
      binary_data:
        description: Other content by its keys, in base64.
        type: dict
      type:
        description: The Secret's type; C(Opaque) unless told.
        type: str
      versioned:
        description:
          - Whether the content is versioned with the pods, as it is unless told. The object is
            immutable, its name gets a hash of the content, and references in the pods' template
            are rewritten. So an untouched pod keeps its configuration, and a change is rolled out.
            Old ones are removed once no pod and no kept revision refers to them.
          - With V(false), the name stays, and a change of the content replaces the pods by a
            checksum in their template.
        type: bool
      labels:
        description: Labels of the object.
        type: dict
      annotations:
        description: Annotations of the object.
        type: dict
  secrets_content:
    description:
      - What O(secrets) holds, as JSON. The action plugin fills it in.
    type: str
  services:
    description:
      - Services for the pods. Where nothing else is said, one has the DaemonSet's name, selects its
        pods and has the ports of their containers.
      - A Service of the type ExternalName goes into O(other_objects).
    type: list
    elements: dict
    suboptions:
      name:
        description: The name.
        type: str
      type:
        description: How it is reached; V(ClusterIP) unless told.
        type: str
        choices: [ClusterIP, LoadBalancer, NodePort]
      headless:
        description: Whether it has no address of its own, and names lead to the pods.
        type: bool
      selector:
        description: Labels of the pods, other than those of the DaemonSet's selector.
        type: dict
      ports:
        description: The ports, each as in a Service. A node port of 0 is one that the server picks.
        type: list
        elements: dict
      session_affinity:
        description: Whether a client stays with one pod.
        type: str
        choices: [ClientIP, "None"]
      session_affinity_timeout_seconds:
        description: For how long it does, from 1 to 86400; the API takes 10800.
        type: int
      external_traffic_policy:
        description: Whether traffic from outside stays on the node where it arrives.
        type: str
        choices: [Cluster, Local]
      internal_traffic_policy:
        description: Whether traffic from inside stays on its node.
        type: str
        choices: [Cluster, Local]
      traffic_distribution:
        description: What traffic prefers.
        type: str
      cluster_ip:
        description: The address, where it is not left to the server.
        type: str
      external_ips:
        description: Addresses of nodes that lead to it.
        type: list
        elements: str
      ip_families:
        description: Families of its addresses.
        type: list
        elements: str
      ip_family_policy:
        description: How many families it has.
        type: str
        choices: [PreferDualStack, RequireDualStack, SingleStack]
      load_balancer_ip:
        description: The address that the load balancer shall have.
        type: str
      load_balancer_class:
        description: Which load balancer serves it.
        type: str
      load_balancer_source_ranges:
        description: From where the load balancer lets clients in.
        type: list
        elements: str
      allocate_load_balancer_node_ports:
        description: Whether a load balancer gets ports of the nodes.
        type: bool
      health_check_node_port:
        description: The port for health checks, where traffic stays on its node.
        type: int
      publish_not_ready_addresses:
        description: Whether names lead to pods that are not ready, too.
        type: bool
      labels:
        description: Labels of the object.
        type: dict
      annotations:
        description: Annotations of the object.
        type: dict
  persistent_volume_claims:
    description:
      - New claims. An existing one needs no entry, only its name in O(volumes).
      - Their size may grow where the storage class allows it. The task does not wait until they are
        bound. They stay when they are named no more.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name.
        type: str
        required: true
      capacity:
        description: How much, such as V(10Gi).
        type: raw
        required: true
      access_modes:
        description: How nodes may use it. Pods on many nodes need C(ReadWriteMany) or
          C(ReadOnlyMany).
        type: list
        elements: str
        choices: [ReadOnlyMany, ReadWriteMany, ReadWriteOnce, ReadWriteOncePod]
        required: true
      storage_class:
        description: The storage class; empty text for none.
        type: str
      volume_mode:
        description: Whether there is a file system on it.
        type: str
        choices: [Block, Filesystem]
      volume_name:
        description: An existing volume to bind.
        type: str
      snapshot:
        description: A VolumeSnapshot that it begins as.
        type: str
      clone:
        description: A claim that it begins as a copy of.
        type: str
      labels:
        description: Labels of the object.
        type: dict
      annotations:
        description: Annotations of the object.
        type: dict
  other_objects:
    description:
      - Whole manifests of anything else. Those without a namespace lie in the DaemonSet's.
      - The other documents of O(src) or O(definition), of which one has to be a DaemonSet, are
        treated alike.
    type: list
    elements: dict
  prune:
    description:
      - Whether what earlier runs of this agent applied, and the task names no more, is removed.
    type: bool
    default: true
  delete_claims:
    description:
      - Whether claims go too, when they are named no more and with O(state=absent).
    type: bool
    default: false
  delete_namespace:
    description:
      - Whether O(state=absent) removes the namespace, with all that is in it, if this module made
        it.
    type: bool
    default: false
  field_manager:
    description:
      - The name under which the server remembers which fields are ours.
      - Two playbooks that manage different fields of one DaemonSet need two names.
    type: str
    default: everynode
  force_conflicts:
    description:
      - Whether to take over single fields that another field manager owns with another value.
        Otherwise such a conflict is an error that names the field and its manager.
    type: bool
    default: false
  adopt:
    description:
      - Whose fields become ours, so that what the task does not name goes away even where that tool
        made it. V(kubectl), V(helm) and V(kubernetes.core) stand for the names that these tools
        write under; any other value is the exact name of a field manager.
      - Adopting with the same intent replaces no pod.
      - Without it, a task that leaves behind fields of these tools warns, and lists them.
    type: list
    elements: str
    default: []
  change_cause:
    description:
      - Why the template changes, kept in the annotation C(kubernetes.io/change-cause), from which
        the controller copies it to the revision. It is written only when the template changes.
    type: str
  restart_key:
    description:
      - Makes O(state=restarted) idempotent. The pods are restarted only where the last restart was
        for another key, such as the checksum of a configuration or the number of a job.
    type: str
  propagation_policy:
    description:
      - What happens to the pods with O(state=absent). V(Background) removes the DaemonSet, then its
        pods. V(Foreground) removes the pods first. V(Orphan) leaves the pods running.
    type: str
    choices: [Background, Foreground, Orphan]
    default: Background
  create_namespace:
    description:
      - Whether to make the namespace where it is missing, with O(state=present).
      - In check mode, the server cannot check objects whose namespace is still missing. They are
        checked offline then, and a warning says so.
    type: bool
    default: false
extends_documentation_fragment:
  - everynode.kubernetes.pod
  - everynode.kubernetes.rollout
  - everynode.kubernetes.wait
  - everynode.kubernetes.wait.patience
  - everynode.kubernetes.connection
  - everynode.kubernetes.attributes
seealso:
  - module: everynode.kubernetes.daemonset
"""

EXAMPLES = r"""
- name: An exporter with its account, its configuration and a Service
  everynode.kubernetes.node_agent:
    name: node-exporter
    namespace: monitoring
    create_namespace: true
    containers:
      - name: exporter
        image: example/node-exporter:1.9.1
        ports:
          - name: metrics
            container_port: 9100
        env_from:
          - secret_ref: {name: login}
        volume_mounts:
          - name: conf
            mount_path: /etc/exporter
    volumes:
      - name: conf
        config_map: {name: exporter}
    config_maps:
      - name: exporter
        data:
          exporter.yml: "{{ lookup('ansible.builtin.template', 'exporter.yml.j2') }}"
    secrets:
      - name: login
        data:
          PASSWORD: "{{ exporter_password }}"
    service_account:
      cluster_rules:
        - api_groups: [""]
          resources: [nodes]
          verbs: [get, list, watch]
    services:
      - headless: true

- name: What a file of many documents holds
  everynode.kubernetes.node_agent:
    src: node-exporter.yaml
    namespace: monitoring

- name: One node first, then a quarter of them at a time, each looked at for a minute
  everynode.kubernetes.node_agent:
    src: node-exporter.yaml
    namespace: monitoring
    rollout:
      stages: [1, "25%"]
      soak_seconds: 60
    wait_timeout: 3600

- name: A rolling update by the controller, taken back where it does not end well
  everynode.kubernetes.node_agent:
    src: node-exporter.yaml
    namespace: monitoring
    on_failure: rollback

- name: Remove it, with all that belongs to it but its claims
  everynode.kubernetes.node_agent:
    name: node-exporter
    namespace: monitoring
    state: absent
"""

RETURN = r"""
objects:
  description: What became of each object beside the DaemonSet.
  returned: once the server was asked
  type: list
  elements: dict
  contains:
    api_version:
      description: Its API version.
      type: str
      returned: always
      sample: v1
    kind:
      description: Its kind.
      type: str
      returned: always
      sample: ConfigMap
    namespace:
      description: Its namespace, null where its kind has none.
      type: str
      returned: always
      sample: monitoring
    name:
      description: Its name.
      type: str
      returned: always
      sample: exporter-3f2a90c1d4
    action:
      description: C(created), C(changed), C(unchanged), C(deleted), C(kept) or C(not done).
      type: str
      returned: always
      sample: created
daemonset:
  description: The DaemonSet afterwards, without C(managedFields). Values that look like secrets are
    hidden. Null where there is none.
  returned: success
  type: dict
  sample: {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log-shipper, namespace: logging}}
rollout:
  description: The state of the rollout; null where there is no DaemonSet.
  returned: success, and on failure as far as it was looked at
  type: dict
  contains:
    ready:
      description: Whether the rollout has ended well.
      type: bool
      returned: always
      sample: true
    state:
      description: One word for the state (C(ready), C(observing), C(updating), C(starting),
        C(deleting), C(deleted), C(replaced) or C(overtaken)). Of a rollout in several steps that
        has not come to its end, where it is (C(holding), C(paused), C(failed), C(rolled_back) or
        C(unfinished)); C(paused) or C(rolled_back) also where O(on_failure) did that. In check mode
        of stages that would stop before the end, C(check).
      type: str
      returned: always
      sample: ready
    message:
      description: The state in a sentence.
      type: str
      returned: always
      sample: all 5 pods are updated and available
    desired:
      description: How many nodes should run the pod.
      type: int
      returned: always
      sample: 5
    current:
      description: How many of them have a pod.
      type: int
      returned: always
      sample: 5
    updated:
      description: On how many of them the pod is of the newest template.
      type: int
      returned: always
      sample: 5
    ready_pods:
      description: On how many of them a pod, of any template, is ready.
      type: int
      returned: always
      sample: 5
    available:
      description: On how many of them a pod, of any template, is available.
      type: int
      returned: always
      sample: 5
    unavailable:
      description: On how many of them none is available.
      type: int
      returned: always
      sample: 0
    misscheduled:
      description: How many nodes run the pod and should not.
      type: int
      returned: always
      sample: 0
    reasons:
      description: Why pods are not available, grouped by cause, and whether waiting may help.
      type: list
      elements: dict
      returned: when the rollout did not end well
      sample:
        - cause: ImagePull
          count: 3
          evidence: "container shipper: Back-off pulling image"
          heals: false
          nodes: [node-0, node-1, node-2]
    failed_by:
      description: What ended the wait (C(cause), C(no_progress), C(timeout), C(deleted), or
        C(overtaken) where somebody else changed the template meanwhile).
      type: str
      returned: when a wait for the controller's rolling update did not end well
      sample: cause
    excused:
      description: Which nodes lack their pod in a rollout that is ready all the same, by which
        parameter, and for what reasons, as far as pods may be listed.
      type: dict
      returned: when O(unavailable_budget) or O(ignore_not_ready_nodes) excused any
      sample:
        count: 1
        nodes: [node-3]
        why: 1 the node is not Ready (ignore_not_ready_nodes)
        reasons:
          - cause: NodeNotReady
            count: 1
            evidence: "KubeletNotReady: container runtime network not ready"
            heals: true
            nodes: [node-3]
    restarts:
      description: Which pods restart by the change, or would in check mode. After stages, what was
        replaced is in RV(rollout.touched) instead.
      type: dict
      returned: when the DaemonSet changes; of stages, in check mode
      contains:
        pods:
          description: How many.
          type: int
          returned: always
          sample: 5
        nodes:
          description: On which nodes, of which at most 20 are named. A real run names them only
            where it has to look at the pods, since some may have the template already, may end
            without a successor, or ran before the DaemonSet was made.
          type: list
          elements: str
          returned: always
          sample: [node-0, node-1, node-2, node-3, node-4]
        message:
          description: The same in a sentence, with the pods that end without a successor, and the
            nodes that get their first one, where other nodes become eligible.
          type: str
          returned: always
          sample: 5 pods restart, at most 1 at a time
    kind:
      description: What kind of rollout it is (C(staged), C(paused) or C(rebuild)).
      type: str
      returned: when it has several steps
      sample: staged
    phase:
      description: Where it is, as the annotation has it; C(done) at its end, C(rolled_back) after
        the way back, C(check) in check mode.
      type: str
      returned: when it has several steps
      sample: holding
    stage:
      description: The stage that was done last, or that failed; in check mode, the first that a
        run would do.
      type: int
      returned: when it is staged and has not come to its end
      sample: 1
    stages:
      description: How many stages there are.
      type: int
      returned: when it is staged and has not come to its end
      sample: 4
    touched:
      description: The nodes whose pods the task has replaced, of which at most 20 are named.
      type: dict
      returned: when it is staged
      sample: {count: 1, nodes: [node-0]}
    failed:
      description: Why new pods are not well that O(rollout.max_failures) puts up with, in the shape
        of RV(rollout.reasons).
      type: list
      elements: dict
      returned: when it is staged, went on, and there are such pods
      sample:
        - cause: VerifyFailed
          count: 1
          evidence: agent ended with 1
          heals: false
          nodes: [node-3]
    paused:
      description: Whether O(on_failure) has paused it.
      type: bool
      returned: when that paused a plain rolling update
      sample: true
    plan:
      description: The stages that a run would do, each with its nodes, of which at most 20 are
        named.
      type: list
      elements: dict
      returned: in check mode, when it is staged
      sample: [{count: 1, nodes: [node-0]}, {count: 4, nodes: [node-1, node-2, node-3, node-4]}]
    rolled_back:
      description: The way back that O(on_failure) or O(rollout.on_failure) took, or a task that
        wants the former template amid stages. It tells the number of the revision that stands
        again, of stages also its name (C(revision)), how many nodes went back to it, the first of
        them, those that did not in time (C(left)), and of a plain rolling update how that ended.
      type: dict
      returned: when it was rolled back
      sample:
        to_revision: 4
        count: 1
        nodes: [node-0]
        ready: true
        message: all 5 pods are updated and available
changes:
  description:
    - What changes, field by field, or would in check mode. It holds what a user controls, and never
      the status.
    - It is empty where nothing changes.
    - The objects beside the DaemonSet come first.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The kind and the name of the object.
      type: str
      returned: always
      sample: DaemonSet logging/log-shipper
    change:
      description:
        - C(created) or C(deleted) of a whole object.
        - C(changed) of a field with another value.
        - C(taken_over) or C(given_up) of a field that keeps its value, but that
          O(field_manager) comes to own, or owns no more. They are told only of an object of which
          no value changes.
      type: str
      returned: always
      sample: changed
    field:
      description:
        - Which field. Items of lists have their key in brackets.
        - Null where the object is made or deleted.
      type: str
      returned: always
      sample: spec.template.spec.containers[shipper].image
    before:
      description: Its value, null where there was none. Values that look like secrets are hidden,
        and long texts end after 1,000 characters.
      type: raw
      returned: always
      sample: "example.com/shipper:1.4"
    after:
      description: Its value afterwards, told like RV(changes[].before).
      type: raw
      returned: always
      sample: "example.com/shipper:1.5"
    manager:
      description: The field manager that had set the field last; null where it belonged to nobody,
        such as a field that somebody has removed.
      type: str
      returned: always
      sample: kubectl-edit
    changed_at:
      description: When that manager changed the object last.
      type: str
      returned: always
      sample: "2026-01-01T12:00:00Z"
changes_left_out:
  description: How many more there are beside the 100 of RV(changes).
  returned: when there are more
  type: int
  sample: 12
pod_security:
  description: How the pods stand with the Pod Security Standards.
  returned: with O(state=present), when O(pod_security) is given
  type: dict
  contains:
    level:
      description: The strictest level that they meet (C(privileged), C(baseline) or
        C(restricted)).
      type: str
      returned: always
      sample: baseline
    violations:
      description: What the stricter levels do not allow, with the least strict level that does not
        allow it and the name that Kubernetes has for the control.
      type: list
      elements: dict
      returned: always
      sample:
        - control: hostPathVolumes
          level: baseline
          path: "volumes[0].host_path"
          problem: is a path of the node
server:
  description: The API server that was asked.
  returned: always, once there was a connection
  type: dict
  sample: {context: production, host: "https://192.0.2.10:6443"}
error:
  description: What kind of failure it was, and the HTTP status where the server answered.
  returned: failure
  type: dict
  sample: {kind: forbidden, status: 403}
forbidden:
  description: The right that is missing, with the user who lacks it, as far as the server told it.
  returned: when the server refuses a request for want of a right
  type: dict
  sample: {group: apps, namespace: logging, resource: daemonsets, user: deployer, verb: patch}
expected_cluster:
  description: The uid that O(expected_cluster) gives.
  returned: when it is not that of the cluster
  type: str
  sample: 2c5b3a1e-9d0f-4b7e-8a55-1f0e6d3c2b10
found_cluster:
  description: The uid that the namespace C(kube-system) of the cluster has.
  returned: when it is not O(expected_cluster)
  type: str
  sample: 9e1d7c44-0b6a-4f21-b3f8-5a2c8e7d6f90
faults:
  description: Every fault of the parameters.
  returned: when the parameters are wrong
  type: list
  elements: dict
  sample: [{path: "containers[0].image", problem: it is missing}]
conflicts:
  description: The fields that other field managers own.
  returned: when the apply conflicts
  type: list
  elements: dict
  sample: [{field: spec.minReadySeconds, manager: kubectl}]
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.node_agent import VERB


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
