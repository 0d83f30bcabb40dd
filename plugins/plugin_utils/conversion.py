# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a conversion as a filter of Ansible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._base.errors import InputError
from .plain import plain


def converted(convert: Callable[[Any], Any], value: Any) -> Any:
    """What a function makes of a filter's input.

    Text with braces in it came from the input, and is no template of ours: until ansible-core 2.18
    it would be taken for one unless it is marked.

    Raises:
        AnsibleFilterError: the input is wrong; with all faults.
    """
    try:
        return wrap_var(convert(plain(value)))
    except InputError as error:
        # Without the cause, of which Ansible would tell the same once more.
        raise AnsibleFilterError(error.message) from None
