#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset_wait
short_description: Wait until DaemonSets are rolled out
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Waits for many rollouts at once. Apply the DaemonSets first, in a loop, with
    O(ignore:wait=false), then wait for all of them. The whole takes as long as the slowest one.
  - A DaemonSet is ready when the controller has seen its last change and the pod of every eligible
    node runs its template and is available. With the update strategy C(OnDelete), where pods of
    another template run, it is ready once the controller has seen the change. A DaemonSet without
    an eligible node is ready.
  - Where another task leads its rollout, in stages or as a rebuild, it is ready once that has
    ended. One whose rollout is paused, or waits for a person between two stages, is a failure.
  - It watches, with one connection for each namespace; it does not poll. Progress is shown while it
    waits, where the callback for the standard output is Ansible's C(default) or C(minimal), or that
    of AWX.
  - It changes nothing. It needs the rights to list and watch DaemonSets. To say why one is not
    ready, it also needs those to list pods, events and nodes and to get C(pods/log); where they
    are missing, it says less. That holds, too, for the right to get the lease
    C(kube-system/kube-controller-manager), by which it tells whether the controller acts.
  - In check mode it looks once and does not wait. DaemonSets that are missing or not ready are then
    no failure.
options:
  name:
    description:
      - The DaemonSet to wait for. It may be written with its namespace, as V(logging/agent).
    type: str
  names:
    description:
      - The DaemonSets to wait for. Each may be written with its namespace, as V(logging/agent); one
        without must be in at least one of the namespaces.
      - Without O(name) and O(names), all DaemonSets of the namespaces are waited for.
      - One that does not exist is a failure, unless O(wait_for_missing=true); those that exist are
        waited for all the same.
    type: list
    elements: str
  namespace:
    description:
      - The namespace; that of the context, or else C(default), where none is given.
    type: str
  namespaces:
    description:
      - Several namespaces. One in which DaemonSets may not be listed is a failure; those of the
        others are waited for all the same.
    type: list
    elements: str
  all_namespaces:
    description:
      - Whether to wait for DaemonSets of all namespaces. It needs the rights to list and watch
        DaemonSets in the whole cluster.
    type: bool
    default: false
  label_selectors:
    description:
      - Only DaemonSets whose labels match all of these, such as V(app=agent) or V(tier!=edge). It
        is a warning where there are none.
      - The labels count at the beginning; a DaemonSet that is made later is not waited for.
    type: list
    elements: str
    default: []
  wait_for_missing:
    description:
      - Whether to wait, too, for DaemonSets that are named and not there yet, such as those that
        Argo CD, Flux or Helm is about to make. It needs O(name) or O(names), and goes without
        O(label_selectors).
      - By default one that is not there is a failure, as its name may be misspelt.
    type: bool
    default: false
extends_documentation_fragment:
  - everynode.kubernetes.wait.patience
  - everynode.kubernetes.connection
  - everynode.kubernetes.attributes
  - everynode.kubernetes.attributes.info
seealso:
  - module: everynode.kubernetes.daemonset
  - module: everynode.kubernetes.daemonset_info
"""

EXAMPLES = r"""
- name: Apply all agents without waiting for them
  everynode.kubernetes.daemonset:
    name: "{{ item.name }}"
    namespace: agents
    containers:
      - name: agent
        image: "{{ item.image }}"
    wait: false
  loop: "{{ agents }}"

- name: Wait for all of them at once
  everynode.kubernetes.daemonset_wait:
    names: "{{ agents | map(attribute='name') }}"
    namespace: agents
    wait_timeout: 900

- name: Wait for agents of several namespaces
  everynode.kubernetes.daemonset_wait:
    names:
      - logging/log-shipper
      - monitoring/node-exporter

- name: Wait for what a GitOps controller is about to make
  everynode.kubernetes.daemonset_wait:
    name: logging/log-shipper
    wait_for_missing: true

- name: Is every agent of the cluster well, but for up to three broken nodes
  everynode.kubernetes.daemonset_wait:
    all_namespaces: true
    label_selectors:
      - tier=node
    ignore_not_ready_nodes: 3
    failure_grace_seconds: 120
"""

RETURN = r"""
ready:
  description: Whether all of them are ready.
  returned: once they were found
  type: bool
  sample: true
daemonsets:
  description: What became of each DaemonSet.
  returned: once they were found
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
      sample: 6a1f5a2e-8c1c-4d32-9f8b-6f3c1c0a2f11
    changed:
      description: Always V(false), as in the results of other modules it may be.
      type: bool
      returned: always
      sample: false
    done:
      description: Always V(nothing).
      type: str
      returned: always
      sample: nothing
    failed:
      description: Whether it did not become ready.
      type: bool
      returned: always
      sample: false
    msg:
      description: Why it did not become ready.
      type: str
      returned: on failure
      sample: "DaemonSet logging/log-shipper is not ready after 600 seconds: 4 of 5 updated pods are
        available. Reasons: ImagePull on 1 (node-3): not found."
    error:
      description: What kind of failure it was, and the HTTP status where the server answered.
      type: dict
      returned: on failure
      sample: {kind: rollout, status: null}
    rollout:
      description:
        - The state of its rollout, as the module C(daemonset) returns it. C(excused) tells the
          nodes that O(unavailable_budget) and O(ignore_not_ready_nodes) excused.
        - On failure, C(failed_by) says what ended the wait (V(timeout), V(cause), V(no_progress) or
          V(deleted)), and C(reasons) why its pods are not available, by cause.
      type: dict
      returned: always
      sample: {available: 5, desired: 5, message: all 5 pods are updated and available, ready: true,
        state: ready, updated: 5}
rollout:
  description: The same as in RV(daemonsets).
  returned: where the only one failed
  type: dict
  sample: {available: 4, desired: 5, failed_by: timeout, message: 4 of 5 updated pods are available,
    ready: false, state: starting, updated: 5}
server:
  description: The API server that was asked.
  returned: always, once there was a connection
  type: dict
  sample: {context: production, host: "https://192.0.2.10:6443"}
error:
  description: What kind of failure it was, and the HTTP status where the server answered.
  returned: failure
  type: dict
  sample: {kind: batch, status: null}
forbidden:
  description: The right that is missing, with the user who lacks it, as far as the server told it.
  returned: when the server refuses a request for want of a right
  type: dict
  sample: {group: apps, namespace: logging, resource: daemonsets, user: deployer, verb: watch}
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
  sample: [{path: unavailable_budget, problem: "'ten%' is neither a number nor a percentage"}]
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_wait import VERB
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
