# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a cluster up and down."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from . import binaries, components, layout, nodes, pki, ports, processes, state
from .api import Api
from .components import Plan
from .console import ClusterError, say
from .files import lock

DEFAULT_NODES = 3
_START_SECONDS = 300.0
_POLL_SECONDS = 0.05
_PORT_ATTEMPTS = 4


class _DiedError(ClusterError):
    """A component ended while the cluster started."""


def up(name: str, node_count: int | None, audit_log: Path | None) -> Path:
    """Have the cluster up as asked and return the path of its administrator's kubeconfig.

    Idempotent: what runs as it should is not touched, what is dead or set up differently is
    (re)started. Without `node_count` or `audit_log` an existing cluster keeps what it has.
    """
    binaries.ensure_built()
    folder = layout.cluster_folder(name)
    with _locked(name):
        existing = _usable(name, folder)
        log = _audit_log(audit_log, existing)
        started_before = {process.pid for process in processes.running(folder)}
        try:
            if existing is None:
                say(f"starting cluster {name} (a few seconds)")
                plan = _create(folder, log)
            else:
                plan = _repair(name, folder, existing, log)
            remembered = existing.nodes if existing else DEFAULT_NODES
            _scale(plan, remembered if node_count is None else node_count)
        except BaseException:
            # Whatever stopped us, an interrupt too: nothing half started is left running.
            ours = [p for p in processes.running(folder) if p.pid not in started_before]
            processes.stop(ours)
            raise
        return kubeconfig_of(folder)


def down(name: str) -> None:
    """End every process of the cluster and remove its state; fine if there is none."""
    folder = layout.cluster_folder(name)
    with _locked(name):
        found = processes.running(folder)
        if not found and not folder.exists():
            say(f"there is no cluster {name}")
            return
        _wipe(folder)
        say(f"cluster {name} is gone")


def all_names() -> list[str]:
    """The names of all clusters: those with a state folder and those with a live process."""
    alive = {folder.name for folder in processes.folders_with_processes(layout.clusters())}
    return sorted(alive | set(layout.cluster_names()))


def scale(name: str, count: int) -> None:
    """Set the number of simulated nodes of a running cluster."""
    with _locked(name):
        _scale(running_plan(name), count)


def user_kubeconfig(name: str, user: str, groups: list[str]) -> Path:
    """The path of a new kubeconfig for `user`, who may only do what RBAC gives him."""
    with _locked(name):
        plan = running_plan(name)
        users = plan.folder / "users"
        return pki.write_user_kubeconfig(plan.folder / "pki", plan.server, users, user, groups)


def stop_component(name: str, component: str) -> None:
    """End one component, as a crash would; `up` or `start_component` starts it again."""
    with _locked(name):
        folder = running_plan(name).folder
        processes.stop(_of(processes.running(folder), component))


def start_component(name: str, component: str) -> None:
    """Start one component that was stopped, and wait until it works."""
    with _locked(name):
        plan = running_plan(name)
        _start(plan, [component])


def running_plan(name: str) -> Plan:
    """How the cluster is set up; ClusterError if it is not there."""
    folder = layout.cluster_folder(name)
    known = state.load(folder)
    if known is None or not known.ready:
        raise ClusterError(f"there is no cluster {name}: start it with up --name {name}")
    return Plan(folder, known.ports, known.audit_log)


def kubeconfig_of(folder: Path) -> Path:
    """Where the administrator's kubeconfig of the cluster with this state folder is."""
    return folder / "kubeconfig"


def _locked(name: str) -> AbstractContextManager[None]:
    return lock(f"cluster-{name}", f"works on cluster {name}")


def _api(plan: Plan) -> Api:
    return Api(plan.folder / "pki", plan.ports["api"])


def _scale(plan: Plan, count: int) -> None:
    with _api(plan) as api:
        nodes.scale(api, count, plan.ports["kubelets"])
    known = state.load(plan.folder)
    if known is not None and known.nodes != count:
        known.nodes = count
        known.save(plan.folder)


def _usable(name: str, folder: Path) -> state.State | None:
    """The state of a cluster that can be carried on; anything else of that name is removed."""
    known = state.load(folder)
    if known is not None and known.ready and known.versions == binaries.version_key():
        return known
    if folder.exists() or processes.running(folder):
        say(f"cluster {name} was never complete or is of other versions: making it anew")
        _wipe(folder)
    return None


def _audit_log(asked: Path | None, existing: state.State | None) -> str | None:
    if asked is None:
        # A log whose file somebody has removed is not wanted any more, least of all its folder.
        kept = existing.audit_log if existing else None
        return kept if kept and os.path.exists(kept) else None
    path = Path(os.path.abspath(asked))
    if not path.parent.is_dir():
        raise ClusterError(f"--audit-log: there is no folder {path.parent}")
    return str(path)


