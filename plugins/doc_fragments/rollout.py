# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a rollout; their specification is ROLLOUT_SPEC in module_utils/_verbs, and what
O(rollout) takes is read in module_utils/_spec.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Options for how another pod template comes to the nodes."""

    DOCUMENTATION = r"""
options:
  rollout:
    description:
      - Brings another pod template to the nodes in stages, led by the task. The pods of a stage are
        replaced and proven before the next stage begins. Nothing runs in the cluster for that.
      - Without it the controller replaces pods by itself, by O(update_strategy).
      - It counts only where the template changes. A new DaemonSet, and changes of anything else,
        are applied at once.
      - From the first stage to the last one, the update strategy is C(OnDelete), and between two
        stages the former template stands, the new one only while pods of a stage are made. So a
        node that joins, or a pod that is evicted, brings nothing new. In the end the strategy is as
        O(update_strategy) says, and no pod restarts by that.
      - A template that runs on other nodes than the former one is refused, as the controller ends
        and makes those pods all at once.
      - What has been done is kept in an annotation of the DaemonSet,
        C(everynode.kubernetes/rollout), with a field manager of its own. The next run of the task
        goes on from there, and touches no node again that is done; without O(rollout), by the plan
        that is remembered. With the former definition it rolls back what was touched. With a third
        one it is refused, unless O(on_unfinished_rollout=proceed).
      - The annotation holds no value of the template, and no command of O(rollout.verify).
      - It needs the rights to list, watch and delete pods and to list C(controllerrevisions), and
        O(wait=true).
    type: dict
    suboptions:
      stages:
        description:
          - How many nodes each stage has, as in C(serial) of a play. A number, or a percentage of
            all nodes that should run the pod, rounded down but at least one node.
          - The last one repeats until all nodes are done. Without it there is one stage.
        type: list
        elements: raw
      until_stage:
        description:
          - The task ends well after this stage, counted from 1, and the rollout is held there. A
            later run with a higher number, or with O(rollout) but without it, goes on. So somebody
            can approve of it in between. One that is higher than there are stages is the end.
          - Where a later run has other stages, those of them are done that the updated nodes make
            up.
        type: int
      canary_node_selector:
        description:
          - Labels of the nodes that come first. All of them are stage 1, before those of
            O(rollout.stages). Where none of the nodes that run the pod has them, the rollout does
            not begin, and the task fails.
          - It needs the right to list nodes.
        type: dict
      order_by:
        description:
          - Pools of nodes, one after the other, each with stages of its own. A percentage is of the
            nodes of the pool.
          - It needs the right to list nodes.
        type: dict
        suboptions:
          label:
            description: The key of the node label whose values are the pools. Where no node has
              it, the rollout does not begin, and the task fails.
            type: str
            required: true
          values:
            description: Values of the label in their order. Other values come after them, sorted,
              and nodes without the label are last.
            type: list
            elements: str
          stages:
            description: Stages of single pools by the value of the label, each a list as
              O(rollout.stages), which counts for the other pools.
            type: dict
      max_unavailable:
        description:
          - How many pods are replaced at a time within a stage, a number or a percentage of all
            nodes, rounded up.
          - Without it, what the update strategy has as C(maxUnavailable), or as C(maxSurge) where
            that is set. With C(OnDelete) it is 1.
        type: raw
      soak_seconds:
        description:
          - How long the new pods of a stage are looked at before the next stage begins. A pod that
            is not available any more, or has restarted too often, is a failure.
        type: int
        default: 0
      max_pod_restarts:
        description:
          - How often the containers of one new pod may have restarted until its stage has ended.
        type: int
        default: 0
      max_failures:
        description:
          - How many nodes may fail, a number or a percentage of all nodes, rounded down. When there
            are more, no further pod is replaced, and O(rollout.on_failure) says what then.
          - New pods of earlier stages that are not ready any more count too, unless their node is
            not Ready.
        type: raw
        default: 0
      verify:
        description:
          - A command that is run in each new pod once it is available. The pod is well where the
            command ends with 0.
          - A list of words, or a dictionary with C(command), C(container) and C(timeout_seconds),
            which is 30. A shell is run only where it is named, as in V([sh, -c, "..."]).
          - It needs the right to create C(pods/exec).
        type: raw
      on_failure:
        description:
          - V(rollback) gives the nodes that were touched their former template back, and only
            those. Then the task fails, and says so. Where little time is left, that has a minute of
            its own.
          - V(pause) leaves everything as it is. The DaemonSet says that it is paused, and the task
            is refused until O(state=resumed) was asked for.
          - V(fail) leaves everything as it is, and the next run of the task tries again.
        type: str
        choices: [rollback, pause, fail]
        default: rollback
      rebuild:
        description:
          - All old pods go before the first new one comes, such as for agents whose versions must
            not run side by side. It excludes everything else but O(rollout.on_failure).
        type: bool
        default: false
  on_failure:
    description:
      - What to do where a plain rolling update does not end well in time, with O(state=present) and
        O(state=patched). For one in stages, O(rollout.on_failure) says it.
      - With V(fail), the task fails and leaves everything as it is. That is so unless told.
      - With V(pause), no further pod is replaced until O(state=resumed). Then the task fails.
      - With V(rollback), the DaemonSet gets back what it had before the task, and the task waits
        for that too, for a minute more than O(wait_timeout) if need be. Then it fails, and says
        so. What others have set beside the template meanwhile stays. A DaemonSet that the task has
        made has nothing to go back to.
      - Both need O(wait=true).
    type: str
    choices: [fail, pause, rollback]
  on_unfinished_rollout:
    description:
      - What to do where another template would come upon a rollout that is not finished, or whose
        pods are not all available. The controller replaces pods that are not available at once,
        whatever C(maxUnavailable) says, so that a second bad template can end the pods that the
        first one has left.
      - With V(wait), that rollout is waited for first. With V(fail), the task fails. With
        V(proceed), the new template takes its place, also that of a rollout in stages or of a
        paused one.
      - Unless told, O(state=present) and O(state=patched) proceed with a warning, but not over a
        rollout in stages or a paused one. O(state=restarted) waits, but only where pods of an older
        template are left; a restart may be what pods need that are not available.
      - Whatever it says, O(state=restarted) is refused amid a rollout in stages, a rebuild or a
        paused one, and so is O(rollout.rebuild) amid a rollout in stages.
    type: str
    choices: [wait, fail, proceed]
"""
