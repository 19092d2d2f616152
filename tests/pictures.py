"""A picture that a browser can show, small enough to be made here."""

import struct
import zlib


def png(width: int = 3, height: int = 2) -> bytes:
    """Of one colour."""
    rows = (b"\0" + b"\x1d\x4e\xd8" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    made = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)
