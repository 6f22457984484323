# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments as libvirt networks (private)."""

from __future__ import annotations

import threading
import typing as t
from functools import partial

from ..._core.errors import HypervisorError, InputError, RefusedError, UnsupportedError
from ..._guests.segment import DEVICE, SegmentPlan, SegmentState
from . import network_xml
from .connection import Connections, error_code, is_alive, library, side_by_side, stored_definition, translated

if t.TYPE_CHECKING:
    import libvirt


class Networks:
    """The networks of one host. What was read is kept for the connection's life, for the guests that are wired to them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: dict[str, SegmentState] = {}
        self._lock = threading.Lock()

    def observe(self, names: t.Collection[str]) -> dict[str, SegmentState]:
        """Those of the named networks that exist, with the guests that are wired to them."""
        lib = library()
        connection = self._connections.get()
        with translated("the networks cannot be listed"):
            networks, active, domains = side_by_side(
                connection.listAllNetworks,
                lambda: connection.listAllNetworks(lib.VIR_CONNECT_LIST_NETWORKS_ACTIVE),
                connection.listAllDomains,
            )
            there = [network for network in networks if network.name() in names]
            if not there:
                return {}
            running = {network.UUIDString() for network in active}
            definitions = (partial(_definition, network) for network in there)
            texts = side_by_side(*definitions, *(partial(stored_definition, domain) for domain in domains))
        users: dict[str, list[str]] = {network.name(): [] for network in there}
        for domain, text in zip(domains, texts[len(there) :], strict=True):
            for name in network_xml.networks_used(text) & set(users):
                users[name].append(domain.name())
        return {
            network.name(): network_xml.parse(text, network.UUIDString() in running, tuple(sorted(users[network.name()])))
            for network, text in zip(there, texts, strict=False)
            if text
        }

    def require(self, name: str) -> SegmentState:
        """The active network of that name. Raises UnsupportedError naming those there are."""
        with self._lock:
            if name not in self._known:
                with translated("the networks cannot be listed"):
                    self._known = {found.name: found for found in _read_all(self._connections.get().listAllNetworks())}
        known = self._known.get(name)
        if known is None:
            there = ", ".join(sorted(self._known)) or "none"
            remedy = "Mend the name, or make the segment first (chr_network; in a playbook, chr_networks)"
            raise UnsupportedError(f"network {name} does not exist on this host", found=there, remedy=remedy)
        if not known.active:
            raise UnsupportedError(f"network {name} is not active", remedy=f"Start it: virsh net-start {name}")
        return known

    @staticmethod
    def port_group(segment: SegmentState) -> str | None:
        """The port group that carries our settings; a network that is not ours has none."""
        if not segment.ours:
            return None
        return network_xml.MARK if segment.mac_spoofing else network_xml.MARK_STRICT

    def check(self, plan: SegmentPlan) -> None:
        """Raise for what this libvirt or this bridge cannot do; reads only."""
        if not plan.defines or plan.spec.state == "absent":
            return
        if not DEVICE.fullmatch(plan.bridge):
            raise InputError("bridge: the segment's name is too long for a device name", wanted="at most 15 characters", remedy="Give bridge")
        connection = self._connections.get()
        lib = library()
        with translated("the host cannot be asked for its version"):
            version = connection.getLibVersion()
        network_xml.check_vlan(plan, version)
        if plan.spec.mac_spoofing is False:
            with translated("mac_spoofing: this host has no network filters", "Install libvirt's nwfilter driver and its filters", UnsupportedError):
                connection.nwfilterLookupByName("no-mac-spoofing")
        if plan.spec.attach_to:
            self._check_bridge(connection, plan.spec.attach_to)
        else:
            with translated("the networks cannot be listed"):
                owners = _read_all(connection.listAllNetworks(lib.VIR_CONNECT_LIST_NETWORKS_PERSISTENT))
            for owner in owners:
                if owner.bridge == plan.bridge and owner.name != plan.spec.name:  # of the same name: another run was quicker
                    raise RefusedError(
                        f"bridge: {plan.bridge} belongs to network {owner.name}", remedy="Choose another device, or use that network"
                    )

    @staticmethod
    def _check_bridge(connection: libvirt.virConnect, device: str) -> None:
        """Whether the host has the bridge, where its interface driver can tell."""
        lib = library()
        try:
            devices = {interface.name() for interface in connection.listAllInterfaces()}
        except lib.libvirtError:
            return  # no interface driver on this host: starting a guest will tell
        if device not in devices:
            there = ", ".join(sorted(devices - {"lo"})) or "none"
            raise UnsupportedError(f"attach_to: bridge {device} does not exist on this host", found=there, remedy="Make it on the host first")

    def apply(self, plan: SegmentPlan) -> None:
        """Define and start, start, or remove."""
        connection = self._connections.get()
        if plan.spec.state == "absent":
            self._remove(connection, plan)
            return
        defined = self._define(connection, plan) if plan.defines else None
        with translated("the segment has gone", "Run again"):
            network = defined or connection.networkLookupByName(plan.spec.name)
        with translated("the segment cannot be started", "Mend the cause, or describe it otherwise, and run again"):
            try:
                _start(network)
            except library().libvirtError:
                if defined is not None and is_alive(connection):  # a definition that cannot start would block the mended one
                    defined.undefine()
                raise
            network.setAutostart(True)

    @staticmethod
    def _define(connection: libvirt.virConnect, plan: SegmentPlan) -> libvirt.virNetwork | None:
        """The network as this run defined it; None where another run was quicker."""
        lib = library()
        try:
            network: libvirt.virNetwork = connection.networkDefineXML(network_xml.render(plan))
        except lib.libvirtError as error:
            if "already exists" not in (error.get_error_message() or ""):
                raise HypervisorError("the segment cannot be defined", found=error.get_error_message()) from error
            return None
        return network

    @staticmethod
    def _remove(connection: libvirt.virConnect, plan: SegmentPlan) -> None:
        with translated("the segment cannot be removed"):
            network = connection.networkLookupByName(plan.spec.name)
            if network.isActive():
                network.destroy()
            network.undefine()


def _start(network: libvirt.virNetwork) -> None:
    """Start a network; one that another run starts at the same moment is started."""
    if network.isActive():
        return
    try:
        network.create()
    except library().libvirtError:
        if not network.isActive():
            raise


Answer = t.TypeVar("Answer")


def _unless_gone(ask: t.Callable[[], Answer]) -> Answer | None:
    """What is asked of a network; None for one that somebody removes meanwhile."""
    lib = library()
    try:
        return ask()
    except lib.libvirtError as error:
        if error_code(error) != lib.VIR_ERR_NO_NETWORK:
            raise
        return None


def _definition(network: libvirt.virNetwork) -> str:
    return _unless_gone(network.XMLDesc) or ""


def _read_all(networks: t.Iterable[libvirt.virNetwork]) -> list[SegmentState]:
    """The networks that are still there; who is wired to them is not asked."""

    def read(network: libvirt.virNetwork) -> t.Callable[[], SegmentState]:
        return lambda: network_xml.parse(network.XMLDesc(), bool(network.isActive()), ())

    return [found for found in (_unless_gone(read(network)) for network in networks) if found is not None]
