# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a verb inside Ansible's own worker process, where that gives the same result as a module
run.

A module run costs a new Python process and the import of the client, for each task and host. The
strategy imports an action plugin in the main process, so what this file imports is paid once a
playbook and every worker inherits it.
"""

from __future__ import annotations

import importlib
import json
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ..module_utils._cluster.libraries import MISSING_LIBRARY
from ..module_utils._spec.schema import type_names
from ..module_utils._spec.spelling import known_keys
from ..module_utils._verbs.verb import Task, Verb, carry_out
from .arguments import doubts, unknown_names
from .plain import plain

# With these the terminal is a person's: other callbacks (json, junit, ...) own the standard output.
_CALLBACKS_FOR_PEOPLE = frozenset(
    {"default", "ansible.builtin.default", "awx_display", "minimal", "ansible.builtin.minimal"}
)
_ABSENT_INTERPRETERS = frozenset({"", "auto", "auto_silent", "auto_legacy", "auto_legacy_silent"})
_MAX_SRC_BYTES = 3 * 1024 * 1024
# What tasks that find nothing to do import where they use it, and Ansible keeps no compiled code of
# collections. The memory of ``exec_cache`` is shared only by workers that were forked after it was
# made.
_USED_BY_MANY = (
    "_cluster.exec_cache",
    "_cluster.proxies",
    "_spec.checks.pod_annotations",
    "_spec.conveniences",
    "_spec.overlay",
    "_spec.parse",
    "_spec.placement",
    "_spec.yaml_text",
)


def import_once(*rooms: str) -> None:
    """Import files of module_utils in the main process, which each worker would compile again."""
    for room in rooms:
        importlib.import_module(f"..module_utils.{room}", __package__)


def _prepare_workers() -> None:
    """Do once, in the main process, what each worker would otherwise do again: 8 ms a task."""
    import_once(*_USED_BY_MANY)
    # OpenSSL looks up its algorithms with the first context, and keeps what it found.
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in type_names():
        known_keys(name, True)
        known_keys(name, False)


_prepare_workers()


class VerbAction(ActionBase):
    """The action plugin of a module: the same verb, in this process where that is possible."""

    verb: Verb
    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Carry out the task, in-process or as a module."""
        result: dict[str, Any] = super().run(tmp, task_vars) or {}
        variables = task_vars or {}
        args = self._prepared_args()
        reason = self._why_as_module(variables)
        if reason is None:
            self._display.vvv(f"everynode.kubernetes.{self.verb.name}: in-process")
            result.update(self._in_process(args, variables))
        else:
            self._display.vvv(f"everynode.kubernetes.{self.verb.name}: as a module, since {reason}")
            result.update(
                self._execute_module(
                    module_name=f"everynode.kubernetes.{self.verb.name}",
                    module_args=args,
                    task_vars=task_vars,
                    wrap_async=self._task.async_val,
                )
            )
        warnings = result.get("warnings", [])
        told = [doubt for doubt in doubts(args) if doubt not in warnings]
        if told:
            result["warnings"] = [*warnings, *told]
        return result

    def _prepared_args(self) -> dict[str, Any]:
        """The task's arguments, with what only the controller can read already read."""
        args: dict[str, Any] = dict(self._task.args)
        if self.verb.takes_settings:
            args |= self._settings(args.pop("settings", None))
        self._refuse_unknown(args)
        kubeconfig = args.get("kubeconfig")
        if isinstance(kubeconfig, Mapping):
            args["kubeconfig_content"] = json.dumps(kubeconfig, default=str)
            del args["kubeconfig"]
        elif isinstance(kubeconfig, str) and "\n" in kubeconfig:
            args["kubeconfig_content"] = kubeconfig
            del args["kubeconfig"]
        if self.verb.hides_secrets and args.get("secrets") is not None:
            # Ansible would hide every text in a secret option wherever it stands, names too.
            args["secrets_content"] = json.dumps(plain(args.pop("secrets")), default=str)
        for name in self.verb.hidden:
            if args.get(name) is not None:
                # With its name, the text is such that nothing else has it in it.
                args[f"{name}_content"] = json.dumps({name: plain(args.pop(name))})
        if args.get("src") is not None:
            args["src_content"] = self._read_src(str(args["src"]))
        return args

    def _settings(self, settings: Any) -> dict[str, Any]:
        """Parameters that the task has in one dictionary, which count before its others."""
        if settings is None:
            return {}
        if not isinstance(settings, Mapping):
            raise AnsibleActionFail("Invalid input: settings: it is no dictionary of parameters.")
        if "settings" in settings:
            raise AnsibleActionFail("Invalid input: settings.settings: it is no parameter in it.")
        return dict(settings)

    def _refuse_unknown(self, args: Mapping[str, Any]) -> None:
        refusal = unknown_names(self.verb, args)
        if refusal is not None:
            raise AnsibleActionFail(refusal)

    def _read_src(self, src: str) -> str:
        """The text of a file on the controller, decrypted in memory where it is vaulted."""
        try:
            find: Any = self._find_needle
            path = find("files", src)
            if not os.path.isfile(path):
                raise AnsibleActionFail(f"Invalid input: src: {src} is not a regular file.")
            if os.path.getsize(path) > _MAX_SRC_BYTES:
                raise AnsibleActionFail(
                    f"Invalid input: src: {src} is larger than {_MAX_SRC_BYTES} bytes."
                )
            data = self._loader._get_file_contents(path)[0]
        except AnsibleActionFail:
            raise
        except (AnsibleError, OSError) as error:
            raise AnsibleActionFail(f"Invalid input: src: cannot read {src}: {error}") from error
        try:
            return bytes(data).decode("utf-8")
        except UnicodeDecodeError as error:
            raise AnsibleActionFail(
                f"Invalid input: src: {src} is not text in UTF-8: {error.reason} at byte"
                f" {error.start}."
            ) from error

    def _why_as_module(self, variables: Mapping[str, Any]) -> str | None:
        """Why the verb cannot run here, or None where it can."""
        if self._templar.template(variables.get("everynode_in_process", "auto")) == "never":
            return "everynode_in_process is never"
        if self._task.async_val:
            return "the task is asynchronous"
        if self._connection.become is not None:
            return "it becomes another user"
        if self._connection.transport not in ("local", "ansible.builtin.local"):
            return f"the connection is {self._connection.transport}"
        if MISSING_LIBRARY is not None:
            return f"the controller's Python has no {MISSING_LIBRARY}"
        interpreter = self._interpreter(variables)
        if interpreter is not None and not _is_this_interpreter(interpreter):
            return f"the interpreter is {interpreter}"
        return None

    def _interpreter(self, variables: Mapping[str, Any]) -> str | None:
        """The interpreter that the user set for the host of the task, if any."""
        host = self._task.delegate_to
        if host:
            delegated = variables.get("ansible_delegated_vars") or {}
            variables = delegated.get(self._templar.template(host), variables)
        value = constants.config.get_config_value("INTERPRETER_PYTHON", variables=dict(variables))
        text = str(self._templar.template(value) or "")
        return None if text in _ABSENT_INTERPRETERS else text

    def _in_process(self, args: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        named = {str(name): value for name, value in environment.items()}
        with _environment(named):
            return self._validated(args, _shows_invocation(variables))

    def _validated(self, args: Mapping[str, Any], shows_invocation: bool) -> dict[str, Any]:
        """What ``AnsibleModule`` would do with the same arguments."""
        validator = ArgumentSpecValidator(
            self.verb.argument_spec,
            mutually_exclusive=[list(names) for names in self.verb.mutually_exclusive],
        )
        checked = validator.validate(plain(args))
        if checked.error_messages:
            result: dict[str, Any] = {
                "failed": True,
                "msg": checked.error_messages[0],
            }
            if shows_invocation:
                result["invocation"] = {"module_args": checked.validated_parameters}
        else:
            task = Task(
                checked.validated_parameters,
                check_mode=self._task.check_mode,
                diff_mode=self._task.diff,
                progress=self._progress(),
                shows_invocation=shows_invocation,
            )
            result = carry_out(self.verb, task)
        hidden = set(checked._no_log_values)
        if not shows_invocation:
            # The text of a file is long to look for, and nothing else has the whole of it.
            hidden.discard(str(args.get("src_content")))
        return remove_values(result, hidden) if hidden else result

    def _progress(self) -> Callable[[str], None]:
        """Where lines for a person who waits go: the terminal, if it is a person's, and nothing is
        secret.
        """
        callback = constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK")
        if callback not in _CALLBACKS_FOR_PEOPLE or self._task.no_log:
            return lambda _line: None

        return self._show

    def _show(self, line: str) -> None:
        # Imported here, since a worker compiles it anew and most tasks have nothing to tell.
        from ..module_utils._nodes.trouble import in_one_line

        # Words of the cluster must not act on the terminal.
        self._display.display(f"  {in_one_line(line)}")


def _shows_invocation(variables: Mapping[str, Any]) -> bool:
    """Whether results hold the task's arguments: always before ansible-core 2.21, since then where
    the user says so.
    """
    try:
        return bool(
            constants.config.get_config_value("INJECT_INVOCATION", variables=dict(variables))
        )
    except AnsibleError:
        return True


def _is_this_interpreter(path: str) -> bool:
    """Whether a path names the interpreter, and the environment, that this process runs in."""
    path = os.path.expanduser(path)
    same_file = os.path.realpath(path) == os.path.realpath(sys.executable)
    same_folder = os.path.dirname(os.path.abspath(path)) == os.path.dirname(sys.executable)
    return same_file and same_folder


@contextmanager
def _environment(variables: Mapping[str, Any]) -> Iterator[None]:
    """The task's ``environment:`` for the time of the verb; the worker belongs to this task."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
