# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS API on the wire: sentences of words, each word with its length before it. Bytes in, sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Sentence = list[bytes]

# (limit of the length, bytes that it takes, bits that mark this form)
_FORMS = ((0x80, 1, 0), (0x4000, 2, 0x8000), (0x200000, 3, 0xC00000), (0x10000000, 4, 0xE0000000))
_LONGEST = 0xF0  # then four bytes of length
_RESERVED = 0xF8


class FramingError(Exception):
    """The first byte of a length is one that RouterOS keeps for control; the connection cannot go on."""


def encode_length(length: int) -> bytes:
    for limit, size, mark in _FORMS:
        if length < limit:
            return (length | mark).to_bytes(size, "big")
    return bytes([_LONGEST]) + length.to_bytes(4, "big")


def encode_sentence(words: Iterable[bytes]) -> bytes:
    return b"".join(encode_length(len(word)) + word for word in words) + b"\0"


class SentenceReader:
    """Collects bytes until sentences are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._words: Sentence = []

    def feed(self, data: bytes) -> Iterator[Sentence]:
        """The sentences that these bytes complete. Empty ones are ignored, as RouterOS does."""
        self._buffer += data
        while True:
            word = self._next_word()
            if word is None:
                return
            if word:
                self._words.append(word)
            elif self._words:
                sentence, self._words = self._words, []
                yield sentence

    def _next_word(self) -> bytes | None:
        if not self._buffer:
            return None
        first = self._buffer[0]
        if first >= _RESERVED:
            raise FramingError
        if first >= _LONGEST:
            size, mask = 5, 0xFFFFFFFF
        else:
            size = 1 + sum(first >= mark for mark in (0x80, 0xC0, 0xE0))
            mask = _FORMS[size - 1][0] - 1
        if len(self._buffer) < size:
            return None
        end = size + (int.from_bytes(self._buffer[:size], "big") & mask)
        if len(self._buffer) < end:
            return None
        word = bytes(self._buffer[size:end])
        del self._buffer[:end]
        return word
