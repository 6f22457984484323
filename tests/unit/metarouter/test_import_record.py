# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import remembers, and which guest can have come of it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.guest import VmState
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.import_record import (
    IMPORTED,
    IMPORTING,
    ImportRecord,
    left_by_import,
    parse_record,
    strangers,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.read import nic_states

RECORD = ImportRecord("wrt 1", IMPORTING, {"*1": "the office", "*5": "mr1"}, id="*A")


def vm(item: str, name: str, **more: t.Any) -> VmState:
    base = {"memory_size": 16, "disk_size": "unlimited", "used_disk": 7383, "state": "disabled", "disabled": True, "comment": "", "ours": False}
    return VmState(id=item, name=name, **{**base, **more})


@pytest.mark.parametrize("record", [RECORD, ImportRecord("wrt1", IMPORTED, {}, "*7", "*B"), ImportRecord("a", id="*1")])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_was_written_is_read_again(record: ImportRecord, line_end: str) -> None:
    assert parse_record(record.name, record.source.replace("\n", line_end), record.id) == record
    assert all(line.startswith("# ") for line in record.source.splitlines())  # a script that does nothing


def test_an_import_is_named_by_the_first_name_that_is_free() -> None:
    assert RECORD.expected_name == "mr2"
    assert ImportRecord("a", before={"*1": "mr2"}).expected_name == "mr1"


@pytest.mark.parametrize(
    ("found", "left"),
    [
        ([vm("*6", "mr2")], "mr2"),
        ([vm("*6", "mr2"), vm("*7", "new office")], "mr2"),
        ([vm("*6", "mr2"), vm("*7", "mr3")], None),
        ([vm("*6", "mr3")], None),
        ([vm("*5", "mr2")], None),  # stood then, under another name
        ([vm("*6", "mr1")], None),  # stood then, under another id
        ([vm("*6", "mr2", ours=True)], None),
        ([vm("*6", "mr2", comment="mine")], None),
        ([vm("*6", "mr2", state="stopped", disabled=False)], None),
        ([vm("*6", "mr2", state="running", disabled=False)], None),
        ([vm("*6", "mr2", interfaces=nic_states([{".id": "*1"}]))], None),
        ([], None),
    ],
)
def test_only_what_is_as_an_import_leaves_it_came_of_it(found: list[VmState], left: str | None) -> None:
    stood = [vm("*1", "the office"), vm("*5", "mr1")] if not found or found[0].id != "*5" else []
    guest = left_by_import(RECORD, [*stood, *found], {"wrt 1"})
    assert (guest and guest.name) == left


def test_guests_of_this_run_and_marked_ones_are_no_strangers() -> None:
    found = [vm("*1", "the office"), vm("*6", "described"), vm("*7", "ours", ours=True), vm("*8", "who")]
    assert [other.name for other in strangers(RECORD, found, {"described"})] == ["who"]
