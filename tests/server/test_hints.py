"""The hints of a ticket: by number, and one that was overtaken is waited for."""

import asyncio
from uuid import UUID

import pytest

from desk.events import Assigned
from server.live import hints
from server.live.hints import MOST_HINTS, Hints
from tests.factories import now
from wire.shapes import Recorded, TimelineEvent


def a_hint(seq: int) -> Recorded:
    return Recorded(TimelineEvent(UUID(int=1), seq, Assigned.kind, None, now(), {}), None)


def given(*numbers: int) -> Hints:
    made = Hints()
    for number in numbers:
        made.add(a_hint(number))
    return made


def taken(found: Hints) -> list[int]:
    numbers = []
    while found:
        numbers.append(found.pop().event.seq)
    return numbers


async def test_the_hint_that_was_overtaken_is_waited_for_and_comes_first() -> None:
    found = given(4, 3)
    waiting = asyncio.ensure_future(found.await_overtaken(1))
    await asyncio.sleep(0)
    found.add(a_hint(5))
    await asyncio.sleep(0)
    assert not waiting.done()
    found.add(a_hint(2))
    await waiting
    assert taken(found) == [2, 3, 4, 5]


async def test_nobody_waits_where_the_next_one_is_here_nor_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hints, "GAP_SECONDS", 3600)
    await given(2, 4).await_overtaken(1)
    await given(1).await_overtaken(1)
    monkeypatch.setattr(hints, "GAP_SECONDS", 0)
    await given(3).await_overtaken(1)


def test_of_too_many_the_first_are_dropped() -> None:
    assert taken(given(*range(MOST_HINTS + 2))) == [*range(2, MOST_HINTS + 2)]
