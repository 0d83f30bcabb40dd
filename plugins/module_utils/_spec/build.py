# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task's parameters to the manifest that is asked for, with all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._base.errors import Fault, InputError
from .._base.words import natural
from .checks import check_daemonset
from .checks.findings import Finding, Place
from .checks.images import check_images, check_policy
from .checks.metadata import check_description, check_metadata
from .checks.waiting import check_time
from .names import Path
from .selector import add_selected_labels, differs, settled
from .sources import DEFINITION_PARAMETERS, Sources, description_key, read_sources

if TYPE_CHECKING:
    from .pod_security import Standing
    from .references import Reference


@dataclass(frozen=True, slots=True)
class Draft:
    """What a task asks for, as far as that can be said without the cluster.

    Attributes:
        manifest: the DaemonSet; it lacks a selector where none was given.
        warnings: sentences for the user.
        selector_given: whether the parameters or the definition have a selector.
        namespace_given: whether they have a namespace, as opposed to the context's.
        user_path: gives for a path of the manifest what the user wrote for it.
        pod_security: how the pods stand with the Pod Security Standards, where that was asked for.
    """

    manifest: dict[str, Any]
    warnings: list[str]
    selector_given: bool
    namespace_given: bool
    user_path: Callable[[Path], str]
    pod_security: dict[str, Any] | None = None


# A module is compiled anew in each task, so what few tasks need is imported where it is used.


def build(
    params: Mapping[str, Any], *, context_namespace: str, renewed: Collection[Reference] = ()
) -> Draft:
    """The DaemonSet that a task with ``state: present`` asks for.

    Typed parameters are laid over the definition, see `overlay.overlaid`. Everything is checked
    that can be without the cluster.

    Args:
        params: the task's parameters by name; those that are None are not given.
        context_namespace: the namespace where neither parameters nor definition say one.
        renewed: ConfigMaps and Secrets that no pod outlives a change of.

    Raises:
        InputError: with all faults.
    """
    sources = read_sources(params)
    manifest = sources.manifest
    namespace_given = _fill_namespace(manifest, context_namespace)
    selector_given = _settle_spec(manifest["spec"])
    findings: list[Finding] = []
    security, not_allowed = _pod_security(manifest, params.get("pod_security"))
    if sources.readable:
        checked = (
            one for one in check_daemonset(manifest) if not _is_renewed(one, manifest, renewed)
        )
        findings = [*checked, *_check_parameters(params, sources), *not_allowed]
        if params.get("strict_names"):
            findings = [replace(one, warning=False) if one.console else one for one in findings]
    _raise_faults(sources, [*_missing_name(manifest), *_missing_containers(sources)], findings)
    user_path = sources.user_path
    if params.get("extra_warnings"):
        from .checks.advice import advise

        findings += advise(manifest)
    doubts = [f"{user_path(one.path)}: {one.problem}." for one in findings]
    warnings = list(dict.fromkeys([*sources.warnings, *doubts]))
    template = manifest["spec"]["template"]
    if sources.settings:
        from .placement import placed

        template["spec"] = placed(template["spec"], sources.settings)
    report = None if security is None else security.as_result(user_path)
    return Draft(manifest, warnings, selector_given, namespace_given, user_path, report)


def _is_renewed(
    finding: Finding, manifest: Mapping[str, Any], renewed: Collection[Reference]
) -> bool:
    """Whether a finding warns of a mounted file that never gets old, as its pods do not either."""
    *place, key = finding.path
    if not (renewed and finding.warning and key in ("subPath", "subPathExpr")):
        return False
    mount: Any = manifest
    for step in place:
        mount = mount[step]
    volumes = manifest["spec"]["template"]["spec"].get("volumes") or []
    named = [one for one in volumes if one.get("name") == mount.get("name")]
    sources = [
        reference
        for one in named
        for reference in (
            ("ConfigMap", (one.get("configMap") or {}).get("name")),
            ("Secret", (one.get("secret") or {}).get("secretName")),
        )
    ]
    return any(reference in renewed for reference in sources)


def complete(draft: Draft, live: Mapping[str, Any] | None) -> dict[str, Any]:
    """The manifest to apply: with a selector, and with pod labels that match it.

    Where no selector was given, the live DaemonSet's stays, and a new one selects its pods by the
    label ``app.kubernetes.io/name``.

    Args:
        draft: what the task asks for.
        live: the DaemonSet on the server, or None where there is none.

    Raises:
        InputError: the selector is not the live one, or the pod labels contradict it.
    """
    metadata = draft.manifest["metadata"]
    spec = settled(
        draft.manifest["spec"],
        name=metadata["name"],
        live=None if live is None else live["spec"]["selector"],
        user_path=draft.user_path,
    )
    return {**draft.manifest, "metadata": dict(metadata), "spec": spec}


