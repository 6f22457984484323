# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hiding secrets in one object's result (private).

`no_log` in a batch hides too much (a password that equals part of another guest's name) and too little (dictionary keys, scripts), so each
object names its own `secrets` and only its own result is masked.
"""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass

from .errors import one_line
from .text import escape

MASK: t.Final = "********"
WITHHELD: t.Final = "(withheld: a secret of this object is too short, or equals a name, to be masked safely)"
SHORTEST: t.Final = 8  # characters; anything shorter would mask unrelated text
# Fields whose text never comes from a router or a script, so that a withheld result still says what it is about.
_OURS: t.Final = frozenset({"name", "guest", "field", "effect", "uuid", "power", "transport", "before_header", "after_header"})


@dataclass(frozen=True)
class Mask:
    """Replaces an object's secrets in whatever is reported about it.

    `withhold` is set where replacing would be a lie: a secret shorter than 8 characters, or equal to a name in the batch.
    """

    secrets: tuple[str, ...] = ()
    withhold: bool = False

    @classmethod
    def of(cls, secrets: t.Iterable[str], names: t.Collection[str] = ()) -> Mask:
        """A mask for these secrets; `names` are the names of all objects in the batch."""
        plain = tuple(dict.fromkeys(secret for secret in secrets if secret))
        withhold = any(len(_folded(secret)) < SHORTEST or secret in names for secret in plain)
        return cls(plain, withhold)

    def forms(self) -> list[str]:
        """Every form of each secret that a result could hold; longest first, so that no form leaves a tail."""
        found = {form for secret in self.secrets for form in _forms(secret)}
        return sorted(found, key=lambda form: (-len(form), form))

    def text(self, text: str) -> str:
        """The text with every form of every secret replaced, or a fixed sentence where that is not safe."""
        if self.withhold:
            return WITHHELD if text else text
        for form in self.forms():
            text = text.replace(form, MASK)
        return text

    def apply(self, value: t.Any, path: tuple[str, ...] = ()) -> t.Any:
        """The value with all its texts masked, dictionary keys included. Facts that are ours by construction stay readable."""
        if not self.secrets:
            return value
        if isinstance(value, str):
            return value if self.withhold and path and path[-1] in _OURS else self.text(value)
        if isinstance(value, t.Mapping):
            return {self._key(key): self.apply(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.apply(item, path) for item in value]
        return value

    def _key(self, key: t.Any) -> t.Any:
        return self.text(key) if isinstance(key, str) and not self.withhold else key


def _forms(secret: str) -> t.Iterator[str]:
    """The secret as it stands, folded into an error's one line, and by its lines, each plain and quoted; and the whole as base64."""
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    for text in (secret, one_line(secret), _folded(secret), *(line for line in secret.splitlines() if len(line) >= SHORTEST)):
        quoted = repr(text + "\"'")[1:-4]  # as Python quotes it where the whole text holds both kinds of quotes
        yield from (text, escape(text), quoted, quoted.replace("\\'", "'"))


def _folded(secret: str) -> str:
    """As it stands at the end of a sentence of an error, whose full stop is the sentence's own."""
    return one_line(secret).rstrip(".")
