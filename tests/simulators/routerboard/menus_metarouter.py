# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/metarouter, /metarouter/interface and /interface/virtual-ethernet (MetaROUTER manual, Reference)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..routeros.errors import RouterError, invalid_value, missing, no_match
from ..routeros.fields import COMMENT, DISABLED, NAME, Choice, Field, InterfaceName, Kind, MacAddress, Reference, Stored
from ..routeros.menu import Command, Invocation, Menu
from ..routeros.menus.interface import AllInterfaces, Interfaces
from ..routeros.router import Router
from ..routeros.table import Item, Table
from ..routeros.values import Value
from .hosting import (
    IS_RUNNING,
    MAX_GUESTS,
    MAX_INTERFACES,
    TOO_MANY_GUESTS,
    TOO_MANY_INTERFACES,
    GuestMachine,
    Hosting,
    make_mac,
)
from .images import check_image
from .models import IMPORT_IMAGE, at_least
from .rendering import Rendering

# Texts that nobody measured.
NO_FILE = "failure: no such file"
INTERACTIVE = "failure: console is interactive"
RUNNING_MEMORY = "failure: can not change memory-size of running virtual machine"
_IMPORT_STEPS = (0, 50, 100)  # per cent


class MemorySize(Kind):
    """16..256 MiB; a number without a unit is in MiB."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    def parse(self, router: Router, name: str, text: str) -> Stored:
        found = re.fullmatch(r"(\d+)(?:MiB|M)?", text)
        if found is None:
            raise invalid_value(name)
        if not 16 <= int(found[1]) <= 256:
            raise RouterError(f"value of {name} is out of range (16..256)")
        return int(found[1])

    def value(self, stored: Stored) -> Value:
        return self._rendering.size(int(stored), "MiB")


class DiskSize(Kind):
    """unlimited or 0..4294967295 kiB; 0 is unlimited too, and kept as such."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    def parse(self, router: Router, name: str, text: str) -> Stored:
        found = re.fullmatch(r"(\d+)(?:kiB|k)?", "0" if text == "unlimited" else text)
        if found is None:
            raise invalid_value(name)
        if int(found[1]) > 4294967295:
            raise RouterError(f"value of {name} is out of range (0..4294967295)")
        return int(found[1])

    def value(self, stored: Stored) -> Value:
        return self._rendering.size(int(stored), "kiB") if stored else self._rendering.unlimited


class DynamicBridge(InterfaceName):
    """A bridge, or what stands for none; kept as `none`."""

    def __init__(self, rendering: Rendering) -> None:
        super().__init__()
        self._none = ("none", "") if rendering.no_bridge == "both" else (rendering.no_bridge,)

    def parse(self, router: Router, name: str, text: str) -> Stored:
        return "none" if text in self._none else super().parse(router, name, text)

    def value(self, stored: Stored) -> Value:
        return self._none[0] if stored == "none" else stored


class StaticTable(Table):
    """A menu whose items are all made by the user: no D flag."""

    def record(self, item: Item) -> dict[str, Value]:
        return {name: value for name, value in super().record(item).items() if name != "dynamic"}


