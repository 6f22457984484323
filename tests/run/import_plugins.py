# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import every plugin with the Python that runs this; no hypervisor's library is needed for that.

Runs in the collection's root, with the folder that holds ansible_collections in PYTHONPATH.
"""

from __future__ import annotations

import importlib
from pathlib import Path

files = [path for path in Path("plugins").rglob("*.py") if path.stem != "__init__"]
modules = sorted(".".join(path.with_suffix("").parts) for path in files)
for module in modules:
    importlib.import_module(f"ansible_collections.vrouter.mikrotik.{module}")
print(f"{len(modules)} plugin files imported")
