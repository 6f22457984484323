# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API session on a simulated RouterBOARD."""

from __future__ import annotations

import hashlib
import ssl
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, LostError, TrapError, UnreachableError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.api_options import ApiOptions

from tests.routerboards import Boards, Enter, api_options
from tests.simulators.routerboard.board import Board
from tests.simulators.routerboard.images import openwrt_image


@pytest.mark.parametrize("version", ["3.21", "6.30.2", "6.49.10", "7.20.8"])
def test_both_logins_lead_to_a_session_that_works(version: str, boards: Boards, enter: Enter) -> None:
    board = boards(version)
    with enter(board) as api:
        assert api.print("/system/resource")[0]["version"].split()[0] == version


def test_an_old_router_never_gets_the_password_itself_where_the_challenge_is_asked_for(boards: Boards, enter: Enter) -> None:
    board = boards("6.30.2")
    board.run('/user set [find name="admin"] password="secret-of-admin"')
    with enter(board, login="challenge", password="secret-of-admin") as api:
        assert api.print("/system/identity") == [{"name": "MikroTik"}]


@pytest.mark.parametrize("version", ["6.30.2", "6.49.10"])
def test_a_wrong_password_is_refused_without_being_repeated(version: str, boards: Boards, enter: Enter) -> None:
    refused = pytest.raises(UnreachableError, match=r"refused the login of user admin.*api.username and api.password")
    with refused as caught, enter(boards(version), password="wrong-password"):
        pass
    assert "wrong-password" not in str(caught.value)


def test_a_router_that_refuses_every_login_is_named(board: Board, enter: Enter) -> None:
    board.faults.refuse_logins = True
    with pytest.raises(UnreachableError, match=r"refused the login"), enter(board):
        pass


def test_values_stay_what_they_are(board: Board, enter: Enter) -> None:
    odd = ["123", "no", "true", "00", "a=b", "Rīga ✓", " x "]
    with enter(board) as api:
        for name in odd:
            api.add("/interface/bridge", {"name": name, "comment": name})
        rows = api.print("/interface/bridge", ("name", "comment"))
    assert [(row["name"], row["comment"]) for row in rows] == [(name, name) for name in odd]


def test_a_trap_is_kept_whole_with_the_rows_before_it(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        with pytest.raises(TrapError) as caught:
            api.print("/nonsense")
        assert (caught.value.text, caught.value.category, caught.value.rows) == ("no such command prefix", 0, [])
        assert "the router refused /nonsense/print (found: no such command prefix)." in str(caught.value)
        assert api.print("/system/identity")  # the session goes on


def test_rows_of_progress_are_seen_as_they_come(board: Board, enter: Enter) -> None:
    board.upload("openwrt.tgz", openwrt_image("mips"))
    seen: list[dict[str, str]] = []
    with enter(board) as api:
        reply = api.call("/metarouter/import-image", {"file-name": "openwrt.tgz", "enabled": "no"}, on_row=seen.append)
    assert seen == reply.rows
    assert seen


def test_queries_and_properties_narrow_what_comes_back(board: Board, enter: Enter) -> None:
    with enter(board) as api:
        assert api.print("/interface", ("name",), "?name=ether2") == [{"name": "ether2"}]
        assert api.print("/interface", ("name",), "?name=none") == []
        assert api.count == 2


def test_a_hanging_command_ends_with_its_own_timeout_and_says_that_its_outcome_is_unknown(board: Board, enter: Enter) -> None:
    board.faults.hang("/interface/bridge/add")
    unknown = pytest.raises(LostError, match=r"did not answer /interface/bridge/add within 0.2 s; whether .* is unknown.*Run again")
    with unknown, enter(board) as api:
        api.call("/interface/bridge/add", {"name": "b"}, timeout=0.2)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_connection_dropped_in_mid_command_says_that_the_outcome_is_unknown(fault: str, board: Board, enter: Enter) -> None:
    getattr(board.faults, fault)("/interface/bridge/add")
    with enter(board) as api, pytest.raises(LostError, match=r"connection to 127.0.0.1 was lost; whether /interface/bridge/add"):
        api.add("/interface/bridge", {"name": "b"})


def test_a_router_that_is_not_there_is_named_with_what_to_check(boards: Boards, enter: Enter) -> None:
    board = boards()
    board.run("/ip service disable api")
    with pytest.raises(UnreachableError, match=r"no connection to 127.0.0.1 port .*/ip service: api must be enabled"), enter(board):
        pass


# TLS


def test_a_certificate_is_verified_against_its_authority(board: Board, enter: Enter) -> None:
    with enter(board, tls="verified", ca_path=str(board.ca_file)) as api:
        assert api.print("/system/identity")
    with pytest.raises(UnreachableError, match=r"does not verify.*api.ca_path.*tls: pinned"), enter(board, tls="verified"):
        pass


def test_a_pinned_certificate_is_accepted_and_no_other_one(board: Board, enter: Enter) -> None:
    pem = ssl.get_server_certificate(("127.0.0.1", board.ports["api-ssl"]))
    pin = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    colons = ":".join(pin[at : at + 2] for at in range(0, 64, 2)).upper()
    with enter(board, tls="pinned", fingerprint=colons) as api:
        assert api.print("/system/identity")
    with pytest.raises(UnreachableError, match=f"not the pinned one.*found: {pin}"), enter(board, tls="pinned", fingerprint="00" * 32):
        pass


def test_any_certificate_is_accepted_on_request(board: Board, enter: Enter) -> None:
    with enter(board, tls="unverified") as api:
        assert api.print("/system/identity")


def test_a_router_without_certificate_needs_anonymous_and_is_told_so(boards: Boards, enter: Enter) -> None:
    bare = boards(certificate=False)
    with enter(bare, tls="anonymous") as api:
        assert api.print("/system/identity")
    with pytest.raises(UnreachableError, match=r"tls: anonymous"), enter(bare, tls="unverified"):
        pass


def test_tls_to_the_plain_port_is_explained(board: Board, enter: Enter) -> None:
    with pytest.raises(UnreachableError), enter(board, tls="unverified", port=board.ports["api"], timeout=1):
        pass


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "https://192.0.2.1"}, "api.host.*without scheme"),
        ({"host": ""}, "api.host"),
        ({"tls": "pinned"}, "api.fingerprint and api.tls: pinned go together"),
        ({"fingerprint": "00" * 32}, "go together"),
        ({"tls": "pinned", "fingerprint": "abc"}, "64 hex digits"),
        ({"tls": "anonymous", "ca_path": "ca.pem"}, "api.ca_path: nothing is verified"),
        ({"timeout": 0}, "api.timeout: 0 s"),
        ({"port": 70000}, "api.port: 70000 is not in 1..65535"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_connected(wrong: dict[str, t.Any], said: str) -> None:
    given = {"host": "192.0.2.1", "username": "admin", "password": "", "tls": "none", "login": "auto", "timeout": 5, **wrong}
    with pytest.raises(InputError, match=said):
        ApiOptions.parse(given)


def test_the_port_follows_from_tls(board: Board) -> None:
    assert api_options(board, port=None).port == 8728
    assert api_options(board, port=None, tls="verified").port == 8729
