#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset_logs
short_description: Read the logs of a DaemonSet's pods
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Reads the logs of all pods of a DaemonSet, or of those on some nodes, into the result of the
    task, or into a file for each node and container.
  - Many pods are read at a time. A node that does not answer is told in a warning and in the
    result, and does not keep the task from the logs of the others.
  - A log is never held in memory as a whole, and O(max_bytes) and O(max_total_bytes) bound what is
    kept. What is left out is told.
  - A container that has not started, or that was never restarted where O(previous) is asked for,
    has no log. That is no failure; RV(logs[].msg) tells it.
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
      - The names of the nodes whose pods are read. By default, all pods are.
    type: list
    elements: str
  pods:
    description:
      - The names of the pods that are read, instead of O(nodes).
    type: list
    elements: str
  containers:
    description:
      - The names of the containers whose logs are read; they may be init containers. By default,
        all but the init containers.
    type: list
    elements: str
  previous:
    description:
      - Read the logs of the containers before their last restart instead, which say why they
        crashed.
    type: bool
    default: false
  tail_lines:
    description:
      - How many lines of each log are read, the last ones; V(-1) for all.
      - By default 100, but all where O(search) or O(dest) is given.
    type: int
  since_seconds:
    description:
      - Only lines of the last so many seconds are read.
    type: int
  since_time:
    description:
      - Only lines since then are read. With date, time with seconds, and zone, as in
        V(2026-03-01T12:00:00Z).
    type: str
  timestamps:
    description:
      - Whether each line begins with the time when it was written.
    type: bool
    default: false
  search:
    description:
      - A regular expression of Python. Only lines that it matches somewhere are kept, and
        RV(counts) tells how many they are on each node. For one that does not tell upper from lower
        case, begin it with V((?i\)).
      - It is matched with the first 65536 bytes of a line, without its end and without the time of
        O(timestamps).
      - Of all the lines that are read, be they too many to be kept, those that match are counted.
      - Write it without one repetition within another, such as V((a+\)+$). On some lines Python
        tries such an expression for longer than anybody waits, and neither O(timeout) nor Ansible's
        own time limit for a task ends that.
    type: str
  dest:
    description:
      - A folder on the host where the task runs, which is made where it is missing. Each log
        becomes a file in it instead of RV(logs[].text).
      - The files are called C(NODE.CONTAINER.log), or C(NODE.CONTAINER.previous.log) with
        O(previous). Where several pods of a node are read, they are called
        C(NODE_POD.CONTAINER.log).
      - A file is replaced at once and only where its content changes. A link of that name is
        replaced, and not followed. The file of a log that cannot be read stays as it is.
      - On the controller, a relative path begins at the folder of the playbook.
    type: path
  mode:
    description:
      - The permissions of the files, octal and in quotes.
    type: raw
    default: '0600'
  max_bytes:
    description:
      - How much of each log is kept, of the lines that are read; at most 1073741824 (1 GiB).
      - Where O(tail_lines) are read, their end is kept, else their beginning.
      - By default 65536 (64 KiB), or with O(dest) 16777216 (16 MiB).
    type: int
  max_total_bytes:
    description:
      - How much of all logs together is kept in the result, at most 67108864 (64 MiB). Where they
        are more, the largest are cut to one size.
      - It does not count with O(dest).
    type: int
    default: 1048576
  concurrency:
    description:
      - How many pods are read at a time, 1 to 100.
    type: int
    default: 10
  timeout:
    description:
      - How long reading the logs of one pod may take, in seconds. What has come by then is kept.
    type: int
    default: 60
  max_fail_percentage:
    description:
      - The task fails where the logs of more than this share of the nodes could not be read.
      - It always fails where none could be read.
    type: int
    default: 100
extends_documentation_fragment:
  - everynode.kubernetes.connection
  - everynode.kubernetes.attributes
attributes:
  check_mode:
    details:
      - The logs are read, and O(dest) is compared with them, but not written to.
  diff_mode:
    support: none
  idempotent:
    details:
      - With O(dest), it changes something as often as a container has written something.
