#!/usr/bin/python

# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemonset_info
short_description: Show DaemonSets, their state and, on demand, their details
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Lists the DaemonSets of one namespace, of some or of all, each with its state in a word, in one
    request.
  - O(include) adds details, such as the pods of each node or why some of them are not well. Each is
    a key of RV(daemonsets).
  - It only reads. The built-in ClusterRole C(view) in the namespaces is enough. What may not be
    read is null, and told in a warning.
options:
  name:
    description:
      - Only the DaemonSet of this name.
    type: str
  namespace:
    description:
      - The namespace; that of the context, or else C(default), where it is not given.
      - It excludes O(namespaces) and O(all_namespaces). Where C(module_defaults) name one, C(null)
        takes it back.
    type: str
  namespaces:
    description:
      - These namespaces, which are read one by one. Those that may not be read are told in
        RV(denied_namespaces), those that do not exist in RV(missing_namespaces).
      - Together with O(all_namespaces) they are read where the whole cluster may not be.
    type: list
    elements: str
  all_namespaces:
    description:
      - Whether to list all namespaces, in one request.
      - Where that is forbidden, O(namespaces) are read one by one, or else all namespaces that the
        user sees.
    type: bool
    default: false
  name_contains:
    description:
      - Only DaemonSets whose name contains this text, whatever its case.
    type: str
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
  states:
    description:
      - Only DaemonSets in one of these states, which RV(daemonsets[].state) explains.
    type: list
    elements: str
    choices:
      - deleting
      - rebuilding
      - paused
      - staged
      - observing
      - updating
      - starting
      - no_nodes
      - ready
    default: []
  sort_by:
    description:
      - What the list is sorted by. V(namespace) is by namespace and name; V(created) begins with
        the oldest; V(state) begins with what needs somebody first, in the order of the choices of
        O(states).
      - Those that are alike are sorted by namespace and name.
    type: str
    choices: [name, created, namespace, state]
    default: namespace
  descending:
    description:
      - Whether to sort the other way around.
    type: bool
    default: false
  limit:
    description:
      - At most so many DaemonSets are shown. RV(found) tells how many there are.
      - Details are read of those that are shown.
    type: int
  offset:
    description:
      - So many DaemonSets of the sorted list are left out before the first that is shown.
    type: int
    default: 0
  include:
    description:
      - What is shown of each DaemonSet beside what the list has, each in the key of its name.
      - V(daemonset), V(metadata), V(containers), V(environment) and V(drift) cost no further
        request, since they are in the list's answer.
      - V(pods), V(revisions), V(services), V(events) and V(metrics) cost a list or two for each
        namespace, V(quotas) one. V(events), V(metrics) and V(reasons) need the list of the pods,
        too.
      - V(claims) and V(objects) cost a request for each object that is named, and V(objects) three
        lists.
      - V(reasons) costs one list of the nodes, and for each DaemonSet that is not well a few
        requests more, the last log lines of containers that crash among them.
    type: list
    elements: str
    choices:
      - daemonset
      - metadata
      - pods
      - quotas
      - containers
      - environment
      - services
      - claims
      - objects
      - revisions
      - events
      - metrics
      - reasons
      - drift
    default: []
  nodes:
    description:
      - Of the pods only those on these nodes. RV(daemonsets[].notes) tells on which of them there
        is none, and with V(reasons) in O(include), RV(daemonsets[].nodes_without_pod) tells why.
      - Where they are five at most, and no detail but V(pods) needs the pods, no others are read.
    type: list
    elements: str
  max_pods:
    description:
      - Of each DaemonSet at most so many pods are shown, and those that are not well before the
        others. RV(daemonsets[].pods_left_out) tells how many are not.
    type: int
    default: 500
  field_manager:
    description:
      - With V(drift) in O(include), whose fields others may have changed. It is the parameter of
        that name of M(everynode.kubernetes.daemonset).
    type: str
    default: everynode
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
- name: All DaemonSets of the cluster, those that need somebody first
  everynode.kubernetes.daemonset_info:
    all_namespaces: true
    sort_by: state
  register: cluster

- name: What may not be read is not silently missing
  ansible.builtin.assert:
    that: cluster.denied_namespaces | length == 0

