# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""api-ssl with a certificate and without one, and /ip/service as the doors' switch."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest
from librouteros.api import Api
from librouteros.exceptions import ConnectionClosed

from tests.simulators.routerboard.board import Board


def _wrap(context: ssl.SSLContext, host: str = "127.0.0.1") -> Callable[..., ssl.SSLSocket]:
    return lambda raw: context.wrap_socket(raw, server_hostname=host)


def _anonymous() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ADH:@SECLEVEL=0")
    return context


def test_the_certificate_verifies_with_the_board_s_ca_and_no_other(board: Board, connect: Callable[..., Api]) -> None:
    trusting = ssl.create_default_context(cafile=str(board.ca_file))
    for host in ("127.0.0.1", "localhost"):
        assert list(connect(board, port=board.ports["api-ssl"], ssl_wrapper=_wrap(trusting, host)).path("interface"))
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        connect(board, port=board.ports["api-ssl"], ssl_wrapper=_wrap(ssl.create_default_context()))
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        connect(board, port=board.ports["api-ssl"], ssl_wrapper=_wrap(trusting, "router.example"))


def test_without_a_certificate_only_anonymous_clients_get_in(make_board: Callable[..., Board], connect: Callable[..., Api]) -> None:
    board = make_board(certificate=False)
    assert list(connect(board, port=board.ports["api-ssl"], ssl_wrapper=_wrap(_anonymous())).path("interface"))
    with pytest.raises(ssl.SSLError, match="handshake failure"):
        connect(board, port=board.ports["api-ssl"], ssl_wrapper=_wrap(ssl.create_default_context()))


def test_services_are_switched_in_their_menu(board: Board, connect: Callable[..., Api]) -> None:
    api = connect(board)
    service = api.path("ip", "service")
    tuple(service("disable", **{".id": "api"}))
    with pytest.raises(ConnectionRefusedError):
        connect(board)
    tuple(service("enable", **{".id": "api"}))  # who is in, stays in
    assert list(connect(board).path("interface"))


def test_a_restart_cuts_connections_and_keeps_the_configuration(board: Board, connect: Callable[..., Api]) -> None:
    api = connect(board)
    api.path("interface", "bridge").add(name="b1")
    port = board.ports["api"]
    board.reboot(3600)
    with pytest.raises((ConnectionClosed, ConnectionResetError)):
        list(api.path("interface"))
    with pytest.raises(ConnectionRefusedError):
        connect(board)
    board.reboot(0)
    board.wait_up()
    assert board.ports["api"] == port
    assert [row["name"] for row in connect(board).path("interface", "bridge")] == ["b1"]
