# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a libvirt, as our driver does, whether a guest under KVM would run there: `kvm_works.py URI`. Exit code 0 for yes, 1 for no."""

from __future__ import annotations

import sys

from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.connection import Connections
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.host import kvm_works

sys.exit(0 if kvm_works(Connections(sys.argv[1], 1).get()) else 1)
