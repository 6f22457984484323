# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: where the guests of a hypervisor are. A developer's first module: it enters a copy of the collection (recipe.py)."""

from __future__ import annotations

import typing as t

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Progress
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor
from ansible_collections.vrouter.mikrotik.plugins.module_utils._module import batch_module, run

DOCUMENTATION = r"""
module: chr_place_info
short_description: Read where CHR guests are
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Returns where each guest of ours is on one hypervisor.
extends_documentation_fragment:
  - vrouter.mikrotik.hypervisor
  - vrouter.mikrotik.batch
  - vrouter.mikrotik.batch.phase
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options: {}
"""

EXAMPLES = r"""
- name: See where the guests are
  vrouter.mikrotik.chr_place_info:
    libvirt:
      uri: qemu:///system
"""

RETURN = r"""
places:
  description: The place of each guest, by name.
  returned: always
  type: dict
"""


def main() -> None:
    """Run the module."""
    module = batch_module({})

    def work(hypervisor: Hypervisor, progress: Progress) -> dict[str, t.Any]:
        return {"places": {name: guest.location for name, guest in hypervisor.list().guests.items()}, "changed": False}

    run(module, work)


if __name__ == "__main__":
    main()
