# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a staged rollout: which nodes come when, and when it has failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.words import natural
from .shares import share_of

ROLLBACK, PAUSE, FAIL = "rollback", "pause", "fail"


@dataclass(frozen=True)
class Check:
    """A command that says whether a new pod is well: it is where it ends with 0.

    Attributes:
        command: the program and its arguments.
        container: in which it runs; None for the pod's default one.
        timeout_seconds: how long it may take.
    """

    command: tuple[str, ...]
    container: str | None = None
    timeout_seconds: int = 30


@dataclass(frozen=True)
class Order:
    """Pools of nodes, one after the other.

    Attributes:
        label: the key of the label that tells the pools apart.
        values: its values in their order; other values come after them, sorted, and last the nodes
            without the label.
        stages: the stages of single pools by their value; the others have those of the plan.
    """

    label: str
    values: tuple[str, ...] = ()
    stages: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A staged rollout, as the parameter ``rollout`` describes it.

    Attributes:
        stages: how many nodes each stage has, a number or a percentage; the last one repeats.
        until_stage: the stage after which the rollout stops well, counted from 1; None for the end.
        canary: labels of the nodes that come first, in a stage of their own.
        order_by: pools of nodes, if any.
        soak_seconds: how long the new pods of a stage are looked at before the next.
        max_failures: how many nodes may fail, a number or a percentage of all.
        max_pod_restarts: how often the containers of one new pod may restart until its stage ends.
        verify: a command in each new pod, or None.
        max_unavailable: how many pods are replaced at a time; None for what the strategy says.
        on_failure: ``rollback``, ``pause`` or ``fail``.
        rebuild: whether all old pods go before the first new one comes.
    """

    stages: tuple[int | str, ...] = ("100%",)
    until_stage: int | None = None
    canary: Mapping[str, str] = field(default_factory=dict)
    order_by: Order | None = None
    soak_seconds: int = 0
    max_failures: int | str = 0
    max_pod_restarts: int = 0
    verify: Check | None = None
    max_unavailable: int | str | None = None
    on_failure: str = ROLLBACK
    rebuild: bool = False

    @property
    def goes_by_labels(self) -> bool:
        """Whether the labels of the nodes say which of them come first."""
        return bool(self.canary) or self.order_by is not None

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON values, without what is the default; see `from_dict`."""
        made: dict[str, Any] = {}
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            if value != default:
                made[name] = value
        if "stages" in made:
            made["stages"] = list(self.stages)
        if "canary" in made:
            made["canary"] = dict(self.canary)
        if self.order_by is not None:
            order = self.order_by
            stages = {value: list(sizes) for value, sizes in order.stages.items()}
            made["order_by"] = {
                "label": order.label,
                "values": list(order.values),
                "stages": stages,
            }
        if self.verify is not None:
            made["verify"] = {
                "command": list(self.verify.command),
                "container": self.verify.container,
                "timeout_seconds": self.verify.timeout_seconds,
            }
        return made

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Plan:
        """The plan that `as_dict` wrote; what is not known here is left out."""
        values = {name: kept[name] for name in _DEFAULTS if name in kept}
        if "stages" in values:
            values["stages"] = tuple(values["stages"])
        if "order_by" in values:
            order = values["order_by"]
            stages = {value: tuple(sizes) for value, sizes in order["stages"].items()}
            values["order_by"] = Order(order["label"], tuple(order["values"]), stages)
        if "verify" in values:
            check = values["verify"]
            values["verify"] = Check(
                tuple(check["command"]), check["container"], check["timeout_seconds"]
            )
        return cls(**values)


_PLAIN = Plan()
_DEFAULTS: Mapping[str, Any] = {name: getattr(_PLAIN, name) for name in Plan.__dataclass_fields__}


def stages_of(plan: Plan, nodes: Iterable[tuple[str, Mapping[str, str]]]) -> list[list[str]]:
    """The names of the nodes, stage by stage; every node is in exactly one.

    The nodes that ``canary`` matches are the first stage. Then come the pools, or all other nodes
    where there are none, in stages of the sizes that the plan gives. A percentage is of all nodes
    of the pool, those of the first stage included, rounded down, but at least one node. The last
    size repeats until all nodes of the pool have their turn. Within a pool, nodes are in the order
    of their names.

    Args:
        plan: the plan.
        nodes: names and labels of all nodes that should run a pod.
    """
    ordered = sorted(nodes, key=lambda node: natural(node[0]))
    canaries = [name for name, labels in ordered if plan.canary and _matches(labels, plan.canary)]
    stages = [canaries] if canaries else []
    for pool, sizes in _pools(plan, ordered):
        left = [name for name in pool if name not in set(canaries)]
        stages += _cut(left, list(_numbers(sizes, len(pool), len(left))))
    return stages


def _matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def _pools(
    plan: Plan, nodes: Sequence[tuple[str, Mapping[str, str]]]
) -> Iterator[tuple[list[str], tuple[int | str, ...]]]:
    """The nodes of each pool, in the order of the pools, and the sizes of its stages."""
    order = plan.order_by
    if order is None:
        yield [name for name, _labels in nodes], plan.stages
        return
    by_value: dict[str | None, list[str]] = {}
    for name, labels in nodes:
        by_value.setdefault(labels.get(order.label), []).append(name)
    others = sorted(value for value in by_value if value is not None and value not in order.values)
    for value in (*order.values, *others, None):
        if value in by_value:
            sizes = plan.stages if value is None else order.stages.get(value, plan.stages)
            yield by_value[value], sizes


def _numbers(sizes: Sequence[int | str], total: int, left: int) -> Iterator[int]:
    """How many nodes each stage of a pool has, until none is left."""
    index = 0
    while left > 0:
        size = min(left, max(1, share_of(sizes[min(index, len(sizes) - 1)], total)))
        yield size
        left -= size
        index += 1


def _cut(names: Sequence[str], sizes: Iterable[int]) -> list[list[str]]:
    cut, start = [], 0
    for size in sizes:
        cut.append(list(names[start : start + size]))
        start += size
    return cut
