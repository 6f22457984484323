# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts in ASCII alone mean what they meant."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import quote
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.ascii_source import ascii_source
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.support import Chr

SOURCES = [
    ':put "Zürich"',
    ':local x "a \\" ü"; :put "$x[é] \\$[é] \\\\é"',
    ':put "$[:put "ä $("ö" . "]")"] ü"',
    ':if (true) do={ :put "é" }\n# Straße \\\n:put "€"',
    '  # „nothing"\n; # \u20ac\n{ # é\n:put (("é") . "[")\n:put "ü" }',
    ':put "con\\\n  tinué"; :put [:len "€"]',
]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_said_stays(source: str) -> None:
    router = Chr().router
    written = ascii_source(source)
    assert written.isascii()
    meant, found = router.execute(source), router.execute(written)
    assert (found.exit_code, found.output) == (meant.exit_code, meant.output) and meant.exit_code == 0, meant.output


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_text_stays_the_same(text: str) -> None:
    router = Chr().router
    found = router.execute(ascii_source(f":global judged {quote(text)}"))
    assert found.exit_code == 0
    assert str(router.globals["judged"]).encode("latin-1") == text.encode()


def test_ascii_stays_as_it_is() -> None:
    source = "# it's\n:put \"a\\\"b\"\n"
    assert ascii_source(source) is source


@pytest.mark.parametrize(
    ("source", "line"),
    [(":put ü", 1), (':put "a"\n/system identity set name=Zürich', 2), (':put "\\ü"', 1), (':put "$[:put ü]"', 1), (":put a#é", 1)],
)
def test_what_cannot_be_written_is_refused_with_its_line(source: str, line: int) -> None:
    with pytest.raises(InputError, match=f"line {line} holds"):
        ascii_source(source)
