"""A file of passwords that were stolen elsewhere, looked up on this machine alone.

Each line is the beginning of a SHA-1 in upper-case hexadecimal, all of them of one length, from
`SHORTEST` to `LONGEST`, in ascending order. It may have gigabytes: a look-up reads some thirty
lines of it.
"""

import hashlib
import os
import re
from pathlib import Path

from config import Misconfigured

SHORTEST, LONGEST = 10, 40
LINE = re.compile(rb"([0-9A-F]{%d,%d})\n" % (SHORTEST, LONGEST))
SETTING = "PASSWORD_BREACH_LIST"


class BreachList:
    """The file, open. Raises `Misconfigured` where there is none, or it is of another form."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            size, first = os.fstat(self._file).st_size, os.pread(self._file, LONGEST + 1, 0)
        except OSError as error:
            raise Misconfigured(f"{SETTING}: cannot be read: {error.strerror}") from None
        if (line := LINE.match(first)) is None or size % line.end():
            raise Misconfigured(f"{SETTING}: is no list of SHA-1 prefixes (see docs/accounts.md)")
        self._prefix = len(line[1])
        self._count = size // line.end()

    def holds(self, password: str) -> bool:
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        wanted = digest[: self._prefix].encode()
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            found = os.pread(self._file, self._prefix, middle * (self._prefix + 1))
            if found == wanted:
                return True
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return False

    def close(self) -> None:
        os.close(self._file)


def breach_list(path: str) -> BreachList | None:
    """The list that a setting names; None where it names none. Raises `Misconfigured`."""
    return BreachList(Path(path)) if path else None
