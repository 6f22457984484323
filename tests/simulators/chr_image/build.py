# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the builder: `build.py --output X.img`, or `build.py --cached`, which prints the path of an image
in the cache.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # run as a script: make the package `tests` known
from tests.simulators.chr_image.image import DEFAULT_VERSION, default_cache, ensure_image, write_image
from tests.simulators.chr_image.packages import ImageError


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(description="Build a bootable disk image that plays a MikroTik CHR.")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--output", type=Path, help="write the image here")
    target.add_argument(
        "--cached", action="store_true", help="keep the image in the cache and print its path; built only where needed"
    )
    parser.add_argument("--version", default=DEFAULT_VERSION, help="RouterOS version to play (default: %(default)s)")
    parser.add_argument(
        "--no-agent",
        dest="agent",
        action="store_false",
        help="play a CHR without KVM: the agent's port is never opened",
    )
    parser.add_argument("--cache-dir", type=Path, default=default_cache(), help="default: %(default)s")
    return parser.parse_args()


def main() -> int:
    """Exit code 1 with one line where the image cannot be built."""
    options = arguments()
    try:
        if options.cached:
            print(ensure_image(options.cache_dir, options.version, options.agent))
        else:
            write_image(options.output, options.cache_dir, options.version, options.agent)
    except ImageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
