# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of a RouterBOARD that stand on others: VRRP, bonds, and PPP's. Only what stands on what; they carry nothing."""

from __future__ import annotations

from ..routeros.fields import COMMENT, DISABLED, NAME, Field, Flag, InterfaceName, Kind, ListOf, Number
from ..routeros.menu import Menu
from ..routeros.menus.interface import Interfaces
from ..routeros.router import Router
from ..routeros.table import Table


class Vrrps(Interfaces):
    kind = "vrrp"


class Bonds(Interfaces):
    kind = "bond"


class PppoeClients(Interfaces):
    kind = "pppoe-out"


class PppoeServers(Interfaces):
    """One for each user who may call in, as `/interface pppoe-server add` makes them."""

    kind = "pppoe-in"


class L2tpClients(Interfaces):
    kind = "l2tp-out"


class PppoeServices(Table):
    columns = ("service-name", "interface")


def link_menus(router: Router) -> dict[str, Menu]:
    store = router.table("/interface").store
    common = [NAME, COMMENT, DISABLED]
    under = Field("interface", InterfaceName(), required=True)
    user = Field("user", Kind(), "")
    secret = Field("password", Kind(), "", secret=True)
    return {
        "interface/vrrp": Vrrps(router, [*common, under, Field("vrid", Number(1, 255), 1)], store),
        "interface/bonding": Bonds(router, [*common, Field("slaves", ListOf(InterfaceName()), required=True)], store),
        "interface/pppoe-client": PppoeClients(router, [*common, under, user, secret, Field("add-default-route", Flag(), False)], store),
        "interface/pppoe-server": PppoeServers(router, [*common, Field("service", Kind(), ""), user], store),
        "interface/pppoe-server/server": PppoeServices(router, [Field("service-name", Kind(), "service1"), under, DISABLED]),
        "interface/l2tp-client": L2tpClients(router, [*common, Field("connect-to", required=True), user, secret], store),
    }
