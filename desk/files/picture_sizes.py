"""How large a picture is, read from its header and never decoded: a small one may unpack to any
size.
"""

from collections.abc import Callable
from struct import Struct, error
from typing import NamedTuple

# Looked at, from the beginning of a file: what cameras put before the size fits in.
HEADER = 128 * 1024
# What is larger is no size that a page should make room for.
LARGEST = 65_535

BIG_PAIR, LITTLE_PAIR, SHORT_PAIR = Struct(">II"), Struct("<HH"), Struct(">HH")


class Size(NamedTuple):
    """In pixels, as stored: what turns it is not heeded."""

    width: int
    height: int


def picture_size(kind: str, head: bytes) -> Size | None:
    """The size of a picture of this media type; None where its header does not say."""
    reader = READERS.get(kind)
    try:
        size = reader(head) if reader else None
    except (error, IndexError):
        return None  # Cut off.
    return size if size and all(0 < side <= LARGEST for side in size) else None


def _png(head: bytes) -> Size:
    return Size(*BIG_PAIR.unpack_from(head, 16))


def _gif(head: bytes) -> Size:
    return Size(*LITTLE_PAIR.unpack_from(head, 6))


def _jpeg(head: bytes) -> Size | None:
    """In the first frame's header, after segments that each say how long they are."""
    at = 2
    while head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = SHORT_PAIR.unpack_from(head, at + 5)
            return Size(width, height)
        if marker == 0xFF:  # Filled up.
            at += 1
        else:
            at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None


def _webp(head: bytes) -> Size | None:
    match head[12:16]:
        case b"VP8 ":
            width, height = LITTLE_PAIR.unpack_from(head, 26)
            return Size(width & 0x3FFF, height & 0x3FFF)
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8X":
            sides = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
            return Size(*sides)
    return None


def _avif(head: bytes) -> Size | None:
    """In the first box that says so of an image."""
    at = head.find(b"ispe")
    return Size(*BIG_PAIR.unpack_from(head, at + 8)) if at >= 0 else None


READERS: dict[str, Callable[[bytes], Size | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
    "image/avif": _avif,
}
