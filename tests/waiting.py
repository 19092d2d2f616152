"""Waits for facts: the condition ends a wait, and the time only stops what hangs."""

import asyncio
import inspect
import itertools
import time
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

PATIENCE = 90.0
PAUSE = 0.01


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Waits until the condition is true. It may be a coroutine function.

    Raises TimeoutError if that takes too long.
    """
    async with asyncio.timeout(seconds):
        while not await _answer(condition):
            await asyncio.sleep(PAUSE)


async def _answer(condition: Callable[[], object]) -> object:
    answer = condition()
    return await answer if inspect.isawaitable(answer) else answer


def block_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """As `until`, for a thread. Raises TimeoutError too."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} seconds")
        time.sleep(PAUSE)


async def turns(count: int = 50) -> None:
    """Gives the other tasks of the loop so many turns, and takes what the kernel holds for it."""
    for _ in range(count):
        await asyncio.sleep(0)


async def forever() -> NoReturn:
    """What hangs."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def paced(seconds: float, times: int | None = None) -> AsyncIterator[int]:
    """Numbers from 0 at a pace: of a load or a series of faults, never of what a test judges."""
    for number in itertools.count() if times is None else range(times):
        yield number
        await asyncio.sleep(seconds)
