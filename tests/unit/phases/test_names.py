# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables, and messages in their words."""

from __future__ import annotations

import pytest
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._variables import judge_names, known_names
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._wording import in_variables


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("chr_interface", "chr_interfaces"),
        ("chr_firstboot_ntp", "chr_first_boot_ntp"),
        ("chr_first_boot_dns_servers", "chr_first_boot_dns"),
        ("chr_licence_source", "chr_license_source"),
        ("metarouter_memory", "metarouter_memory_size"),
        ("chr_memory_total", "chr_memory"),
        ("chr_machine", "chr_libvirt_machine"),
        ("chr_uri", "chr_libvirt_uri"),
        ("chr_pool", "chr_libvirt_pool"),
    ],
)
def test_a_name_that_is_nearly_right_is_an_error_with_the_right_one(name: str, meant: str) -> None:
    errors, warnings = judge_names([name, "chr_memory"], known_names(), ())
    assert warnings == []
    assert errors == [f"{name} is no variable of this collection; {meant} is. If it is one of your own, name it in chr_own_variables"]


def test_another_name_with_our_prefix_is_a_warning_and_ones_own_is_none() -> None:
    given = ["chr_helper", "chr_first_boot_foo", "chr_interface", "ansible_host", "interfaces", "__chr_guest_known"]
    errors, warnings = judge_names(given, known_names(), ["chr_interface"])
    assert (errors, [text.split()[0] for text in warnings]) == ([], ["chr_first_boot_foo", "chr_helper"])


NAMES = {
    "admin_password": "chr_first_boot_admin_password",
    "licensed": "destroy_licensed",
    "memory": "chr_memory",
    "interfaces": "chr_interfaces",
    "version": "chr_version",
    "image": "__chr_guest_image_path",
    "name": "name",
    "libvirt.machine": "chr_libvirt_machine",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("r1: memory: 64 MiB is below 128 MiB", "r1: chr_memory: 64 MiB is below 128 MiB"),
        ("interfaces.ether1.model: CHR has no driver", "chr_interfaces.ether1.model: CHR has no driver"),
        ("image: a new guest needs one", "image: a new guest needs one"),
        ("version 6.33 has no CHR; memory: 1 MiB", "version 6.33 has no CHR; chr_memory: 1 MiB"),
        ("the memory of its host is short", "the memory of its host is short"),
        ("Give admin_password, or leave it", "Give chr_first_boot_admin_password, or leave it"),
        ("or say licensed: released", "or say licensed: released"),
        ("libvirt.machine is pc, wanted q35", "chr_libvirt_machine is pc, wanted q35"),
    ],
)
def test_messages_speak_of_variables(text: str, said: str) -> None:
    assert in_variables(text, NAMES) == said
