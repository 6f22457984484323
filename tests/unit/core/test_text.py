# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS strings and versions. The judge of quoting is the simulator's interpreter."""

from __future__ import annotations

import functools
import itertools

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import quote
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.version import Version
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.simulators.routeros.values import outward
from tests.unit.support import Chr

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NASTY = st.text(st.sampled_from("ab\"\\$?[]{}();#' \t\n\r\x00\x7f=é€"))
# In RouterOS's order: alphas, betas and release candidates come before their release.
VERSIONS = ["6.34", "6.49.18", "7.0beta5", "7.0rc1", "7.0", "7.0.1", "7.9.2", "7.20alpha2", "7.20beta2", "7.20rc1", "7.20rc10", "7.20", "7.20.8"]


@functools.lru_cache(maxsize=1)
def judge() -> Chr:
    return Chr()


@settings(deadline=None)
@given(st.one_of(TEXT, NASTY))
@example("$[/system reboot]")
@example('"; /user set admin password=""; :put "')
@example("\\")
@example("line\n/user remove [find]\n")
def test_a_quoted_text_evaluates_to_itself(text: str) -> None:
    router = judge().router
    result = router.execute(f":global judged {quote(text)}")
    assert result.exit_code == 0, result.output
    assert outward(str(router.globals["judged"])) == text


@given(TEXT)
def test_a_quoted_text_is_one_line(text: str) -> None:
    assert not set(quote(text)) & set("\n\r\x00")


def test_versions_are_ordered_as_they_were_released() -> None:
    for older, newer in itertools.combinations(VERSIONS, 2):
        assert Version(older) < Version(newer), (older, newer)
        assert Version(newer) > Version(older)
        assert Version(older) != Version(newer)


def test_a_missing_patch_is_patch_zero() -> None:
    assert Version("7.20") == Version("7.20.0")
    assert hash(Version("7.20")) == hash(Version("7.20.0"))


@given(major=st.integers(6, 9), minor=st.integers(0, 99), patch=st.none() | st.integers(0, 99))
def test_a_version_says_itself(major: int, minor: int, patch: int | None) -> None:
    text = f"{major}.{minor}" + (f".{patch}" if patch is not None else "")
    assert str(Version(text)) == text
    assert Version(text).major == major


@pytest.mark.parametrize("text", ["7", "7.", "stable", "7.20.8 ", "7.20-rc1", "7.20.8.1", "v7.20", "7,20", ""])
def test_what_is_no_version_is_refused_with_the_quoting_hint(text: str) -> None:
    with pytest.raises(InputError, match=r'Quote it in YAML: version: "7\.20"'):
        Version(text)
