#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset_info
short_description: Show DaemonSets, their rollouts and the pods of each node
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Lists the DaemonSets of one namespace or of all, with the state of their rollouts and what runs
    on each node.
  - It only reads, and needs the right to list DaemonSets and, for the pods, to list pods.
options:
  name:
    description:
      - Only the DaemonSet of this name.
    type: str
  namespace:
    description:
      - The namespace; that of the context, or else C(default), where it is not given.
    type: str
  all_namespaces:
    description:
      - Whether to list all namespaces.
    type: bool
    default: false
  label_selectors:
    description:
      - Only DaemonSets whose labels match all of these, such as V(app=agent) or
        V(tier!=edge).
    type: list
    elements: str
    default: []
  field_selectors:
    description:
      - Only DaemonSets whose fields match all of these, such as V(metadata.name=agent).
    type: list
    elements: str
    default: []
  include_pods:
    description:
      - Whether to list the pods too, which costs one more request for each 500 pods of the
        namespace.
    type: bool
    default: true
  include_quotas:
    description:
      - Whether to list the quotas of the namespace too, which may keep pods from being made. It
        costs one more request.
    type: bool
    default: false
  include_revisions:
    description:
      - Whether to list the revisions of each DaemonSet too, to which
        M(everynode.kubernetes.daemonset_rollback) can go back. It costs one more request.
    type: bool
    default: false
  include_reasons:
    description:
      - Whether to find out why pods are not available, and why nodes have no pod. Of a DaemonSet
        that is not well its pods, the events about them and the last log lines of containers that
        crash are read, and the nodes once for all.
      - It works without the rights to read nodes, events or logs, with less to tell.
    type: bool
    default: false
  export:
    description:
      - Adds to each DaemonSet what makes the same one again. V(manifest) is a manifest, V(task) a
        task of a playbook that calls M(everynode.kubernetes.daemonset).
      - What only the server sets is left out (C(status), C(uid), C(managedFields) and the like),
        and so are values that the server fills in by itself.
      - It is complete. Values that look like secrets, such as passwords in environment variables,
        are not hidden in it. Use C(no_log) where there may be some.
    type: str
    choices: [manifest, task]
extends_documentation_fragment:
  - everynode.kubernetes.connection
  - everynode.kubernetes.attributes
  - everynode.kubernetes.attributes.info
seealso:
  - module: everynode.kubernetes.daemonset
  - module: everynode.kubernetes.daemonset_rollback
"""

EXAMPLES = r"""
- name: What runs on each node
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
  register: shipper

- name: Nodes whose pod is not ready
  ansible.builtin.debug:
    msg: "{{ shipper.daemonsets[0].pods | rejectattr('ready') | map(attribute='node') }}"

- name: All node agents of the cluster
  everynode.kubernetes.daemonset_info:
    all_namespaces: true
    label_selectors:
      - tier=node

- name: Why it is not ready, and which nodes have no pod
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
    include_pods: false
    include_reasons: true
  register: shipper

- name: Read what somebody has clicked together
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
    include_pods: false
    export: task
  register: shipper

- name: Keep it as code from now on
  ansible.builtin.copy:
    content: "{{ shipper.daemonsets | map(attribute='export') | to_nice_yaml(indent=2) }}"
    dest: tasks/log_shipper.yml
    mode: "0644"
