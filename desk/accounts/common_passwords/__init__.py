"""Passwords that everybody tries first."""

from functools import cache
from pathlib import Path


@cache
def _all() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("passwords.txt").read_text().split())


def is_common(password: str) -> bool:
    return password.casefold() in _all()
