"""Packing: gzip of pieces that are packed once, with a word between them that is another for each reader."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
"""RFC 1952: a stream of deflate, without time and name, packed as small as can be."""

_END = b"\x03\x00"
"""RFC 1951: the last block, with nothing in it."""


def packed(piece: bytes) -> bytes:
    """A piece as whole blocks of deflate, which look at nothing before them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)


def gzipped(pieces: Sequence[bytes], blocks: Sequence[bytes], word: bytes) -> bytes:
    """The gzip of pieces with a word between them; `blocks` are the pieces packed."""
    whole = word.join(pieces)
    return _HEAD + _stored(word).join(blocks) + _END + struct.pack("<II", zlib.crc32(whole), len(whole) & 0xFFFFFFFF)


def _stored(word: bytes) -> bytes:
    """A block that is not packed."""
    return b"\x00" + struct.pack("<HH", len(word), len(word) ^ 0xFFFF) + word