def _create(folder: Path, audit_log: str | None) -> Plan:
    attempt = 1
    while True:
        (folder / "logs").mkdir(parents=True, mode=0o700)
        pki.create(folder / "pki")
        known = _with_new_ports(folder, audit_log)
        plan = Plan(folder, known.ports, audit_log)
        try:
            _bring_up(plan, known)
            return plan
        except _DiedError as error:
            if attempt == _PORT_ATTEMPTS or "address already in use" not in str(error):
                raise
            say("somebody took a port of the new cluster: trying others")
            _wipe(folder)
            attempt += 1


def _repair(name: str, folder: Path, known: state.State, audit_log: str | None) -> Plan:
    """Carry on with what is there: ports, certificates and data."""
    plan = Plan(folder, known.ports, audit_log)
    alive = processes.running(folder)
    if not alive and not ports.are_free(known.ports.values()):
        say(f"somebody else uses the ports of cluster {name} now: taking others")
        known = _with_new_ports(folder, audit_log)
        plan = Plan(folder, known.ports, audit_log)
    known.audit_log = audit_log
    try:
        _bring_up(plan, known)
        return plan
    except _DiedError as error:
        say(f"cluster {name} cannot be carried on, making it anew: {error}")
        _wipe(folder)
        return _create(folder, audit_log)


def _with_new_ports(folder: Path, audit_log: str | None) -> state.State:
    with lock("ports", "chooses ports"):
        chosen = ports.choose(components.PORTS, state.ports_of_all())
        known = state.State(binaries.version_key(), chosen, audit_log)
        known.save(folder)
    return known


def _bring_up(plan: Plan, known: state.State) -> None:
    """Restart what runs differently from the plan, start what does not run, wait for all."""
    components.write_configuration(plan)
    pki.write_component_kubeconfigs(plan.folder / "pki", plan.server)
    pki.write_admin_kubeconfig(plan.folder / "pki", plan.server, kubeconfig_of(plan.folder))
    _retire(plan)
    _start(plan, components.ALL)
    known.ready = True
    known.save(plan.folder)


def _retire(plan: Plan) -> None:
    """End what would be started differently today."""
    for process in processes.running(plan.folder):
        planned = components.fingerprint(process.component, plan)
        log_gone = (
            process.component == "kube-apiserver"
            and plan.audit_log is not None
            and not os.path.exists(plan.audit_log)
        )
        if process.fingerprint != planned or log_gone:
            say(f"restarting {process.component}, which is to be set up differently")
            processes.stop([process])


def _start(plan: Plan, wanted: Collection[str]) -> None:
    alive = {process.component for process in processes.running(plan.folder)}
    for group in (components.FIRST, components.THEN):
        started = [name for name in group if name in wanted and name not in alive]
        for name in started:
            processes.start(
                plan.folder,
                name,
                components.fingerprint(name, plan),
                components.command(name, plan),
                components.log_file(name, plan),
            )
        if group is components.FIRST:
            _wait(plan, started, "the API server", _serves)
    if "kube-controller-manager" in wanted:
        _wait(plan, wanted, "the controller manager", _has_service_account)
    if "kubelets" in wanted:
        listened = [plan.ports["kubelets"]]
        _wait(plan, wanted, "the kubelets' port", lambda _api: not ports.are_free(listened))


def _serves(api: Api) -> bool:
    return api.request("GET", "/readyz")[0] == 200


def _has_service_account(api: Api) -> bool:
    # Without it no pod can be created in the namespace; the controller manager makes it.
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    return api.request("GET", path)[0] == 200


def _wait(plan: Plan, started: Iterable[str], what: str, is_ready: Callable[[Api], bool]) -> None:
    expected = set(started)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        alive = {process.component for process in processes.running(plan.folder)}
        for name in sorted(expected - alive):
            raise _DiedError(
                f"{name} ended; its last words:\n{_tail(components.log_file(name, plan))}"
            )
        try:
            with _api(plan) as api:
                if is_ready(api):
                    return
        except OSError:
            pass  # Nobody listens yet.
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{what} does not answer after {_START_SECONDS:.0f} s; see {plan.folder / 'logs'}"
            )
        time.sleep(_POLL_SECONDS)


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(line[:400] for line in lines[-15:])


def _of(found: Iterable[processes.Running], component: str) -> list[processes.Running]:
    return [process for process in found if process.component == component]


def _wipe(folder: Path) -> None:
    processes.stop(processes.running(folder))
    shutil.rmtree(folder, ignore_errors=True)