- name: The first ten of some namespaces that are not well
  everynode.kubernetes.daemonset_info:
    namespaces: [logging, monitoring]
    name_contains: ship
    label_selectors:
      - tier=node
    states: [observing, updating, starting]
    limit: 10

- name: What runs on each node
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
    include: [pods]
  register: shipper

- name: Nodes whose pod is not ready
  ansible.builtin.debug:
    msg: "{{ shipper.daemonsets[0].pods | rejectattr('ready') | map(attribute='node') }}"

- name: Why it is not ready, and which nodes have no pod
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
    include: [reasons, events]

- name: How it is configured, and what it needs beside itself
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
    include: [metadata, containers, environment, services, claims, objects]

- name: What somebody else has changed since it was applied
  everynode.kubernetes.daemonset_info:
    namespace: logging
    include: [drift]
  register: logging

- name: Tell who it was
  ansible.builtin.debug:
    msg: "{{ item.field }}: {{ item.manager }}, {{ item.changed_at }}"
  loop: "{{ logging.daemonsets | map(attribute='drift.fields') | flatten }}"
  loop_control:
    label: "{{ item.field }}"

- name: Read what somebody has clicked together
  everynode.kubernetes.daemonset_info:
    name: log-shipper
    namespace: logging
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
  description: The DaemonSets, as sorted. Those of one page, where O(limit) or O(offset) is given.
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
    uid:
      description: Its uid.
      type: str
      returned: always
      sample: 0d3e2b1a-6c5f-4e7d-8a9b-1c2d3e4f5a6b
    description:
      description: Its description, which is in an annotation such as C(kubernetes.io/description);
        null where it has none.
      type: str
      returned: always
      sample: Sends the logs of each node
    state:
      description:
        - Its state in a word.
        - V(ready), where a pod of this template is available on every node that is eligible.
          V(no_nodes), where no node is, which is no failure.
        - V(observing), until the controller has seen the last change; V(updating), while pods are
          of another template; V(starting), while pods are not available.
        - V(staged), in the middle of a rollout in stages; V(paused), until somebody has it go on;
          V(rebuilding), while it is made anew under another selector; V(deleting), until its pods
          are gone.
        - DaoCloud says "running" for V(ready), "waiting" for V(observing) and V(updating), "not
          ready" for V(starting), "deleting" for V(deleting). KubeSphere says "running" for
          V(ready), "stopped" for V(no_nodes) and where no pod is available at all, and else
          "updating".
      type: str
      returned: always
      sample: ready
    message:
      description: The same in a sentence.
      type: str
      returned: always
      sample: all 5 pods are updated and available
    rollout:
      description: The state of its rollout, as the module C(daemonset) returns it.
      type: dict
      returned: always
      sample: {available: 5, current: 5, desired: 5, message: all 5 pods are updated and available,
        misscheduled: 0, ready: true, ready_pods: 5, state: ready, unavailable: 0, updated: 5}
    images:
      description: The images of the template by the names of the containers, init containers
        included.
      type: dict
      returned: always
      sample: {shipper: "example/log-shipper:1.4.2"}
    update_strategy:
      description: The type of its update strategy, C(RollingUpdate) or C(OnDelete).
      type: str
      returned: always
      sample: RollingUpdate
    labels:
      description: Its labels.
      type: dict
      returned: always
      sample: {tier: node}
    created:
      description: When it was created.
      type: str
      returned: always
      sample: "2026-01-01T10:00:00Z"
    created_by:
      description: Who created it, by the annotation C(kubesphere.io/creator). Without that, the
        field manager that has let it be for the longest; null where there is none.
      type: str
      returned: always
      sample: everynode
    updated:
      description: When something other than its status last changed, or null.
      type: str
      returned: always
      sample: "2026-01-02T10:00:00Z"
    updated_by:
      description: The field manager that changed it then, or null.
      type: str
      returned: always
      sample: kubectl-edit
    notes:
      description: What could not be found out, and why.
      type: list
      elements: str
      returned: always
      sample: []
    daemonset:
      description: The object, without C(managedFields).
      type: dict
      returned: with V(daemonset) in O(include)
      sample: {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log-shipper, namespace:
        logging}}
    metadata:
      description: What there is to say about the object itself.
      type: dict
      returned: with V(metadata) in O(include)
      contains:
        labels:
          description: Its labels.
          type: dict
          returned: always
          sample: {tier: node}
        annotations:
          description: Its annotations, without C(kubectl.kubernetes.io/last-applied-configuration).
          type: dict
          returned: always
          sample: {kubernetes.io/description: Sends the logs of each node}
        owners:
          description: The objects that it belongs to, each with its C(kind), C(name) and C(uid).
          type: list
          elements: dict
          returned: always
          sample: []
        finalizers:
          description: What has to be done before it may go.
          type: list
          elements: str
          returned: always
          sample: []
        uid:
          description: Its uid.
          type: str
          returned: always
          sample: 0d3e2b1a-6c5f-4e7d-8a9b-1c2d3e4f5a6b
        generation:
          description: How often its specification was changed, counted from 1.
          type: int
          returned: always
          sample: 4
        resource_version:
          description: Its version, for O(everynode.kubernetes.daemonset#module:resource_version).
          type: str
          returned: always
          sample: "12345"
        created:
          description: When it was created.
          type: str
          returned: always
          sample: "2026-01-01T10:00:00Z"
        created_by:
          description: As RV(daemonsets[].created_by).
          type: str
          returned: always
          sample: everynode
        updated:
          description: As RV(daemonsets[].updated).
          type: str
          returned: always
          sample: "2026-01-02T10:00:00Z"
        updated_by:
          description: As RV(daemonsets[].updated_by).
          type: str
          returned: always
          sample: kubectl-edit
        deletion_began:
          description: Since when it is being deleted, or null.
          type: str
          returned: always
          sample:
        field_managers:
          description: Who owns some of its fields, how they were written (C(Apply) or C(Update)),
            of which subresource they are, in which version of the API, and when that manager last
            changed one.
          type: list
          elements: dict
          returned: always
          sample:
            - {api_version: apps/v1, changed: "2026-01-01T10:00:00Z", name: everynode, operation:
              Apply, subresource: null}
    pods:
      description: Its pods in the order of their nodes; null where they may not be listed.
      type: list
      elements: dict
      returned: with V(pods) in O(include)
      contains:
        name:
          description: Its name.
          type: str
          returned: always
          sample: log-shipper-x7k2p
        node:
          description: The node that it runs on or is meant for.
          type: str
          returned: always
          sample: node-0
        phase:
          description: Its phase, such as C(Running) or C(Pending).
          type: str
          returned: always
          sample: Running
        ready:
          description: Whether it is ready.
          type: bool
          returned: always
          sample: true
        restarts:
          description: How often its containers were restarted, all together.
          type: int
          returned: always
          sample: 0
        revision:
          description: Its label C(controller-revision-hash), which is the C(template_hash) of a
            revision.
          type: str
          returned: always
          sample: 6d9f7c
        ip:
          description: Its address, or null.
          type: str
          returned: always
          sample: 10.0.0.7
        host_ip:
          description: The address of its node, or null.
          type: str
          returned: always
          sample: 192.0.2.20
        created:
          description: When it was created.
          type: str
          returned: always
          sample: "2026-01-01T10:00:00Z"
        started:
          description: When its node took it, or null.
          type: str
          returned: always
          sample: "2026-01-01T10:00:01Z"
        age_seconds:
          description: How old it is, by the clock of the host where the task runs.
          type: int
          returned: always
          sample: 86400
        images:
          description: The images of its containers by their names.
          type: dict
          returned: always
          sample: {shipper: "example/log-shipper:1.4.2"}
        containers:
          description:
            - The state of each container (C(running), C(waiting), C(terminated), or null), why it
              is in it, its exit code where it has ended, and since when it is in it.
            - C(last_reason) and C(last_exit_code) tell how its last run before this one ended.
          type: list
          elements: dict
          returned: always
          sample:
            - exit_code:
              init: false
              last_exit_code:
              last_reason:
              name: shipper
              ready: true
              reason:
              restarts: 0
              since: "2026-01-01T10:00:02Z"
              state: running
        reason:
          description: In one word why it is not available, or null; see RV(daemonsets[].reasons).
          type: str
          returned: always
          sample:
        evidence:
          description: What its status says about that, or null.
          type: str
          returned: always
          sample:
    pods_left_out:
      description: How many more pods there are than O(max_pods); null where they may not be listed.
      type: int
      returned: with V(pods) in O(include)
      sample: 0
    containers:
      description: The containers of its pod template, those first that start first. Long texts and
        lists are cut, and say so.
      type: list
      elements: dict
      returned: with V(containers) in O(include)
      contains:
        name:
          description: Its name.
          type: str
          returned: always
          sample: shipper
        kind:
          description: C(init) for one that has to end before the pod starts, C(sidecar) for an init
            container that goes on, or C(container).
          type: str
          returned: always
          sample: container
        image:
          description: Its image.
          type: str
          returned: always
          sample: example/log-shipper:1.4.2
        image_pull_policy:
          description: When the image is pulled.
          type: str
          returned: always
          sample: IfNotPresent
        command:
          description: What it runs; empty where the image says so.
          type: list
          elements: str
          returned: always
          sample: [/shipper]
        args:
          description: The arguments. Values that look like secrets are hidden.
          type: list
          elements: str
          returned: always
          sample: ["--config=/etc/shipper.yml"]
        working_dir:
          description: The folder that it runs in, or null.
          type: str
          returned: always
          sample:
        resources:
          description: Its C(requests) and C(limits), as the manifest has them.
          type: dict
          returned: always
          sample: {limits: {memory: 128Mi}, requests: {cpu: 100m, memory: 64Mi}}
        ports:
          description: Its ports, and those of the node that lead to them.
          type: list
          elements: dict
          returned: always
          sample:
            - {host_ip: null, host_port: 9100, name: metrics, port: 9100, protocol: TCP}
        probes:
          description: Its C(liveness), C(readiness) and C(startup) probes, as the manifest has
            them, or null.
          type: dict
          returned: always
          sample: {liveness: null, readiness: {httpGet: {path: /ready, port: metrics, scheme: HTTP},
            periodSeconds: 10}, startup: null}
        mounts:
          description: Where volumes are mounted, each with the kind of its volume and what that is
            made of, a path or a name.
          type: list
          elements: dict
          returned: always
          sample:
            - {kind: hostPath, path: /var/log, propagation: null, read_only: true, source: /var/log,
              sub_path: null, volume: logs}
        devices:
          description: The block devices that it is given.
          type: list
          elements: dict
          returned: always
          sample: []
        security_context:
          description: What it may do, as the manifest has it.
          type: dict
          returned: always
          sample: {runAsNonRoot: true}
        lifecycle:
          description: What runs after its start and before its end, as the manifest has it.
          type: dict
          returned: always
          sample: {}
    environment:
      description: The environment of each container that has one. What it refers to is not read.
      type: list
      elements: dict
      returned: with V(environment) in O(include)
      contains:
        container:
          description: The name of the container.
          type: str
          returned: always
          sample: shipper
        variables:
          description:
            - The variables. C(value) is hidden where it looks like a secret, and null where it
              comes from somewhere else.
            - C(source) is null, or tells from where by its C(kind). That is C(ConfigMap) or
              C(Secret), with the C(name), the C(key) and whether it is C(optional); C(field) of the
              pod, with its C(path); C(resource), with C(resource), C(container) and C(divisor); or
              C(file), with C(volume), C(path), C(key) and C(optional).
          type: list
          elements: dict
          returned: always
          sample:
            - {name: LEVEL, source: null, value: info}
            - {name: API_TOKEN, source: {key: token, kind: Secret, name: login, optional: false},
              value: null}
        from:
          description: The ConfigMaps and Secrets of which all keys become variables.
          type: list
          elements: dict
          returned: always
          sample:
            - {kind: ConfigMap, name: settings, optional: false, prefix: null}
    services:
      description: The services of its namespace that select its pods, by name; null where they may
        not be listed.
      type: list
      elements: dict
      returned: with V(services) in O(include)
      contains:
        name:
          description: Its name.
          type: str
          returned: always
          sample: log-shipper
        type:
          description: C(ClusterIP), C(NodePort) or C(LoadBalancer).
          type: str
          returned: always
          sample: NodePort
        cluster_ips:
          description: Its addresses in the cluster; none where it is headless.
          type: list
          elements: str
          returned: always
          sample: [10.96.0.17]
        external_ips:
          description: Addresses of others that lead to it.
          type: list
          elements: str
          returned: always
          sample: []
        load_balancer:
          description: The addresses or names of its load balancer.
          type: list
          elements: str
          returned: always
          sample: []
        ports:
          description: Its ports, with those of the pods and of the nodes.
          type: list
          elements: dict
          returned: always
          sample:
            - {app_protocol: null, name: metrics, node_port: 30100, port: 9100, protocol: TCP,
              target_port: metrics}
        selector:
          description: The labels that it selects pods by.
          type: dict
          returned: always
          sample: {app.kubernetes.io/name: log-shipper}
        session_affinity:
          description: Whether a client stays with a pod, C(ClientIP) or C(None).
          type: str
          returned: always
          sample: ClientIP
        internal_traffic_policy:
          description: Whether pods reach all of its pods (C(Cluster)) or those of their own node
            (C(Local)).
          type: str
          returned: always
          sample: Local
        external_traffic_policy:
          description: The same for what comes from outside, or null.
          type: str
          returned: always
          sample: Cluster
    claims:
      description: The claims for storage that its pod template names. Those of generic ephemeral
        volumes, of which each pod has its own, are not among them.
      type: list
      elements: dict
      returned: with V(claims) in O(include)
      contains:
        name:
          description: Its name.
          type: str
          returned: always
          sample: archive
        exists:
          description: Whether it is there; null where it may not be read.
          type: bool
          returned: always
          sample: true
        volumes:
          description: The volumes of the pod that are made of it.
          type: list
          elements: str
          returned: always
          sample: [archive]
        read_only:
          description: Whether the pods only read from it.
          type: bool
          returned: always
          sample: false
        phase:
          description: C(Pending), C(Bound) or C(Lost), or null where it is not there.
          type: str
          returned: always
          sample: Bound
        requested:
          description: How much storage it asks for.
          type: str
          returned: always
          sample: 5Gi
        capacity:
          description: How much it has; null until it is bound.
          type: str
          returned: always
          sample: 10Gi
        storage_class:
          description: Its storage class, or null.
          type: str
          returned: always
          sample: fast
        persistent_volume:
          description: The volume that it is bound to, or null.
          type: str
          returned: always
          sample: pvc-0d3e2b1a
        access_modes:
          description: How it can be mounted; how it asks to be until it is bound.
          type: list
          elements: str
          returned: always
          sample: [ReadWriteMany]
        volume_mode:
          description: C(Filesystem) or C(Block).
          type: str
          returned: always
          sample: Filesystem
    objects:
      description: The objects that it needs, and those that are about its pods or its account.
      type: dict
      returned: with V(objects) in O(include)
      contains:
        service_account:
          description: The account of its pods, whether it is there (null where it may not be read),
            whether pods get its token, and the Secrets that it adds to pull images.
          type: dict
          returned: always
          sample: {exists: true, image_pull_secrets: [], name: log-shipper, token_mounted: true}
        config_maps:
          description:
            - The ConfigMaps that the template names. C(exists) is null where one may not be read;
              C(optional) says whether pods start without it; C(used_by) names the containers and
              volumes.
            - C(keys) are the names of its keys, at most 100 of them, and never their values.
              C(missing_keys) are those that the template wants and that are not there. Both are
              null where it is not there or may not be read.
            - C(resource_version) changes with what is in it.
          type: list
          elements: dict
          returned: always
          sample:
            - {exists: true, immutable: false, keys: [zone], missing_keys: [], name: settings,
              optional: false, resource_version: "12345", used_by: [container shipper]}
        secrets:
          description: The same of Secrets, with their C(type) where they may be read. Among them
            are those to pull images with, which are never waited for.
          type: list
          elements: dict
          returned: always
          sample:
            - {exists: null, immutable: null, keys: null, missing_keys: null, name: login, optional:
              false, resource_version: null, used_by: [volume login]}
        priority_class:
          description: The priority class that it names; null where it names none.
          type: dict
          returned: always
          sample: {exists: true, name: system-node-critical, preemption_policy:
            PreemptLowerPriority, priority: 2000001000}
        runtime_class:
          description: The runtime class that it names; null where it names none.
          type: dict
          returned: always
          sample:
        role_bindings:
          description:
            - The role bindings that give the account rights, in its namespace and, where they may
              be listed, in others; null where none may be listed.
            - C(via) says how the account is named there. That is C(account), C(user), or C(group)
              for all accounts of the namespace or of the cluster.
          type: list
          elements: dict
          returned: always
          sample:
            - {name: log-shipper, namespace: logging, role: {kind: Role, name: log-shipper}, via:
              account}
        cluster_role_bindings:
          description: The same of cluster role bindings.
          type: list
          elements: dict
          returned: always
          sample:
            - {name: log-shipper, namespace: null, role: {kind: ClusterRole, name: log-shipper},
              via: account}
        disruption_budgets:
          description: The disruption budgets that select its pods; null where they may not be
            listed.
          type: list
          elements: dict
          returned: always
          sample: []
    revisions:
      description: Its revisions, the newest first; null where they may not be listed.
      type: list
      elements: dict
      returned: with V(revisions) in O(include)
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
          description: On how many pods it runs; null where O(include) has no V(pods), or
            they may not be listed.
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
    events:
      description: The 50 newest events of it and of the pods that it has now, of all types, newest
        first; null where they may not be listed. The cluster forgets them after an hour or so.
      type: list
      elements: dict
      returned: with V(events) in O(include)
      contains:
        type:
          description: C(Normal) or C(Warning).
          type: str
          returned: always
          sample: Warning
        reason:
          description: What happened, in one word.
          type: str
          returned: always
          sample: FailedMount
        message:
          description: What happened, in a sentence.
          type: str
          returned: always
          sample: 'MountVolume.SetUp failed for volume "config": configmap "settings" not found'
        kind:
          description: What it happened to, C(DaemonSet) or C(Pod).
          type: str
          returned: always
          sample: Pod
        name:
          description: The name of that.
          type: str
          returned: always
          sample: log-shipper-x7k2p
        node:
          description: On which node it happened, or null.
          type: str
          returned: always
          sample: node-0
        count:
          description: How often.
          type: int
          returned: always
          sample: 3
        first_seen:
          description: When it happened first.
          type: str
          returned: always
          sample: "2026-01-01T10:00:00Z"
        last_seen:
          description: When it happened last.
          type: str
          returned: always
          sample: "2026-01-01T10:02:00Z"
        source:
          description: Which component says so.
          type: str
          returned: always
          sample: kubelet
    metrics:
      description:
        - What its pods use, as the API C(metrics.k8s.io) tells it (metrics-server, or what serves
          it instead). Null where the cluster does not serve it, which RV(daemonsets[].notes) tells,
          and where it may not be read.
        - History and traffic are not part of that API.
      type: dict
      returned: with V(metrics) in O(include)
      contains:
        cpu_cores:
          description: How many cores all pods use together.
          type: float
          returned: always
          sample: 0.25
        memory_bytes:
          description: How much memory all pods use together.
          type: int
          returned: always
          sample: 314572800
        pods:
          description: Of how many pods it is known.
          type: int
          returned: always
          sample: 5
        pods_without:
          description: Of how many it is not, since they are new or do not run.
          type: int
          returned: always
          sample: 0
        containers:
          description: By the name of the container what it uses in all pods together, the most that
            it uses in one, and, to compare that with, its requests and limits (of one pod; null
            where it has none).
          type: dict
          returned: always
          sample:
            shipper:
              cpu_cores: 0.25
              highest_cpu_cores: 0.07
              highest_memory_bytes: 73400320
              limits: {cpu_cores: null, memory_bytes: 134217728}
              memory_bytes: 314572800
              requests: {cpu_cores: 0.1, memory_bytes: 67108864}
        nodes:
          description: What each pod uses, by node and container, when that was measured and over
            how many seconds. Of at most O(max_pods) pods, those that use the most memory; where
            O(nodes) is given, only of those on these nodes.
          type: list
          elements: dict
          returned: always
          sample:
            - containers: {shipper: {cpu_cores: 0.05, memory_bytes: 62914560}}
              cpu_cores: 0.05
              measured: "2026-01-01T10:00:00Z"
              memory_bytes: 62914560
              node: node-0
              pod: log-shipper-x7k2p
              window_seconds: 15.0
        nodes_left_out:
          description: How many more there are.
          type: int
          returned: always
          sample: 0
    reasons:
      description: Why nodes lack an available pod, by cause, the most frequent first. A cause is
        told twice where waiting may help on some of its nodes only. Empty where all is well.
      type: list
      elements: dict
      returned: with V(reasons) in O(include)
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
      description: The nodes without a pod of it, by why; with O(nodes), those of them. Null where
        nodes or pods may not be read.
      type: list
      elements: dict
      returned: with V(reasons) in O(include)
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
          description: The first five of them; with O(nodes), all.
          type: list
          elements: str
          returned: always
          sample: [master-0, master-1, master-2]
        evidence:
          description: What does not fit on them. Where too many different things are in the way to
            tell each, what does not fit on the first.
          type: str
          returned: always
          sample: "not tolerated: node-role.kubernetes.io/control-plane:NoSchedule"
    drift:
      description: The fields that others have set, or have changed since O(field_manager) applied
        them. What somebody has removed is not among them, as it belongs to nobody.
      type: dict
      returned: with V(drift) in O(include)
      contains:
        manager:
          description: The value of O(field_manager).
          type: str
          returned: always
          sample: everynode
        applied_at:
          description: When that manager last changed something by an apply; null where it has
            applied nothing, and then RV(daemonsets[].drift.fields) is empty.
          type: str
          returned: always
          sample: "2026-01-01T10:00:00Z"
        fields:
          description: Each field, its value, who has set it, how (C(Apply) or C(Update)), and when
            that manager last changed something.
          type: list
          elements: dict
          returned: always
          sample:
            - changed_at: "2026-01-02T10:00:00Z"
              field: spec.template.spec.containers[shipper].image
              manager: kubectl-edit
              operation: Update
              value: example/log-shipper:1.4.3
        left_out:
          description: How many more there are than the 100 that are shown.
          type: int
          returned: always
          sample: 0
        managers:
          description: All field managers that own something of it, the latest first.
          type: list
          elements: dict
          returned: always
          sample:
            - {changed_at: "2026-01-02T10:00:00Z", manager: kubectl-edit, operation: Update}
            - {changed_at: "2026-01-01T10:00:00Z", manager: everynode, operation: Apply}
    export:
      description: The manifest or the task; null, with a warning, for a DaemonSet that has fields
        of a newer API.
      type: dict
      returned: when O(export) is given
      sample:
        name: Keep DaemonSet log-shipper
        everynode.kubernetes.daemonset: {name: log-shipper, namespace: logging}
found:
  description: How many DaemonSets there are that match, shown or not.
  returned: success
  type: int
  sample: 1
denied_namespaces:
  description: The namespaces among those that were asked for whose DaemonSets may not be listed.
    All that is shown is of the others.
  returned: success
  type: list
  elements: str
  sample: []
missing_namespaces:
  description: The namespaces among O(namespaces) that do not exist; empty where namespaces may not
    be read. There is a warning about them, too.
  returned: success
  type: list
  elements: str
  sample: []
quotas:
  description:
    - The quotas of the namespaces that were read. Null where they may not be listed.
  returned: with V(quotas) in O(include)
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
forbidden:
  description: The right that is missing, with the user who lacks it, as far as the server told it.
  returned: when the server refuses a request for want of a right
  type: dict
  sample: {group: apps, namespace: logging, resource: daemonsets, user: deployer, verb: list}
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
  sample: [{path: "nodes[0]", problem: "is empty: give the name of a node"}]
"""

from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.daemonset_info import VERB
from ansible_collections.everynode.kubernetes.plugins.module_utils._verbs.module import run_module


def main() -> None:
    """Run the module."""
    run_module(VERB)


if __name__ == "__main__":
    main()
