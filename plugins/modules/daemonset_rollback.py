#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset_rollback
short_description: Put a former pod template of a DaemonSet back
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Gives a DaemonSet the pod template of a former revision back, by default of the previous one,
    and waits until its pods run it.
  - The revisions are those that the cluster keeps of this very DaemonSet. Another DaemonSet with
    the same labels, or a namesake that was there before, is never taken for it.
  - Only the pod template and its change cause go back. The update strategy, the labels of the
    DaemonSet and the rest stay. What M(everynode.kubernetes.node_agent) versions, such as a
    ConfigMap, is kept for each kept revision, and goes back with the template.
  - The marks of restarts in the template stay as they are, and revisions that differ only by them
    count as one.
  - The template is applied under O(field_manager). What others own in it with the same value stays
    theirs. A later task with the former definition then finds nothing to do, and one with the newer
    definition rolls forward again.
  - Where somebody else changes the DaemonSet meanwhile, the task fails and changes nothing.
  - A rollout in stages that has not ended is ended by it. The nodes that were touched go back, and
    the update strategy is the former one again. That is the previous revision; where another one is
    asked for, it comes after. A rollout that is paused goes on with the former template.
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
  to_revision:
    description:
      - The number of the revision to go back to, as M(everynode.kubernetes.daemonset_info) and
        C(kubectl rollout history) show it. A revision gets a new number when its template becomes
        the current one again.
      - Without it, and with V(0), it is the newest revision whose template differs from the one
        that the DaemonSet has now. Done twice, that goes back and forth, as with kubectl. After a
        rollout that was rolled back by itself, it is the one that failed. A warning says so where
        it is newer than what it takes the place of.
    type: int
  to_image:
    description:
      - The image to go back to, as it stands in the template of any container, or a dictionary of
        images by the names of their containers.
      - It is the newest revision that has it. Where the DaemonSet has it now, nothing is done.
    type: raw
  field_manager:
    description:
      - The name under which the server remembers which fields are ours.
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
      - Whose fields become ours, as with M(everynode.kubernetes.daemonset), so that what they added
        to the template since that revision goes away. V(kubectl), V(helm) and V(kubernetes.core)
        stand for the names that these tools write under; any other value is the exact name of a
        field manager.
    type: list
    elements: str
    default: []
  resource_version:
    description:
      - Roll back only if the DaemonSet's C(metadata.resourceVersion) is still this one.
    type: str
extends_documentation_fragment:
  - everynode.kubernetes.wait
  - everynode.kubernetes.wait.patience
  - everynode.kubernetes.connection
  - everynode.kubernetes.attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(to_revision) or O(to_image), a second run finds the template in place. Without them,
        each run goes to the previous revision.
seealso:
  - module: everynode.kubernetes.daemonset
  - module: everynode.kubernetes.daemonset_info
"""

EXAMPLES = r"""
- name: Undo the last change
  everynode.kubernetes.daemonset_rollback:
    name: log-shipper
    namespace: logging

- name: See what there is to go back to
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
    include: [revisions]
  register: shipper

- name: Go back to a revision
  everynode.kubernetes.daemonset_rollback:
    name: log-shipper
    namespace: logging
    to_revision: 3

- name: Go back to the newest revision with this image, whatever its number is now
  everynode.kubernetes.daemonset_rollback:
    name: log-shipper
    namespace: logging
    to_image:
      shipper: example/log-shipper:1.4.1

- name: Undo what somebody did with kubectl
  everynode.kubernetes.daemonset_rollback:
    name: log-shipper
    namespace: logging
    adopt:
      - kubectl
"""

RETURN = r"""
daemonset:
  description:
    - The DaemonSet afterwards, as the server returns it, without C(managedFields). Values that look
      like secrets are hidden.
  returned: success
  type: dict
  sample: {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log-shipper, namespace: logging}}
rollout:
  description: The state of the rollout, as the module C(daemonset) returns it, with more keys.
  returned: success, and on failure as far as it was looked at
  type: dict
  contains:
    ready:
      description: Whether the rollout has ended well.
      type: bool
      returned: always
      sample: true
    state:
      description: One word for the state.
      type: str
      returned: always
      sample: ready
    message:
      description: The state in a sentence. It says so where the template was in place already.
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
      description: On how many of them the pod is of the template that stands.
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
          count: 1
          evidence: "container shipper: Back-off pulling image"
          heals: false
          nodes: [node-0]
    failed_by:
      description: What ended the wait (C(cause), C(no_progress), C(timeout), C(deleted) or
        C(overtaken)).
      type: str
      returned: when the wait did not end well
      sample: cause
    excused:
      description: Which nodes lack their pod in a rollout that is ready all the same, and why.
      type: dict
      returned: when O(unavailable_budget) or O(ignore_not_ready_nodes) excused any
      sample:
        count: 1
        nodes: [node-3]
        why: 1 the node is not Ready (ignore_not_ready_nodes)
        reasons: []
    rolled_back:
      description: From where to where it went, with the numbers that the revisions had before; null
        where the template was in place already.
      type: dict
      returned: success
      sample:
        change_cause: release 1.4.1
        from_revision: 4
        images: {shipper: "example/log-shipper:1.4.1"}
        to_revision: 3
    restarts:
      description: How many pods restart by it, or would in check mode, the first 20 of their nodes,
        and a sentence. Pods that have the template already do not restart.
      type: dict
      returned: when it went back to another template, or ended a rollout
      sample:
        message: 5 pods restart, at most 1 at a time
        nodes: [node-0, node-1, node-2, node-3, node-4]
        pods: 5
    outdated:
      description: How many pods keep another template, and the first 20 of their nodes; null where
        pods may not be listed.
      type: dict
      returned: with the update strategy C(OnDelete)
      sample: {nodes: [node-0, node-1], pods: 2}
revisions:
  description: The 20 newest revisions, as M(everynode.kubernetes.daemonset_info) shows them.
  returned: when there is none such as was asked for
  type: list
  elements: dict
  sample:
    - change_cause: release 1.4.2
      created: "2026-01-01T10:00:00Z"
      current: true
      images: {shipper: "example/log-shipper:1.4.2"}
      name: log-shipper-6d9f7c
      pods:
      revision: 4
      template_hash: 6d9f7c
conflicts:
  description: The fields that others own.
  returned: when they stand in the way
  type: list
  elements: dict
  sample:
    - field: spec.template.spec.containers[name="shipper"].image
      manager: kubectl-set
server:
  description: The API server that was asked.
  returned: always, once there was a connection
  type: dict
  sample: {context: production, host: "https://192.0.2.10:6443"}
error:
  description: What kind of failure it was, and the HTTP status where the server answered.
  returned: failure
  type: dict
  sample: {kind: conflict, status: 409}
forbidden:
  description: The right that is missing, with the user who lacks it, as far as the server told it.
  returned: when the server refuses a request for want of a right
  type: dict
  sample:
    {group: apps, namespace: logging, resource: controllerrevisions, user: deployer, verb: list}
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
  sample: [{path: wait_timeout, problem: "0 is not allowed: it must be 1 or more"}]
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs import daemonset_rollback
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(daemonset_rollback.VERB)


if __name__ == "__main__":
    main()
