"""Asks clamd whether there is malware in a file, over its socket.

``zINSTREAM``, the bytes in parts that say how long they are, an empty part; then one line.
"""

import socket
from collections.abc import Iterable
from struct import Struct
from urllib.parse import urlsplit

CONNECT_SECONDS = 3.0
# With a whole file it may be busy for a while; a task has a limit.
ANSWER_SECONDS = 20.0
LONGEST_ANSWER = 4096
LENGTH = Struct(">I")


class ScanFailed(Exception):
    """Nothing is known of the file: clamd cannot be reached, or could not look at all of it."""


def is_infected(url: str, chunks: Iterable[bytes]) -> bool:
    """``url``: ``tcp://host:port`` or ``unix:///path``. Raises `ScanFailed`."""
    try:
        with _connected(url) as clamd:
            clamd.sendall(b"zINSTREAM\0")
            for chunk in chunks:
                clamd.sendall(LENGTH.pack(len(chunk)) + chunk)
            clamd.sendall(LENGTH.pack(0))
            answer = _answer(clamd)
    except OSError as error:
        raise ScanFailed(type(error).__name__) from error
    if answer.endswith(b" FOUND"):
        return True
    if answer == b"stream: OK":
        return False
    raise ScanFailed("no verdict")


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        clamd = socket.socket(socket.AF_UNIX)
        clamd.settimeout(CONNECT_SECONDS)
        try:
            clamd.connect(parts.path)
        except OSError:
            clamd.close()
            raise
    else:
        clamd = socket.create_connection((parts.hostname, parts.port), CONNECT_SECONDS)
    clamd.settimeout(ANSWER_SECONDS)
    return clamd


def _answer(clamd: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        if not (part := clamd.recv(LONGEST_ANSWER)):
            break
        answer += part
    return answer.rstrip(b"\0\n")
