# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that work on many objects at once."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents O(concurrency), and in PHASE O(planned) and O(progress_file), which roles pass on."""

    DOCUMENTATION = r"""
options:
  concurrency:
    description: How many objects are worked on at the same time.
    type: int
    default: 8
"""

    PHASE = r"""
options:
  planned:
    description: What earlier tasks of a check-mode run would have made; it counts as present. The roles fill it in.
    type: dict
    suboptions:
      networks:
        description: Names of segments.
        type: list
        elements: str
        default: []
      images:
        description: Paths of images.
        type: list
        elements: str
        default: []
      guests:
        description: Names of guests.
        type: list
        elements: str
        default: []
      gone:
        description: Names of guests that would have been removed; they count as absent.
        type: list
        elements: str
        default: []
  progress_file:
    description:
      - A file to which the module adds one line for each long step, while it runs.
      - The roles use it to show progress; nothing secret is written to it.
    type: path
"""
