# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter ``variants``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._spec.variants import merged, variants_of
from ..plugin_utils.conversion import converted
from ..plugin_utils.plain import plain

DOCUMENTATION = r"""
name: variants
short_description: Turn one node agent into variants for different hardware
version_added: 0.1.0
author:
  - everynode contributors (@everynode)
description:
  - Takes the parameters of M(everynode.kubernetes.node_agent) and gives a list of such parameters,
    one entry for each DaemonSet, for a loop.
  - Nodes differ by the values of one label, so each node gets a pod of exactly one of them. A node
    whose label changes gets the pod of another. The first entry is the common one, for all nodes
    that no variant is for.
  - The common one makes the account, the priority class, the Services, the claims and the other
    objects, which all share. The Services select the pods of all.
  - Every DaemonSet and every pod carries the label C(everynode.kubernetes/variant-of) with the
    agent's name.
positional: label, variants, settings
options:
  _input:
    description:
      - The parameters that all have in common, with a name. Null and empty text say nothing.
    type: dict
    required: true
  label:
    description: The key of the label by which nodes differ. Without it, there are no variants.
    type: str
  variants:
    description:
      - The variants, each with a C(name), which its DaemonSet's name ends in, and the C(values) of
        the label for its nodes. One value in two variants is an error.
      - Every other key is a parameter that takes the place of the common one. Dictionaries are
        merged, and lists of what has a name by that name.
    type: list
    elements: dict
  settings:
    description: More parameters, or a list of such dictionaries. Each is laid over those before, as
      a variant is.
    type: raw
seealso:
  - plugin: everynode.kubernetes.to_manifest
    plugin_type: filter
"""

EXAMPLES = r"""
- name: What runs on nodes with and without large disks
  ansible.builtin.debug:
    var: agent | everynode.kubernetes.variants('example.com/disks', variants)
  vars:
    agent:
      name: cache
      containers:
        - name: cache
          image: example/cache:3.1
          args: [--size=10Gi]
    variants:
      - name: large
        values: [nvme]
        containers:
          - name: cache
            args: [--size=500Gi]
"""

RETURN = r"""
_value:
  description: The parameters of each DaemonSet, the common one first.
  type: list
  elements: dict
  sample:
    - name: cache
    - name: cache-large
"""


def variants(parameters: Any, label: Any = None, variants: Any = None, settings: Any = None) -> Any:
    """The parameters of each DaemonSet of an agent."""
    wanted = {"label": plain(label), "variants": plain(variants)} if label or variants else {}
    return converted(functools.partial(_variants, wanted, plain(settings or [])), parameters)


def _variants(wanted: dict[str, Any], settings: Any, parameters: Any) -> list[dict[str, Any]]:
    layers = [parameters, *(settings if isinstance(settings, list) else [settings])]
    if not all(isinstance(one, dict) for one in layers):
        raise AnsibleFilterError("Invalid input: variants takes dictionaries of parameters.")
    return variants_of(functools.reduce(merged, map(_given, layers)), wanted)


def _given(layer: dict[str, Any]) -> dict[str, Any]:
    """The parameters that say something.

    Until ansible-core 2.18 a null in a template becomes empty text.
    """
    return {name: value for name, value in layer.items() if value not in (None, "")}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"variants": variants}