def changes_selector(draft: Draft, live: Mapping[str, Any]) -> bool:
    """Whether the task gives a selector that is not that of the DaemonSet on the server."""
    spec = draft.manifest["spec"]
    return draft.selector_given and differs(spec["selector"], live["spec"]["selector"])


def _pod_security(
    manifest: Mapping[str, Any], asked: str | None
) -> tuple[Standing | None, list[Finding]]:
    """How the pods stand with the Pod Security Standards, and what the level asked for forbids."""
    if not asked:
        return None, []
    from .pod_security import refusals, standing

    found = standing(manifest)
    return found, refusals(found, asked)


def identity(params: Mapping[str, Any], context_namespace: str) -> tuple[str, str]:
    """The namespace and name of the DaemonSet that a task of any state is about.

    Raises:
        InputError: neither parameters nor definition have a name, or one is no valid name.
    """
    names = ("name", "namespace", *DEFINITION_PARAMETERS)
    sources = read_sources({name: params.get(name) for name in names})
    _fill_namespace(sources.manifest, context_namespace)
    metadata = sources.manifest["metadata"]
    checked = Place({"metadata": {key: metadata.get(key) for key in ("name", "namespace")}})
    check_metadata(checked)
    _raise_faults(sources, _missing_name(sources.manifest), checked.findings)
    return str(metadata["namespace"]), str(metadata["name"])


def _fill_namespace(manifest: Mapping[str, Any], context_namespace: str) -> bool:
    metadata = manifest["metadata"]
    given = bool(metadata.get("namespace"))
    if not given:
        metadata["namespace"] = context_namespace
    return given


def _settle_spec(spec: dict[str, Any]) -> bool:
    """Fills in what follows from the rest; returns whether there is a selector."""
    strategy = spec.get("updateStrategy")
    rolling = strategy.get("rollingUpdate") if isinstance(strategy, dict) else None
    if (
        isinstance(rolling, dict)
        and rolling.get("maxUnavailable") is None
        and rolling.get("maxSurge") not in (None, 0, "0%")
    ):
        # The API takes 1 where nothing is said, and then refuses to have both.
        rolling["maxUnavailable"] = 0
    if spec.get("selector") is None:
        spec.pop("selector", None)
        return False
    add_selected_labels(spec)
    return True


def _missing_name(manifest: Mapping[str, Any]) -> list[Finding]:
    if manifest["metadata"].get("name"):
        return []
    return [Finding(("metadata", "name"), "is missing: give a name, or a definition that has one")]


def _missing_containers(sources: Sources) -> list[Finding]:
    if sources.manifest["spec"]["template"]["spec"].get("containers"):
        return []
    is_empty = sources.typed.get("containers") is not None
    problem = (
        f"{'is empty' if is_empty else 'is missing'}: state present needs containers, or a"
        " definition that has them"
    )
    return [Finding(("spec", "template", "spec", "containers"), problem)]


def _check_parameters(params: Mapping[str, Any], sources: Sources) -> list[Finding]:
    """Checks what only the parameters say: our own, and how they fit to the manifest."""
    manifest = Place(sources.manifest)
    # The limit holds whatever the annotation's key is.
    check_description(manifest.child("metadata", "annotations", description_key(params)))
    policy = sources.settings.get("image_policy")
    if policy:
        unfit = check_policy(policy)
        manifest.findings += unfit
        if not unfit:
            check_images(manifest.child("spec", "template", "spec"), policy)
    check_time(manifest.child("spec"), params)
    if not sources.settings:
        return manifest.findings
    from .placement import check_placement

    return manifest.findings + check_placement(sources.settings).findings


def _raise_faults(
    sources: Sources, missing: Iterable[Finding], findings: Iterable[Finding]
) -> None:
    """Raises all faults, without those that only follow from others."""
    faults = dict.fromkeys(sources.faults)
    known = list(sources.suspects)
    for more in (missing, findings) if sources.readable else ():
        news = [
            finding
            for finding in more
            if not finding.warning and not any(finding.path[: len(one)] == one for one in known)
        ]
        for finding in news:
            faults[Fault(sources.user_path(finding.path), finding.problem)] = None
        known += [finding.path for finding in news]
    if faults:
        raise InputError(sorted(faults, key=lambda fault: (natural(fault.path), fault.problem)))