"""

RETURN = r"""
daemonsets:
  description: The DaemonSets, in the server's order (by namespace and name).
  returned: success
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
    rollout:
      description: The state of its rollout, as the module C(daemonset) returns it.
      type: dict
      returned: always
      sample: {available: 5, desired: 5, message: all 5 pods are updated and available, ready: true,
        state: ready, updated: 5}
    pods:
      description: Its pods in the order of their nodes; null where they were not asked for or may
        not be listed.
      type: list
      elements: dict
      returned: always
      sample:
        - created: "2026-01-01T10:00:00Z"
          evidence:
          images: {shipper: "example/log-shipper:1.4.2"}
          ip: 10.0.0.7
          name: log-shipper-x7k2p
          node: node-0
          phase: Running
          ready: true
          reason:
          restarts: 0
          revision: 6d9f7c
    revisions:
      description: Its revisions, the newest first; null where they may not be listed.
      type: list
      elements: dict
      returned: with O(include_revisions=true)
      contains:
        revision:
          description: Its number. A revision gets a new one when its template becomes the current
            one again.
          type: int
          returned: always
          sample: 4
        current:
          description: Whether it is that of the template which the DaemonSet has now.
          type: bool
          returned: always
          sample: true
        images:
          description: The images by the names of the containers, init containers included.
          type: dict
          returned: always
          sample: {shipper: "example/log-shipper:1.4.2"}
        change_cause:
          description: The annotation C(kubernetes.io/change-cause) of that time, or null.
          type: str
          returned: always
          sample: release 1.4.2
        created:
          description: When the cluster first saw the template.
          type: str
          returned: always
          sample: "2026-01-01T10:00:00Z"
        pods:
          description: On how many pods it runs; null where the pods were not listed.
          type: int
          returned: always
          sample: 5
        template_hash:
          description: The label C(controller-revision-hash) of its pods.
          type: str
          returned: always
          sample: 6d9f7c
        name:
          description: The name of the ControllerRevision.
          type: str
          returned: always
          sample: log-shipper-6d9f7c
    reasons:
      description: Why nodes lack an available pod, by cause, the most frequent first. Empty where
        all is well.
      type: list
      elements: dict
      returned: with O(include_reasons=true)
      contains:
        cause:
          description: One word, such as C(ImagePull), C(CrashLoop), C(OutOfMemory), C(ProbeFailed),
            C(Unschedulable), C(VolumeMount), C(Quota) or C(NodeNotReady).
          type: str
          returned: always
          sample: ImagePull
        count:
          description: On how many nodes.
          type: int
          returned: always
          sample: 12
        nodes:
          description: The first five of them.
          type: list
          elements: str
          returned: always
          sample: [node-0, node-1, node-2, node-3, node-4]
        evidence:
          description: What the cluster says about one of them.
          type: str
          returned: always
          sample: "container shipper: example/log-shipper:1.4.3: not found"
        heals:
          description: Whether waiting may help.
          type: bool
          returned: always
          sample: false
    nodes_without_pod:
      description: The nodes without a pod of it, by why; null where nodes or pods may not be read.
      type: list
      elements: dict
      returned: with O(include_reasons=true)
      contains:
        why:
          description: What is in the way. That is C(node_name), C(node_selector), C(affinity) or
            C(taint); or C(not_created) on a node that is eligible.
          type: str
          returned: always
          sample: taint
        count:
          description: How many nodes.
          type: int
          returned: always
          sample: 3
        nodes:
          description: The first five of them.
          type: list
          elements: str
          returned: always
          sample: [master-0, master-1, master-2]
        evidence:
          description: What does not fit on one of them.
          type: str
          returned: always
          sample: "taint node-role.kubernetes.io/control-plane:NoSchedule is not tolerated"
    notes:
      description: What could not be found out, and why.
      type: list
      elements: str
      returned: with O(include_reasons=true)
      sample: []
    daemonset:
      description: The object, without C(managedFields).
      type: dict
      returned: always
      sample: {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log-shipper, namespace:
        logging}}
    export:
      description: The manifest or the task; null, with a warning, for a DaemonSet that has fields
        of a newer API.
      type: dict
      returned: when O(export) is given
      sample:
        name: Keep DaemonSet log-shipper
        everynode.kubernetes.daemonset: {name: log-shipper, namespace: logging}
quotas:
  description:
    - The quotas of the namespace, or of all namespaces. Null where they may not be listed.
  returned: with O(include_quotas=true)
  type: list
  elements: dict
  sample:
    - hard: {count/daemonsets.apps: "5", pods: "40"}
      name: compute
      namespace: logging
      used: {count/daemonsets.apps: "2", pods: "10"}
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
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_info import VERB
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
