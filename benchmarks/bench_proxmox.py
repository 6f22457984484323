# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight workers of the Proxmox driver against one, in one run on one host: guests made and started, and a run without changes.

On the double, in a process of its own, which answers each request late, as over a network. `--smallest` measures next to nothing: it shows
that the benchmark runs.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.table import Row, chosen, show, spread, timed
from tests.simulators.proxmox.process import process
from tests.unit.hypervisors.proxmox.support import converge, guest, image, process_options

WORKERS = (1, 8)
LATENCY = 0.02  # seconds that each answer is late
STEPS = ("made and started", "unchanged")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    guests: int
    rounds: int


WHOLE = Size(guests=50, rounds=3)
SMALLEST = Size(guests=2, rounds=1)


def measured(folder: Path, path: str, guests: int, workers: int) -> list[float]:
    """The seconds of each step, on a cluster that has the image and nothing else."""
    with process(folder) as remote:
        options = process_options(remote)
        converge(options, guest("first", path))
        remote.set(time_scale=1)  # at 0 nothing takes time
        remote.slow_network(LATENCY)
        wanted = [guest(f"router{number}", path, state="started") for number in range(guests)]
        run = partial(converge, options, *wanted, concurrency=workers)
        made = timed(run)
        assert not any(outcome.has_changed for outcome in run().values())
        return [made, timed(run)]


def rounds(folder: Path, path: str, size: Size) -> Mapping[int, Sequence[Sequence[float]]]:
    """Seconds by workers, round and step. Both numbers of workers take turns; which one begins changes each time."""
    times: dict[int, list[list[float]]] = {workers: [] for workers in WORKERS}
    for number in range(size.rounds):
        for workers in sorted(WORKERS, reverse=bool(number % 2)):
            times[workers].append(measured(folder / f"{workers}-{number}", path, size.guests, workers))
            seconds = ", ".join(f"{taken:.2f} s" for taken in times[workers][-1])
            print(f"round {number + 1} of {size.rounds}, workers: {workers}: {seconds}", file=sys.stderr, flush=True)
    return times


def rows(times: Mapping[int, Sequence[Sequence[float]]], guests: int) -> list[Row]:
    """The medians of each step, and their ratio: of each round, one worker's time by that of eight."""
    found = []
    for step, what in enumerate(STEPS):
        one, eight = ([taken[step] for taken in times[workers]] for workers in WORKERS)
        ratios = [slow / fast for slow, fast in zip(one, eight, strict=True)]
        found += [
            (f"{guests} guests {what} by one worker, s", f"{statistics.median(one):.2f}", ""),
            (f"{guests} guests {what} by 8 workers, s", f"{statistics.median(eight):.2f}", ""),
            (f"so many times faster: {what}", f"{statistics.median(ratios):.2f}", f"({spread(ratios)})"),
        ]
    return found


def main() -> None:
    """Measure, and print one table."""
    size = chosen("Measure eight workers of the Proxmox driver against one.", whole=WHOLE, smallest=SMALLEST)
    with tempfile.TemporaryDirectory() as folder:
        path = image(Path(folder) / "nothing.img", boots=False)
        show(rows(rounds(Path(folder), path, size), size.guests))


if __name__ == "__main__":
    main()
