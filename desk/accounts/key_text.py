"""How a key for a program is written: `tdk_`, 32 random bytes and their checksum, in base62.

So scanners of source code find it, and a typo is refused without a question to the database.
"""

import re
import zlib
from dataclasses import dataclass

from desk.crypto import token_hash

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MARK = "tdk_"
SECRET_BYTES = 32
# What 32 bytes and a CRC32 take at most.
SECRET_LENGTH, CHECKSUM_LENGTH = 43, 6
KEY = re.compile(f"{MARK}([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})")
# What is shown of it, for people to tell keys apart.
SHOWN = len(MARK) + 8


@dataclass(frozen=True, slots=True)
class KeyParts:
    """What is kept of a key: how it begins, and its hash."""

    prefix: str
    hash: bytes


def written(secret: bytes) -> str:
    """The key of 32 random bytes."""
    text = _base62(int.from_bytes(secret, "big"), SECRET_LENGTH)
    return f"{MARK}{text}{_checksum(text)}"


def parts(key: str) -> KeyParts | None:
    """None: it is no key, or has a typo."""
    match = KEY.fullmatch(key)
    if match is None or _checksum(match[1]) != match[2]:
        return None
    return KeyParts(key[:SHOWN], token_hash(key))


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))
