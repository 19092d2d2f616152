"""Checks of rights, one by one, and how each is taken away. See `tests.mutate_rights`."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """``before``, which must be in the file, becomes ``after``; ``tests`` should see it."""

    name: str
    path: str
    before: str
    after: str
    tests: tuple[str, ...] = ("tests/server/test_rights.py",)
