# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all benchmarks begin and end with: the size that is asked for, times, and the table."""

from __future__ import annotations

import argparse
import time
import typing as t
from collections.abc import Callable, Sequence

Row = tuple[str, str, str]  # what, measured, target
Size = t.TypeVar("Size")


def chosen(description: str, *, whole: Size, smallest: Size) -> Size:
    """How much is to be measured."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--smallest", dest="size", action="store_const", const=smallest, default=whole, help="only show that it runs")
    size: Size = parser.parse_args().size
    return size


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spread(values: Sequence[float], of: str = "rounds") -> str:
    """Least and most."""
    return f"{min(values):.2f} to {max(values):.2f} in {len(values)} {of}"


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    width = max(len(what) for what, dummy, dummy in rows)
    print(f"{'':{width}}{'measured':>10}  target")
    for what, value, target in rows:
        print(f"{what:{width}}{value:>10}  {target}".rstrip())
