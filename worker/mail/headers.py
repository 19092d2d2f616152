"""The headers of a mail as the bytes that leave, made here rather than by the library.

Python before 3.11.10 and 3.12.5 let text begin a header of its own (CVE-2024-6923), and every
version decodes what looks like an encoded word in the text that it is given. What people wrote is
text here, whatever it looks like; what machines read is neither encoded nor folded.
"""

import base64
from collections.abc import Iterator, Sequence

# An encoded word has at most 75 characters (RFC 2047): what of them base64 can fill.
_PREFIX, _SUFFIX = "=?utf-8?b?", "?="
_BYTES_IN_WORD = (75 - len(_PREFIX) - len(_SUFFIX)) // 4 * 3


def text(value: str) -> str:
    """Text of people, on a single line."""
    if _is_plain(value):
        return value
    return "\r\n ".join(_encoded_words(value))


def address(name: str, addr_spec: str) -> str:
    """A mailbox with a display name."""
    if not name:
        return addr_spec
    if _is_plain(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"\r\n <{addr_spec}>'
    return f"{text(name)}\r\n <{addr_spec}>"


def block(headers: Sequence[tuple[str, str]]) -> bytes:
    """The lines of the headers. Raises `ValueError` where a value would begin one of its own."""
    lines = []
    for name, value in headers:
        if any(c in part for part in value.split("\r\n ") for c in "\r\n\0"):
            raise ValueError(f"The value of {name} has more than one line")
        lines.append(f"{name}: {value}\r\n")
    # Only an address may have other characters, where the relay takes them (SMTPUTF8).
    return "".join(lines).encode()


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and "=?" not in value


def _encoded_words(value: str) -> Iterator[str]:
    """No character is cut in two: each word is decoded by itself."""
    word = b""
    for character in value:
        encoded = character.encode()
        if len(word) + len(encoded) > _BYTES_IN_WORD:
            yield _encoded(word)
            word = b""
        word += encoded
    yield _encoded(word)


def _encoded(word: bytes) -> str:
    return f"{_PREFIX}{base64.b64encode(word).decode()}{_SUFFIX}"