notes:
  - It needs the rights to get the DaemonSet, to list pods, and to get C(pods/log).
  - What a container writes may be secret. What the task's own connection has as secrets is hidden
    in logs, and nothing else is. Give the task C(no_log) where its result must not be seen.
  - Bytes that are no UTF-8 are shown as the replacement character. In files all bytes are as the
    container wrote them.
  - A container's log is what the node still has of it. Kubelets give the part since they last
    rotated it, which by default is at most 10 MiB.
seealso:
  - module: everynode.kubernetes.daemonset_info
"""

EXAMPLES = r"""
- name: The last lines of all pods
  everynode.kubernetes.daemonset_logs:
    name: log-shipper
    namespace: logging
    tail_lines: 20
  register: shipper

- name: Show them by node
  ansible.builtin.debug:
    msg: "{{ item.text }}"
  loop: "{{ shipper.logs }}"
  loop_control:
    label: "{{ item.node }}/{{ item.container }}"

- name: How often each node failed to send something in the last hour
  everynode.kubernetes.daemonset_logs:
    name: log-shipper
    namespace: logging
    since_seconds: 3600
    search: '(?i)\b(error|refused|timed out)\b'
  register: found

- name: More than three times is too often
  ansible.builtin.assert:
    that: found.counts.values() | max <= 3
    fail_msg: "Too many errors: {{ found.counts }}"

- name: Why the containers on two nodes crashed
  everynode.kubernetes.daemonset_logs:
    name: log-shipper
    namespace: logging
    nodes: [node-1, node-2]
    containers: [shipper]
    previous: true

- name: All logs as files, for a ticket
  everynode.kubernetes.daemonset_logs:
    name: log-shipper
    namespace: logging
    timestamps: true
    dest: "logs/{{ inventory_hostname }}"
    mode: '0640'
    concurrency: 20
"""

RETURN = r"""
logs:
  description: The log of each container, by the names of the nodes; a node or pod that was asked
    for and is not there, too.
  returned: always, once the pods were listed
  type: list
  elements: dict
  contains:
    node:
      description: The node; null where it is not known.
      type: str
      returned: always
      sample: node-1
    pod:
      description: The pod; null where the node has none.
      type: str
      returned: always
      sample: log-shipper-x7k2p
    container:
      description: The container; null where there is no pod.
      type: str
      returned: always
      sample: shipper
    text:
      description: What was read, or the lines of it that match; null with O(dest).
      type: str
      returned: always
      sample: "connected to 192.0.2.7\nsent 512 records\n"
    lines:
      description: How many lines that is.
      type: int
      returned: always
      sample: 2
    bytes:
      description: How many bytes.
      type: int
      returned: always
      sample: 40
    matches:
      description: How many lines matched, kept or not; null without O(search).
      type: int
      returned: always
      sample: 2
    truncated:
      description: Whether something was left out of it, or could not be read to its end.
      type: bool
      returned: always
      sample: false
    path:
      description: The file; null without O(dest), and where there is no log.
      type: str
      returned: always
      sample: /srv/tickets/logs/node-1.shipper.log
    failed:
      description: Whether it could not be read, or not to its end.
      type: bool
      returned: always
      sample: false
    msg:
      description: Why it could not be read, or why there is none; else null.
      type: str
      returned: always
      sample: "Container shipper of pod log-shipper-x7k2p: it has not started, so it has no log yet
        (ContainerCreating)."
counts:
  description: By node, how many lines matched.
  returned: with O(search), once the pods were listed
  type: dict
  sample: {node-1: 2, node-2: 0}
failed_nodes:
  description: The nodes of which a log could not be read.
  returned: always, once the pods were listed
  type: list
  elements: str
  sample: [node-3]
total_bytes:
  description: How many bytes were kept of all logs.
  returned: always, once the pods were listed
  type: int
  sample: 8154
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
  sample: {group: "", namespace: logging, resource: pods/log, user: deployer, verb: get}
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
  sample: [{path: search, problem: "is empty: leave it out for all lines"}]
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_logs import VERB
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
