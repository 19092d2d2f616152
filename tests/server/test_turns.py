"""So many at once, the others in turn, and no turn is lost."""

import asyncio

import pytest

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


async def test_who_goes_as_their_time_is_over_had_no_turn_to_give_back() -> None:
    turns = Turns(1, patience=0)
    await turns.take()
    going = asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    # Behind the end of its patience, and before it hears of that.
    asyncio.get_running_loop().call_later(0, going.cancel)
    await asyncio.gather(going, return_exceptions=True)
    assert going.cancelled()
    assert turns._free == 0


async def test_who_has_gone_is_passed_over_and_all_turns_come_back() -> None:
    turns, inside, most = Turns(2), 0, 0

    async def work() -> None:
        nonlocal inside, most
        await turns.take()
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        turns.give_back()

    working = [asyncio.create_task(work()) for _ in range(12)]
    await asyncio.sleep(0)
    for gone in working[2::2]:
        gone.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    assert (most, turns._free) == (2, 2)
