"""Checks that the product makes, one by one, and how each is taken away.

See `tools.mutate_rights` and `tools.mutate_delivery`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """``before``, which must be in the file once, becomes ``after``; ``tests`` should see it."""

    name: str
    path: str
    before: str
    after: str
    tests: tuple[str, ...] = ("tests/server/test_rights.py",)

    def made(self, source: str) -> str:
        """The source with it. Raises `Stale` where the source is not what it was made for."""
        if (times := source.count(self.before)) != 1:
            raise Stale(f"{self.name}: {self.path} has its text {times} times")
        return source.replace(self.before, self.after)


class Stale(Exception):
    """A mutation does not fit the source any more, so that a run of it would prove nothing."""


def stale(mutations: Iterable[Mutation]) -> Iterator[str]:
    """What is to be mended before any of them is run."""
    for mutation in mutations:
        try:
            mutation.made((ROOT / mutation.path).read_text())
        except (Stale, OSError) as error:
            yield str(error)
