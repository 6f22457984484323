# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No form of a secret survives in an object's result, and what is not secret does."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, summary
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.changes import Change
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.secrets import MASK, WITHHELD, Mask
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import escape, quote
from hypothesis import given
from hypothesis import strategies as st

SECRET = 'pa$$"w\\rd'
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"))
SECRETS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=8, max_size=20).filter(
    lambda secret: not Mask.of([secret]).withhold
)


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def texts(value: t.Any) -> t.Iterator[str]:
    """Every text in a nested value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("form", [SECRET, quote(SECRET), escape(SECRET), in_base64(SECRET), repr(SECRET), repr(f"it's {SECRET}")])
def test_each_form_is_masked_and_its_surroundings_stay(form: str) -> None:
    shown = Mask.of([SECRET]).text(f"before {form} after")
    assert MASK in shown and shown.startswith("before ") and shown.endswith(" after")
    assert SECRET not in shown and escape(SECRET) not in shown and in_base64(SECRET) not in shown


@given(data=st.data(), secrets=st.lists(SECRETS, min_size=1, max_size=3))
def test_no_form_survives_in_any_nested_value(data: st.DataObject, secrets: list[str]) -> None:
    leaking = st.sampled_from([form for secret in secrets for form in (secret, quote(secret), in_base64(secret))])
    leaf = st.one_of(st.none(), st.booleans(), st.integers(), TEXT, st.tuples(TEXT, leaking, TEXT).map("".join))
    keys = st.one_of(TEXT, leaking)
    value = data.draw(st.recursive(leaf, lambda inner: st.one_of(st.lists(inner), st.dictionaries(keys, inner)), max_leaves=10))
    for text in texts(Mask.of(secrets).apply(value)):
        for secret in secrets:
            assert secret not in text
            assert in_base64(secret) not in text


def test_a_longer_secret_leaves_no_tail_behind() -> None:
    assert Mask.of(["password", "password-and-more"]).text("password-and-more") == MASK


def test_lines_of_a_secret_are_masked_where_they_stand_alone() -> None:
    key = "-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\n-----END KEY-----"
    masked = Mask.of([key]).apply({"output": key, "output_lines": key.splitlines(), "msg": str(GuestError("it said", found=key))})
    assert not [text for text in texts(masked) if "abcdefghijkl" in text or "mnopqrstuvwx" in text]


def test_spaces_that_an_error_folds_do_not_hide_a_secret() -> None:
    assert "my" not in Mask.of(["my  secret\tpass"]).text(str(GuestError("it said my  secret\tpass")))


def test_numbers_and_truth_values_are_left_alone() -> None:
    assert Mask.of(["12345678"]).apply({"count": 12345678, "on": True, "none": None}) == {"count": 12345678, "on": True, "none": None}


@pytest.mark.parametrize("secret", ["short", "edge2"])
def test_what_cannot_be_masked_safely_is_withheld(secret: str) -> None:
    mask = Mask.of([secret], ["edge1", "edge2-with-long-name", "edge2"])
    entry = mask.apply({"name": "edge1", "output": f"it is {secret}", "seconds": 1.5, "lines": [f"it is {secret}"]})
    assert entry == {"name": "edge1", "output": WITHHELD, "seconds": 1.5, "lines": [WITHHELD]}


def test_a_long_secret_that_equals_a_name_is_withheld() -> None:
    assert Mask.of(["core-router-1"], ["edge1", "core-router-1"]).withhold
    assert not Mask.of(["core-router-2"], ["edge1", "core-router-1"]).withhold


def test_empty_secrets_count_as_none() -> None:
    assert Mask.of(["", ""]).apply("anything") == "anything"


def test_one_guests_secret_stays_readable_in_anothers_result() -> None:
    outcomes = {name: Outcome(name, facts={"output": "the word is sesame-open"}) for name in ("edge1", "edge2")}
    entries = summary(outcomes, {"edge1": Mask.of(["sesame-open"], outcomes)}, "guests")["guests"]
    assert entries["edge1"]["output"] == f"the word is {MASK}"
    assert entries["edge2"]["output"] == "the word is sesame-open"


@pytest.mark.parametrize("secret", ["sesame-open", "shh"])
def test_a_failure_hides_the_secret_and_still_names_its_guest(secret: str) -> None:
    failed = Outcome("edge1", (Change("identity", secret, f"not {secret}"),), warnings=(secret,), error=GuestError(f"it said {secret}"))
    result = summary({"edge1": failed, "edge2": Outcome("edge2")}, {"edge1": Mask.of([secret], ["edge1", "edge2"])}, "guests")
    assert not [text for text in texts(result) if secret in text]
    assert "edge1" in result["msg"]
    assert result["guests"]["edge1"]["name"] == "edge1"
