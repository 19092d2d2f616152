"""Which release runs: a name of what browsers are given, another one with each change of it."""

import hashlib
from functools import cache
from pathlib import Path

CLIENT = Path(__file__).parents[1] / "client"
DIGITS = 12


@cache
def release() -> str:
    """The same in all processes of one release."""
    digest = hashlib.sha256()
    for path in sorted(CLIENT.glob("*.js")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:DIGITS]
