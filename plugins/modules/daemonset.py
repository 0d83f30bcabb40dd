#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset
short_description: Create, change, restart or remove a DaemonSet
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Keeps one DaemonSet as the task describes it, from typed parameters, from a manifest, or from a
    manifest with parameters laid over it.
  - It uses server-side apply only. What the task stops naming goes away from the cluster, and what
    other tools own stays, such as the annotations of an operator, a sidecar that a webhook adds, or
    a restart by C(kubectl).
  - A task that changes nothing costs one request.
  - All parameters are checked before the first request, and every fault is reported at once.
options:
  state:
    description:
      - With V(present), the DaemonSet is made, or made to be what the task says. The task always
        states everything, so it needs containers.
      - With V(patched), only O(labels), O(annotations), O(description) and O(images) change in a
        DaemonSet that is there. A null removes a label or an annotation, an empty text the
        description.
      - With V(absent), the DaemonSet is removed, with its pods unless O(propagation_policy=Orphan).
      - With V(restarted), every pod is replaced, as C(kubectl rollout restart) does. In the middle
        of a rollout the task waits for its end first, unless O(on_unfinished_rollout) says
        otherwise.
      - Under the update strategy C(OnDelete), where the controller replaces no pod, a task that
        waits deletes the pods itself, as many at a time as C(maxUnavailable) in its update strategy
        says, or else one, and goes on as new ones are available. Without O(wait), only the template
        is marked.
      - With V(paused), a rolling update stops where it is, as does a restart under C(OnDelete) that
        another task carries out. The update strategy is C(OnDelete) then, the only pause that a
        DaemonSet has, and the former one is remembered in an annotation.
      - With V(resumed), a paused rollout goes on, a plain one at once, and one in stages with the
        next run of its task. One that is not paused is left as it is.
    type: str
    choices: [present, patched, absent, restarted, paused, resumed]
    default: present
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
      - Under C(OnDelete), a restart that was interrupted goes on where it was, but not while the
        DaemonSet is paused or in a rollout in stages. A task then says so, and does nothing.
    type: str
  propagation_policy:
    description:
      - What happens to the pods with O(state=absent). V(Background) removes the DaemonSet, then its
        pods. V(Foreground) removes the pods first. V(Orphan) leaves the pods running.
    type: str
    choices: [Background, Foreground, Orphan]
    default: Background
  images:
    description:
      - With O(state=patched), new images by the name of their container.
    type: dict
  resource_version:
    description:
      - Change the DaemonSet only if its C(metadata.resourceVersion) is still this one, with
        O(state=present) and O(state=patched). So nobody else's change is overwritten unseen.
      - Every write counts, those of the status too, which the cluster makes during a rollout.
    type: str
  fail_if_exists:
    description:
      - Whether O(state=present) fails where there is a DaemonSet of that name already, for tasks
        that create one and are run once.
    type: bool
    default: false
  on_selector_change:
    description:
      - What to do where O(selector) is not that of the DaemonSet, which the API never changes.
      - With V(fail), the task fails.
      - With V(orphan_and_recreate), the DaemonSet is deleted and created again around its running
        pods. They go on running, and are replaced by the rollout only where the template is
        another. Where the new selector does not match the labels of all of them, the task fails
        and nothing is deleted.
      - With V(recreate), the DaemonSet is deleted, and created again once its pods have ended.
      - Before it deletes anything, and in check mode, the server is asked whether it would create
        the new one, by a dry run under a generated name. What other tools set on the old one goes
        with it, and a warning lists it.
    type: str
    choices: [fail, orphan_and_recreate, recreate]
    default: fail
  label_selectors:
    description:
      - With O(state=restarted) and O(state=absent), all DaemonSets of the namespace whose labels
        match all of these, instead of the one called O(name). A selector is written as for
        C(kubectl), such as V(team=logging), V(tier in (a, b\)) or V(!legacy).
      - Each is restarted or removed whatever becomes of the others, and the task waits for all of
        them at once. Where some fail, the task fails, and RV(daemonsets) says what became of each.
    type: list
    elements: str
  max_objects:
    description:
      - How many DaemonSets O(label_selectors) may match at most, which they need. Where more match,
        the task fails, names them and changes nothing.
    type: int
  create_namespace:
    description:
      - Whether to make the namespace where it is missing, before the DaemonSet, with
        O(state=present). It is never changed afterwards, and never removed. Other states ignore it.
      - It takes the right to create and patch namespaces only where one is missing.
      - In check mode, the server cannot check a DaemonSet whose namespace is still missing. It is
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
  - module: everynode.kubernetes.daemonset_info
  - module: everynode.kubernetes.daemonset_node
  - module: everynode.kubernetes.daemonset_rollback
"""

EXAMPLES = r"""
- name: A log shipper on every node, the control plane's too
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    description: Ships the logs of all containers
    containers:
      - name: shipper
        image: example/log-shipper:1.4.2
        resources:
          requests: {cpu: 50m, memory: 64Mi}
          limits: {memory: 128Mi}
        volume_mounts:
          - name: logs
            mount_path: /var/log
            read_only: true
    volumes:
      - name: logs
        host_path: {path: /var/log, type: Directory}
    tolerations:
      - operator: Exists

