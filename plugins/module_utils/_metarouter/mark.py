# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we write into a comment on a RouterBOARD: the user's own text, then our mark, with what we must remember (private, pure)."""

from __future__ import annotations

import re
import typing as t

MARK: t.Final = "vrouter.mikrotik"
CLOSED: t.Final = "closed"  # an interface that is disabled until its guest has a password
RESTART: t.Final = "restart"  # a guest whose memory counts from its next start
_FLAGS: t.Final = frozenset({CLOSED, RESTART})
_MARKED: t.Final = re.compile(rf"(?:(?P<text>.*) )?\({re.escape(MARK)}(?P<words>(?: [^\s()]+)*)\)", re.DOTALL)


class Comment(t.NamedTuple):
    """A comment taken apart. `of` is what the item belongs to, for example an interface's slot."""

    text: str
    ours: bool = False
    of: str = ""
    flags: frozenset[str] = frozenset()


def marked(text: str, of: str = "", flags: t.Iterable[str] = ()) -> str:
    """A comment that says whose the item is."""
    mark = " ".join([MARK, *([of] if of else []), *sorted(flags)])
    return f"{text} ({mark})" if text else f"({mark})"


def unmarked(comment: str) -> Comment:
    """The comment without our mark, and what that says."""
    match = _MARKED.fullmatch(comment)
    if match is None:
        return Comment(comment)
    words = match["words"].split()
    return Comment(match["text"] or "", True, next((word for word in words if word not in _FLAGS), ""), _FLAGS & set(words))
