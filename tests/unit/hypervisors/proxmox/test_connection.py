# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one gets in to a Proxmox VE cluster, and what is said where one does not."""

from __future__ import annotations

import hashlib
import socket
import ssl
import typing as t
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, UnreachableError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.connection import PveError, UnansweredError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.login import Login, addresses

from tests.simulators.proxmox.serving import ChrPve

from .conftest import Start
from .support import Options, api, connection_options

PASSWORD = {"token_id": None, "token_secret": None, "user": "root@pam", "password": "secret"}


def pin(certificate: str) -> str:
    """A certificate's SHA-256, as Proxmox shows it."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(Path(certificate).read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n"))
    return digest.digest().hex(":").upper()


@pytest.mark.parametrize("login", [{}, PASSWORD])
def test_a_token_and_a_password_get_in(options: Options, login: Options) -> None:
    with api({**options, **login}) as proxmox:
        assert proxmox.version == (9, 0)


def test_a_ticket_that_is_refused_is_renewed_once(pve: ChrPve, options: Options) -> None:
    with api({**options, **PASSWORD}) as proxmox:
        assert proxmox.get("nodes")
        pve.revoke_tickets()
        assert proxmox.get("nodes")


def test_who_is_not_let_in_is_told_who_asked_and_nothing_secret(options: Options) -> None:
    for login in ({"token_secret": "wrong-wrong"}, {**PASSWORD, "password": "wrong-wrong"}):
        with api({**options, **login}) as proxmox, pytest.raises(UnreachableError, match=r"does not let root@pam(!tests)? in") as refused:
            proxmox.get("nodes")
        assert "wrong-wrong" not in str(refused.value)


def test_a_certificate_must_be_one_that_is_trusted(options: Options) -> None:
    with api({**options, "ca_path": None}) as proxmox, pytest.raises(UnreachableError, match=r"certificate verify failed.*ca_path"):
        proxmox.get("version")
    with api({**options, "ca_path": None, "validate_certs": False}) as proxmox:
        assert proxmox.get("version")


def test_a_pinned_certificate_is_that_one_and_no_other(options: Options, files: tuple[str, str]) -> None:
    with api({**options, **PASSWORD, "ca_path": None, "fingerprint": pin(files[0])}) as proxmox:
        assert proxmox.get("version")
    with api({**options, **PASSWORD, "fingerprint": "ab" * 32}) as proxmox, pytest.raises(UnreachableError, match="ingerprint"):
        proxmox.get("version")
    with pytest.raises(InputError, match="no SHA-256"):
        api({**options, "fingerprint": "ab:cd"})


def test_the_environment_changes_no_trust(options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for login in ({}, PASSWORD):
        with api({**options, **login}) as proxmox:
            assert proxmox.get("version")


def closed_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_hosts_are_tried_in_turn_and_the_one_that_answered_is_kept(pve: ChrPve, options: Options) -> None:
    dead = closed_port()
    with api({**options, "hosts": [dead, f"{pve.host}:{pve.port}"]}) as proxmox:
        assert proxmox.get("version")
        assert proxmox.host == f"{pve.host}:{pve.port}"
    with api({**options, "hosts": [dead]}) as proxmox, pytest.raises(UnreachableError, match=f"cannot be reached at {dead}.*refused"):
        proxmox.get("version")


@pytest.fixture
def deaf() -> t.Iterator[str]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_host_that_says_nothing_is_left_for_the_next(pve: ChrPve, options: Options, deaf: str) -> None:
    with api({**options, "hosts": [deaf, f"{pve.host}:{pve.port}"], "connect_timeout": 1, "timeout": 1}) as proxmox:
        assert proxmox.get("version")


def test_what_was_sent_and_not_answered_is_not_sent_again(pve: ChrPve, options: Options) -> None:
    pve.flaky_network(drop_rate=1.0)
    with api(options) as proxmox, pytest.raises(UnansweredError, match="is unknown"):
        proxmox.post("nodes/pve1/qemu", vmid=100)


def test_a_refusal_names_the_privilege_the_path_and_the_role(start: Start, files: tuple[str, str]) -> None:
    pve = start("9.0")
    pve.acl = {}
    pve.apitokens["chr@pve!tests"] = "s3cret-s3cret"
    limited = connection_options(pve, files[0], token_id="chr@pve!tests")
    with api(limited) as proxmox, pytest.raises(UnsupportedError) as refused:
        proxmox.post("nodes/pve1/qemu", vmid=100, net0="virtio,bridge=vmbr0")
    text = str(refused.value)
    assert "chr@pve!tests may not do this" in text
    assert "/sdn/zones/localnetwork/vmbr0" in text and "SDN.Use" in text and "ChrNetworks" in text


def test_a_refused_parameter_is_named(options: Options) -> None:
    with api(options) as proxmox, pytest.raises(PveError, match="vmid") as refused:
        proxmox.post("nodes/pve1/qemu", vmid=1)
    assert refused.value.status == 400 and "vmid" in refused.value.errors


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, "nothing to log in with"),
        ({"user": "root", "password": "x"}, "root has no realm"),
        ({"token_id": "a@pve!b", "token_secret": "x", "user": "c@pve"}, "a token of a@pve"),
    ],
)
def test_a_login_that_cannot_be_is_refused_at_once(given: Options, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        Login.of(given)


def test_a_token_may_have_its_user_beside_it() -> None:
    assert Login.of({"token_id": "b", "user": "a@pve", "token_secret": "x"}).who == "a@pve!b"


def test_addresses_are_written_in_many_ways() -> None:
    given = {"hosts": ["pve1", "https://pve2:443/", "2001:db8::1", "[2001:db8::2]:9"], "port": None}
    assert addresses(given) == ["pve1:8006", "pve2:443", "[2001:db8::1]:8006", "[2001:db8::2]:9"]
    with pytest.raises(InputError, match="no host is named"):
        addresses({"hosts": [" "]})