- name: A manifest from a file, with another image for this cluster
  everynode.kubernetes.daemonset:
    src: node-exporter.yaml
    namespace: monitoring
    containers:
      - name: node-exporter
        image: mirror.example/node-exporter:1.9.1

- name: Take over what kubectl made
  everynode.kubernetes.daemonset:
    src: node-exporter.yaml
    namespace: monitoring
    adopt: [kubectl]

- name: Only a new image
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    state: patched
    images:
      shipper: example/log-shipper:1.4.3

- name: Restart once for each content of the configuration
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    state: restarted
    restart_key: "{{ lookup('ansible.builtin.file', 'shipper.conf') | hash('sha256') }}"

- name: One node, then a tenth, then half of them, each looked at for a minute
  everynode.kubernetes.daemonset:
    src: log-shipper.yaml
    namespace: logging
    rollout:
      stages: [1, "10%", "50%"]
      soak_seconds: 60
      verify: [/bin/shipper, --check]
    wait_timeout: 3600

- name: The canary nodes, and no further until somebody approves of it
  everynode.kubernetes.daemonset:
    src: log-shipper.yaml
    namespace: logging
    rollout:
      canary_node_selector: {pool: canary}
      stages: ["25%"]
      until_stage: 1

- name: Approved, so the other nodes as well
  everynode.kubernetes.daemonset:
    src: log-shipper.yaml
    namespace: logging
    rollout:
      canary_node_selector: {pool: canary}
      stages: ["25%"]

- name: Zone by zone, and in the last one with more care
  everynode.kubernetes.daemonset:
    src: log-shipper.yaml
    namespace: logging
    rollout:
      order_by:
        label: topology.kubernetes.io/zone
        values: [zone-a, zone-b, zone-c]
        stages:
          zone-c: [1, "50%"]
      stages: ["100%"]
      max_unavailable: 3
      max_failures: "2%"
      on_failure: pause

- name: A rolling update by the controller, taken back where it does not end well
  everynode.kubernetes.daemonset:
    src: log-shipper.yaml
    namespace: logging
    on_failure: rollback
    wait_timeout: 900

- name: Never upon a rollout that is still going
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    state: patched
    images:
      shipper: example/log-shipper:1.4.3
    on_unfinished_rollout: fail

- name: Stop replacing pods
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    state: paused

- name: Another selector, around the running pods, which have that label already
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    on_selector_change: orphan_and_recreate
    selector:
      match_labels: {team: logging}
    containers:
      - name: shipper
        image: example/log-shipper:1.4.2

- name: Nothing that a namespace of the baseline level would refuse
  everynode.kubernetes.daemonset:
    name: node-probe
    namespace: monitoring
    pod_security: baseline
    containers:
      - name: probe
        image: example/node-probe:2.0

- name: Restart what belongs to a team, five DaemonSets at most
  everynode.kubernetes.daemonset:
    namespace: logging
    label_selectors: [team=logging]
    max_objects: 5
    state: restarted

- name: In a namespace of its own, made where it is missing
  everynode.kubernetes.daemonset:
    name: gpu-driver
    namespace: gpu
    create_namespace: true
    containers:
      - name: driver
        image: example/gpu-driver:550.1

- name: Remove it
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    state: absent
"""

RETURN = r"""
daemonset:
  description:
    - The DaemonSet afterwards, as the server returns it, without C(managedFields). Values that look
      like secrets are hidden.
    - Null where there is none, and with O(label_selectors).
  returned: success
  type: dict
  sample: {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log-shipper, namespace: logging}}
daemonsets:
  description: What became of each DaemonSet that O(label_selectors) match, by name.
  returned: when O(label_selectors) are given
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: log-shipper
    namespace:
      description: Its namespace.
      type: str
      returned: always
      sample: logging
    uid:
      description: Its uid.
      type: str
      returned: always
      sample: 0d1a4c3e-5b9f-4a53-8f6e-2f1f3c5d7b90
    changed:
      description: Whether it was changed, or would be in check mode.
      type: bool
      returned: always
      sample: true
    done:
      description: What was done to it (C(restarted), C(removed) or C(nothing)).
      type: str
      returned: always
      sample: restarted
    failed:
      description: Whether that failed, or did not come to its end in time.
      type: bool
      returned: always
      sample: false
    rollout:
      description: The state of its rollout, as in RV(rollout); null where there is none to tell.
      type: dict
      returned: always
      sample: {ready: true, state: ready, message: all 5 pods are updated and available}
    msg:
      description: Why it failed.
      type: str
      returned: when it failed
      sample: "DaemonSet logging/log-shipper is being deleted (finalizers: none)."
    error:
      description: What kind of failure it was.
      type: dict
      returned: when it failed
      sample: {kind: rollout, status: null}
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
namespace_created:
  description: Whether the namespace was missing and was made; in check mode, would be made.
  returned: with O(state=present), when O(create_namespace) is true
  type: bool
  sample: false
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
previous:
  description: The DaemonSet that was deleted, as it was. Values that look like secrets are hidden.
  returned: when O(on_selector_change) deleted it and the new one could not be created
  type: dict
  sample: {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log-shipper, namespace: logging}}
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

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset import VERB
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
