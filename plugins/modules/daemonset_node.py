#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset_node
short_description: Replace the pod of a DaemonSet on one node, and prove the new one
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Replaces one node's pod of a DaemonSet with a pod of its current template, and ends once that is
    available, has passed a command of yours, and has stayed well for a while.
  - In a play over the nodes of a cluster it makes a rolling update with Ansible's own means.
    C(serial) is the stages, C(max_fail_percentage) ends it, and tasks before and after it prepare
    each node and look after it. The playbook C(everynode.kubernetes.rolling_update) is such a play,
    and the inventory plugin P(everynode.kubernetes.nodes#inventory) gives the hosts.
  - The DaemonSet has the update strategy C(OnDelete) for that. Under C(RollingUpdate) the
    controller replaces the pods of all nodes by itself as soon as the template changes, in its own
    order; a task that finds the pod outdated fails then, and says so. To restart a pod works under
    both.
  - A pod is deleted by its uid, so that one that took its place meanwhile is not deleted for it. A
    pod that is of the current template already is left alone, so that a play that was interrupted
    goes on where it was.
  - A node that needs no pod (for its labels or taints) is no error; the result says why. One that
    does not exist is an error of the kind C(not_found).
  - Where a node is lost, as its kubelet has not been heard of, its pod is left as it is and the
    task fails. A node that is not ready for another reason gets its new pod, which may be what it
    needs.
options:
  name:
    description:
      - The name of the DaemonSet.
    type: str
    required: true
  namespace:
    description:
      - Its namespace; that of the context, or else C(default), where it is not given.
    type: str
  node:
    description:
      - The name of the node.
    type: str
    required: true
  state:
    description:
      - V(updated) replaces the pod where it is not of the DaemonSet's current template.
      - V(restarted) replaces it in any case.
    type: str
    choices: [updated, restarted]
    default: updated
  verify:
    description:
      - A command that is run in the new pod once it is available. The pod is well where it ends
        with 0.
      - It is a list of the program and its arguments, or a dictionary with C(command), C(container)
        and C(timeout_seconds) (30).
      - Nothing but the program is run. For a shell, say V([sh, -c, 'test -S /run/agent.sock']).
    type: raw
  soak_seconds:
    description:
      - How long the new pod has to stay well after that, in seconds.
    type: int
    default: 0
  max_pod_restarts:
    description:
      - How often the containers of the new pod may restart, all together, until the task ends.
    type: int
    default: 0
  max_failures:
    description:
      - On how many other nodes the new template may have failed, as a number (V(2)) or a percentage
        of all nodes (V("10%")). With more, the pod is left alone and the task fails.
      - Ansible judges C(max_fail_percentage) once a task has run for all nodes of a batch. This
        stops a rollout within the batch, and one that another play leads.
      - A pod of the current template counts that is not available, where it has had the time that
        O(wait_timeout), O(progress_deadline_seconds) and O(failure_grace_seconds) give that of
        this node. What only O(verify) found out does not count.
      - Without it, other nodes are not looked at.
    type: str
  wait:
    description:
      - Whether to wait for the new pod. Without it, the task ends once the old one is deleted.
    type: bool
    default: true
  wait_timeout:
    description:
      - The time that the whole task has, in seconds.
    type: int
    default: 600
    aliases: [upgrade_timeout_seconds]
  fail_early:
    description:
      - Whether the task ends before O(wait_timeout) where waiting does not help, because the new
        pod crashes again and again, its image cannot be pulled, and the like.
    type: bool
    default: true
  failure_grace_seconds:
    description:
      - How long such a cause must last before it ends the task, in seconds.
    type: int
    default: 60
  progress_deadline_seconds:
    description:
      - The task also ends when the node has come no further for so many seconds, for example
        because its kubelet is dead and the old pod does not end. The DaemonSet's C(minReadySeconds)
        come on top of it, and the grace period of the old pod where its node is Ready.
    type: int
    default: 600
extends_documentation_fragment:
  - everynode.kubernetes.connection
  - everynode.kubernetes.attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(state=restarted), each run replaces the pod.
notes:
  - It needs the rights to get the DaemonSet, to list its ControllerRevisions, to list, watch and
    delete pods and, for O(verify), to create C(pods/exec). The right to get nodes is optional; it
    tells why a node has no pod, and which nodes are lost.
seealso:
  - module: everynode.kubernetes.daemonset
  - module: everynode.kubernetes.daemonset_rollback
  - plugin: everynode.kubernetes.nodes
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: A new version, which no node has yet
  everynode.kubernetes.daemonset:
    name: log-shipper
    namespace: logging
    update_strategy:
      type: OnDelete
    containers:
      - name: shipper
        image: example/log-shipper:1.4.2

- name: This node gets it now
  everynode.kubernetes.daemonset_node:
    name: log-shipper
    namespace: logging
    node: "{{ inventory_hostname }}"
    max_failures: 0
    verify: [test, -S, /run/log-shipper.sock]
    soak_seconds: 30
  delegate_to: localhost

- name: Replace a pod that hangs
  everynode.kubernetes.daemonset_node:
    name: log-shipper
    namespace: logging
    node: node-17
    state: restarted
"""

RETURN = r"""
node:
  description: The node.
  returned: always, once the DaemonSet was found
  type: str
  sample: node-17
message:
  description: What was done, or why nothing was, in a sentence.
  returned: always, once the DaemonSet and the node were found
  type: str
  sample: the pod on node-17 is replaced
pod:
  description: The node's pod before and after the task, as M(everynode.kubernetes.daemonset_info)
    shows pods, with its C(uid).
  returned: always, once the DaemonSet and the node were found
  type: dict
  contains:
    before:
      description: The pod that was there; null where there was none.
      type: dict
      returned: always
      sample: {name: log-shipper-x7k2p, node: node-17, ready: true, revision: 6d9f7c, uid:
        0d9ef2ae-35c2-4a6f-8c3b-0d2f3f0f7c11}
    after:
      description: The pod that is there now; null in check mode where another would come, and
        where the task does not wait.
      type: dict
      returned: always
      sample: {name: log-shipper-m2v9q, node: node-17, ready: true, revision: 5b8c4d, uid:
        7c1f4e02-1b0e-4a55-9a53-5d2e8a4fb1d0}
revision:
  description: The value of the label C(controller-revision-hash) of pods of the current template.
  returned: always, once the DaemonSet and the node were found
  type: str
  sample: 5b8c4d
reasons:
  description: Why the new pod is not well; empty where it is.
  returned: always, once the DaemonSet and the node were found
  type: list
  elements: dict
  sample:
    - cause: ImagePull
      count: 1
      evidence: "container shipper: Back-off pulling image \"example/log-shipper:1.4.2\""
      heals: false
      nodes: [node-17]
verify:
  description: What the command gave; null where none was run.
  returned: always, once the DaemonSet and the node were found
  type: dict
  sample: {command: [test, -S, /run/log-shipper.sock], rc: 0, stderr: "", stdout: ""}
server:
  description: The API server that was asked.
  returned: always, once there was a connection
  type: dict
  sample: {context: production, host: "https://192.0.2.10:6443"}
error:
  description: What kind of failure it was, and the HTTP status where the server answered.
  returned: failure
  type: dict
  sample: {kind: rollout, status: null}
forbidden:
  description: The right that is missing, with the user who lacks it, as far as the server told it.
  returned: when the server refuses a request for want of a right
  type: dict
  sample: {group: "", namespace: logging, resource: pods, user: deployer, verb: delete}
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
  sample: [{path: node, problem: "is empty: give the name of a node"}]
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_node import VERB
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