class Guests(StaticTable):
    columns = ("name", "memory-size", "disk-size", "used-disk", "state")

    def __init__(self, router: Router, hosting: Hosting) -> None:
        self._hosting = hosting
        self._rendering = hosting.rendering
        fields = [
            Field("name"),
            Field("memory-size", MemorySize(self._rendering), 16),
            Field("disk-size", DiskSize(self._rendering), 0),
            *([COMMENT] if self._rendering.guest_comment else []),
            DISABLED,
        ]
        super().__init__(router, fields)
        for name, order in (("start", GuestMachine.start), ("shut-down", GuestMachine.shut_down), ("reboot", GuestMachine.reboot)):
            self.add_command(Command(name, self._do_order(order), positional=("numbers",)))
        self.add_command(Command("console", self._console, positional=("numbers",)))
        if at_least(hosting.version, IMPORT_IMAGE):
            self.add_command(Command("import-image", self._import, ("file-name", "memory-size", "enabled"), slow=True))

    def computed_names(self) -> frozenset[str]:
        return frozenset({"used-disk", "disk-reads", "disk-writes", "state"})

    def computed(self, item: Item) -> dict[str, Value]:
        machine = self._hosting.machines[item.number]
        used = machine.used_disk
        return {
            "used-disk": f"{used}kiB" if self._rendering.used_disk_unit else used,
            "disk-reads": machine.starts * 210,
            "disk-writes": machine.starts * 35,
            "state": machine.state,
        }

    def prepare(self, values: dict[str, Stored]) -> None:
        taken = {item.values["name"] for item in self.items()}
        values.setdefault("name", next(f"mr{n}" for n in range(1, len(taken) + 2) if f"mr{n}" not in taken))

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "already have such name", "name")
        if not values["name"]:
            raise RouterError("failure: name cannot be empty")
        if item is None:
            if len(self.items()) >= MAX_GUESTS:
                raise RouterError(TOO_MANY_GUESTS)
            self._hosting.check_memory(0 if values["disabled"] else int(values["memory-size"]))
            return
        machine = self._hosting.machines[item.number]
        if machine.powered and values["memory-size"] != item.values["memory-size"] and not self._rendering.live_memory:
            raise RouterError(RUNNING_MEMORY)
        if item.values["disabled"] and not values["disabled"] and not machine.powered:
            self._hosting.check_memory(int(values["memory-size"]))

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        if "name" in values:
            self.router.rename("/metarouter", str(item.values["name"]), str(values["name"]))

    def check_removal(self, items: list[Item]) -> None:
        interfaces = self.router.table("/metarouter/interface").store
        for item in items:
            if self._hosting.machines[item.number].powered and not self._rendering.remove_running:
                raise RouterError(IS_RUNNING)
        for item in items:
            name = str(item.values["name"])
            if self._rendering.orphans:
                self.router.rename("/metarouter", name, item.id)
            else:
                interfaces.items = [other for other in interfaces.items if other.values["virtual-machine"] != name]

    def changed(self) -> None:
        self._hosting.reconcile()

    def _do_order(self, order: Callable[[GuestMachine], None]) -> Callable[[Invocation], Value]:
        def handler(call: Invocation) -> Value:
            for item in self._resolve(call.need("numbers")):
                order(self._hosting.machines[item.number])
            self._hosting.refresh()
            return None

        return handler

    def _console(self, call: Invocation) -> Value:
        raise RouterError(INTERACTIVE)

    def _import(self, call: Invocation) -> Value:
        """Takes time; the guest appears at the end, enabled unless told otherwise, under a name of the router's choice."""
        if "file-name" not in call:
            raise missing("file-name")
        content = self.router.files.read(call.text("file-name"))
        if content is None:
            raise RouterError(NO_FILE)
        check_image(content.encode("latin-1"), self._hosting.model.image_architecture())
        values: dict[str, Stored] = {field.name: field.default for field in self.fields.values() if field.default is not None}
        if "memory-size" in call:
            values["memory-size"] = self.fields["memory-size"].kind.parse(self.router, "memory-size", call.text("memory-size"))
        enabled = DISABLED.kind.parse(self.router, "enabled", call.text("enabled", "yes"))
        values.update({"disabled": not enabled, "kind": "openwrt"})
        self.prepare(values)
        self.check(values, None)
        for step in _IMPORT_STEPS:
            call.interpreter.report({"imported": f"{step}%"})
            if step < _IMPORT_STEPS[-1]:
                call.interpreter.sleep(self._hosting.seconds / len(_IMPORT_STEPS))
        call.interpreter.emit(" imported: 100%")
        if self._rendering.import_shows_late:
            self._hosting.timeline.after(self._hosting.seconds, lambda: self._show_late(values))
        else:
            self._show_imported(values)
        return None

    def _show_late(self, values: dict[str, Stored]) -> None:
        with self.router.lock:
            self._show_imported(values)

    def _show_imported(self, values: dict[str, Stored]) -> None:
        del values["name"]  # others may have come meanwhile
        self.prepare(values)
        self.check(values, None)
        self.store.new(values)
        self.router.touch()
        self.changed()


class GuestInterfaces(StaticTable):
    columns = ("virtual-machine", "type", "vm-mac-address")

    def __init__(self, router: Router, hosting: Hosting) -> None:
        self._hosting = hosting
        super().__init__(
            router,
            [
                Field("virtual-machine", Reference("/metarouter"), required=True),
                Field("type", Choice("dynamic", "static")),
                Field("dynamic-mac-address", MacAddress()),
                Field("dynamic-bridge", DynamicBridge(hosting.rendering), "none"),
                Field("static-interface", InterfaceName("none"), "none"),
                Field("vm-mac-address", MacAddress()),
                COMMENT,
                DISABLED,
            ],
        )

    def computed_names(self) -> frozenset[str]:
        return frozenset({"active"})

    def computed(self, item: Item) -> dict[str, Value]:
        machine = self._hosting.machine_of(item.values["virtual-machine"])
        return {"active": machine is not None and machine.state == "running" and not item.values["disabled"]}

    def prepare(self, values: dict[str, Stored]) -> None:
        # Seen on a RB2011: `add static-interface=ether2 ...` without a type makes a static one.
        values.setdefault("type", "dynamic" if values["static-interface"] == "none" else "static")
        for name in ("dynamic-mac-address", "vm-mac-address"):
            values.setdefault(name, make_mac(self.router.system_id, self.store.next, name))

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        if item is None and len(self.items()) >= MAX_INTERFACES:
            raise RouterError(TOO_MANY_INTERFACES)
        bridge = str(values["dynamic-bridge"])
        if bridge != "none" and self.router.table("/interface/bridge").lookup(bridge) is None:
            raise no_match("dynamic-bridge")

    def changed(self) -> None:
        self._hosting.refresh()


class VirtualEthernets(Interfaces):
    kind = "virtual-ethernet"
    columns = ("name", "mtu", "mac-address")

    def prepare(self, values: dict[str, Stored]) -> None:
        super().prepare(values)
        values.setdefault("mac-address", make_mac(self.router.system_id, self.store.next, "virtual-ethernet"))


class BoardInterfaces(AllInterfaces):
    """/interface, where old RouterOS shows no MAC addresses."""

    def record(self, item: Item) -> dict[str, Value]:
        return {name: value for name, value in super().record(item).items() if name != "mac-address"}


def metarouter_menus(router: Router, hosting: Hosting) -> dict[str, Menu]:
    interfaces = router.table("/interface")
    menus: dict[str, Menu] = {}
    if not hosting.rendering.interface_macs:
        menus["interface"] = BoardInterfaces(router, interfaces.fields.values(), interfaces.store)
    if hosting.has_menu:
        mtu = router.table("/interface/ethernet").fields["mtu"]
        fields = [NAME, mtu, COMMENT, DISABLED, Field("mac-address", MacAddress())]
        menus["interface/virtual-ethernet"] = VirtualEthernets(router, fields, interfaces.store)
        menus["metarouter"] = Guests(router, hosting)
        menus["metarouter/interface"] = GuestInterfaces(router, hosting)
    return menus
