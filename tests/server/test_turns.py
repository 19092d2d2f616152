"""So many at once, the others in turn, and no turn is lost."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.turns import Turns
from tests.waiting import turns as rounds


async def test_who_came_first_is_next() -> None:
    turns, order = Turns(1), []

    async def work(number: int) -> None:
        await turns.take()
        order.append(number)
        turns.give_back()

    await turns.take()
    waiting = [asyncio.create_task(work(number)) for number in range(5)]
    await rounds()
    turns.give_back()
    # Who comes now was not here when the turn was given back.
    late = asyncio.create_task(work(5))
    await asyncio.gather(*waiting, late)
    assert order == [0, 1, 2, 3, 4, 5]


async def test_who_waited_too_long_is_told_and_passed_over() -> None:
    turns = Turns(1, patience=0)
    await turns.take()
    with pytest.raises(TimeoutError):
        await turns.take()
    turns.give_back()
    await turns.take()


async def test_a_turn_that_came_as_its_owner_went_is_the_next_ones() -> None:
    turns = Turns(1)
    await turns.take()
    going, staying = (asyncio.create_task(turns.take()) for _ in range(2))
    await rounds()
    turns.give_back()
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    await rounds()
    assert going.cancelled()
    assert staying.done()


@settings(max_examples=50)
@given(
    at_once=st.integers(1, 3),
    steps=st.lists(
        st.tuples(st.sampled_from(["take", "give", "cancel", "run"]), st.integers(0, 9))
    ),
)
def test_never_more_at_once_and_no_turn_is_lost(at_once: int, steps: list[tuple[str, int]]) -> None:
    asyncio.run(_walk(at_once, steps))


async def _walk(at_once: int, steps: list[tuple[str, int]]) -> None:
    turns, tasks, inside = Turns(at_once), [], 0
    for step, number in steps:
        if step == "take":
            tasks.append(asyncio.create_task(turns.take()))
        elif step == "cancel" and tasks:
            tasks[number % len(tasks)].cancel()
        elif step == "give" and inside:
            turns.give_back()
            inside -= 1
        elif step == "run":
            await rounds(3)
        inside += _taken(tasks)
        assert inside <= at_once
    await rounds()
    for _ in range(inside + _taken(tasks)):
        turns.give_back()
    for _ in range(len(tasks)):
        await rounds()
        for _ in range(_taken(tasks)):
            turns.give_back()
    assert not tasks
    assert turns._free == at_once


def _taken(tasks: list[asyncio.Task[None]]) -> int:
    """How many got their turn since; those that are over are struck off."""
    over = [task for task in tasks if task.done()]
    for task in over:
        tasks.remove(task)
    return sum(not task.cancelled() for task in over)
