# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts, in RouterOS's language, that read its own files (private, pure).

Limits of RouterOS: `/file/read` takes pieces of 32768 bytes; `contents` is there for short files only.
"""

from __future__ import annotations

import typing as t

from ..._core.text import quote
from ..._core.version import Version

READS_PIECES: t.Final = Version("7.13")  # the first with /file/read: 7.12.2 has it not, 7.16.2 has
PIECE: t.Final = 32768  # bytes
SHORT: t.Final = 4095  # bytes of a file whose `contents` every release gives
_BYTES: t.Final = "".join(f"\\{byte:02X}" for byte in range(256))

RELEASE: t.Final = ':local version [/system resource get version]; :put [:pick $version 0 [:find "$version " " "]]'


def found(name: str) -> str:
    """The expression for a file."""
    return f"[/file find where name={quote(name)}]"


def size(name: str) -> str:
    return f":put [/file get {found(name)} size]"


def piece(name: str, offset: int) -> str:
    """A piece in base64. From READS_PIECES on."""
    return f':put [:convert ([/file read file={quote(name)} offset={offset} chunk-size={PIECE} as-value]->"data") to=base64]'


def short(name: str) -> str:
    """The bytes of a short file that is not empty as numbers: without :convert, a byte's number is its place among all."""
    return f"""
:local contents [/file get {found(name)} contents]
:local bytes "{_BYTES}"
:local numbers ""
:for place from=0 to=([:len $contents] - 1) do={{ :set numbers ($numbers . [:find $bytes [:pick $contents $place]] . " ") }}
:put $numbers
"""


def run_parts(names: t.Sequence[str], length: int) -> str:
    """Run the script that lies in several files, once all of it is read and the files are gone. From READS_PIECES on."""
    return f"""
:local source ""
:foreach part in={{{";".join(map(quote, names))}}} do={{
:local end [/file get [/file find where name=$part] size]
:local at 0
:while ($at < $end) do={{
:local data ([/file read file=$part offset=$at chunk-size={PIECE} as-value]->"data")
:set source ($source . $data)
:if ([:len $data] > 0) do={{ :set at ($at + [:len $data]) }} else={{ :set at $end }}
}}
/file remove [/file find where name=$part]
}}
:if ([:len $source] != {length}) do={{ :error "the script did not arrive whole: $[:len $source] of {length} characters" }}
:local run [:parse $source]
$run
"""


def remove(names: t.Iterable[str]) -> str:
    """Remove files that may be there."""
    return "\n".join(f"/file remove {found(name)}" for name in names)
