#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset_exec
short_description: Run a command in the pods of a DaemonSet
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Runs a command in the pods of a DaemonSet, on all nodes or on some, many at a time, and returns
    for each node its exit code and what it wrote.
  - A node that fails does not stop the others. Whether the task fails is for
    O(max_fail_percentage) to say, and for C(failed_when).
  - It goes through the API server, on the connection and by the proxy of any other task. Neither
    SSH nor Python is needed on the nodes.
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
  nodes:
    description:
      - The names of the nodes on whose pods the command runs; on all where it is not given. An
        empty list is none.
      - A node without a pod of the DaemonSet has failed.
    type: list
    elements: str
  pods:
    description:
      - The names of the pods in which it runs, in place of O(nodes).
    type: list
    elements: str
  container:
    description:
      - The container in which it runs. Where it is not given, it is the one that the annotation
        C(kubectl.kubernetes.io/default-container) of the pod names, or else the pod's first.
      - An init container that keeps running (a sidecar) has a name, too.
    type: str
  command:
    description:
      - The program and its arguments, a list of words. No shell is involved, so that pipes,
        variables and the like are not understood; O(shell) is for these.
      - Exactly one of O(command) and O(shell) is required.
      - It can be read in the audit log of the API server, and in the node's list of processes.
        Secrets belong into O(stdin).
    type: list
    elements: str
  shell:
    description:
      - A line for C(/bin/sh -c), which the image must have.
    type: str
  stdin:
    description:
      - What the command reads. Where it is not given, there is nothing to be read.
      - It is not shown in results or logs. It needs Kubernetes 1.29 or later.
    type: str
  stdin_content:
    description:
      - What O(stdin) holds, as JSON. The action plugin fills it in.
    type: str
  stdin_add_newline:
    description:
      - Whether O(stdin) ends with a line break more, unless it is empty.
    type: bool
    default: true
  timeout:
    description:
      - How long the command may take on a node, in seconds. It is then given up, and the node has
        failed; what it wrote until then is in the result.
      - The program may run on in its container. C(timeout) before the command ends it there, where
        the image has that.
    type: int
    default: 60
  concurrency:
    description:
      - On how many nodes it runs at a time, 100 at most.
    type: int
    default: 10
  max_bytes:
    description:
      - How much is kept of what the command writes on a node to its standard output, and of what it
        writes to its standard error, in bytes. What follows is read and thrown away, so that the
        command runs to its end.
    type: int
    default: 65536
  max_total_bytes:
    description:
      - How much is kept of all nodes together, in bytes, 64 MiB at most. Where there are so many
        nodes that O(max_bytes) is more, each has an equal part of this.
    type: int
    default: 16777216
  max_fail_percentage:
    description:
      - The task fails where the command fails on more than this share of the nodes. With V(100), it
        never fails by that.
      - It has failed on a node where its exit code is not 0, where it did not end in time, or where
        it could not be run. A node of O(nodes) without a pod counts.
      - Where no command can be run on any node, because a right is missing or the API server is not
        there, the task fails whatever stands here.
    type: int
    default: 0
extends_documentation_fragment:
  - everynode.kubernetes.connection
  - everynode.kubernetes.attributes
attributes:
  check_mode:
    support: partial
    details:
      - Nothing is run. The task is skipped, its message says on which nodes the command would run,
        and nodes on which it cannot run have failed.
  diff_mode:
    support: none
    details:
      - It is not known what a command changes.
  idempotent:
    support: none
    details:
      - The command is run each time, and C(changed) is true wherever it was.
notes:
  - It needs the rights to get the DaemonSet, to list pods, and to get and create C(pods/exec).
  - Of two pods on a node, where one takes the other's place, it runs in the one that stays.
  - The Python library websocket-client is needed, which C(kubernetes) depends on.
seealso:
  - module: everynode.kubernetes.daemonset_logs
  - module: everynode.kubernetes.daemonset_info
  - module: everynode.kubernetes.daemonset_node
"""

EXAMPLES = r"""
- name: Which kernel each node has
  everynode.kubernetes.daemonset_exec:
    name: log-shipper
    namespace: logging
    command: [uname, --kernel-release]
  register: kernel
  changed_when: false

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.node }}: {{ item.stdout }}"
  loop: "{{ kernel.nodes }}"
  loop_control:
    label: "{{ item.node }}"

- name: Find the nodes that hold back more than 1 GiB
  everynode.kubernetes.daemonset_exec:
    name: log-shipper
    namespace: logging
    shell: test "$(du -sk /var/spool/shipper | cut -f1)" -lt 1048576
    max_fail_percentage: 100
  register: spool
  changed_when: false

- name: Throw away there what was sent already
  everynode.kubernetes.daemonset_exec:
    name: log-shipper
    namespace: logging
    nodes: "{{ spool.failed_nodes }}"
    command: [rm, -rf, /var/spool/shipper/sent]
    timeout: 300
    concurrency: 3

- name: Hand out a licence, where a tenth of the nodes may be away
  everynode.kubernetes.daemonset_exec:
    name: log-shipper
    namespace: logging
    container: shipper
    shell: cat > "$LICENCE_FILE"
    stdin: "{{ shipper_licence }}"
    max_fail_percentage: 10

- name: Wait until this node has sent all it has, in a play over the nodes
  everynode.kubernetes.daemonset_exec:
    name: log-shipper
    namespace: logging
    nodes: ["{{ inventory_hostname }}"]
    shell: test -z "$(ls /var/spool/shipper/unsent)"
  delegate_to: localhost
  register: unsent
  until: unsent is succeeded
  retries: 30
  delay: 10
  changed_when: false
"""

RETURN = r"""
nodes:
  description: What became of the command on each node, by the nodes' names.
  returned: always, once the DaemonSet was found
  type: list
  elements: dict
  contains:
    node:
      description: The node; null for one of O(pods) that is not there.
      type: str
      returned: always
      sample: node-17
    pod:
      description: The pod; null where the node has none.
      type: str
      returned: always
      sample: log-shipper-x7k2p
    container:
      description: The container in which it ran, or should have.
      type: str
      returned: always
      sample: shipper
    rc:
      description: The exit code; null where the command was not run, or did not end in time.
      type: int
      returned: always
      sample: 0
    stdout:
      description: What it wrote to its standard output, without the line breaks at the end. What is
        not UTF-8 is shown as the character U+FFFD.
      type: str
      returned: always
      sample: "shipper 1.4.2"
    stdout_lines:
      description: The lines of that.
      type: list
      elements: str
      returned: always
      sample: ["shipper 1.4.2"]
    stderr:
      description: What it wrote to its standard error.
      type: str
      returned: always
      sample: ""
    truncated:
      description: Whether it wrote more than was kept.
      type: bool
      returned: always
      sample: false
    failed:
      description: Whether it failed there.
      type: bool
      returned: always
      sample: false
    msg:
      description: Why it failed; null where it did not.
      type: str
      returned: always
      sample: null
failed_nodes:
  description: The names of the nodes on which it failed, and thus those to be tried again.
  returned: always, once the DaemonSet was found
  type: list
  elements: str
  sample: []
highest_rc:
  description: The highest exit code; null where the command ended nowhere.
  returned: always, once the DaemonSet was found
  type: int
  sample: 0
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
  sample: {group: "", namespace: logging, resource: pods/exec, user: deployer, verb: create}
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
  sample: [{path: command, problem: "it is missing: give it, or a line for a shell with shell"}]
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_exec import VERB
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
