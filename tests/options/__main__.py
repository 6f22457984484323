# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate what repeats the modules' options: `python -m tests.options` in the checkout, with the collection importable."""

from __future__ import annotations

import sys
from pathlib import Path

from .files import generate
from .tree import Tree


def main() -> None:
    """Write what is stale; an error in a table is one line."""
    tree = Tree(Path(__file__).resolve().parents[2])
    try:
        generate(tree)
    except ValueError as error:
        sys.exit(str(error))
    for name in tree.write():
        print(f"Written: {name}")


if __name__ == "__main__":
    main()
