# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of modules in the words of those who run the roles: variables instead of options (private, pure)."""

from __future__ import annotations

import re
import typing as t

from ._variables import PREFIXES


def in_variables(text: str, names: t.Mapping[str, str]) -> str:
    """The text with `memory: ...` as `chr_memory: ...`, by a phase's options and the variables that hold them; internal variables stay out.

    Options of several words, such as admin_password or libvirt.machine, are no words of a sentence: they are replaced wherever they stand.
    """
    known = {option: variable for option, variable in names.items() if variable.startswith(PREFIXES) and option != variable}
    if not known:
        return text
    words = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    several = "|".join(sorted((re.escape(option) for option in known if "_" in option or "." in option), key=len, reverse=True))
    pattern = rf"(?<![\w.])({words})(?=(\.[\w.]+|\[[^\]]*\])?: )" + (rf"|(?<![\w.])({several})(?!\w)" if several else "")
    return re.sub(pattern, lambda match: known[match[0]], text)
