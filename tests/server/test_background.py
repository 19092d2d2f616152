"""What runs in the background ends, even if it did not hear the first time."""

import asyncio

from server.background import end
from tests.waiting import PATIENCE, forever


async def test_a_task_that_swallows_a_cancellation_is_asked_again() -> None:
    swallowed = asyncio.Event()

    async def deaf_once() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            swallowed.set()
        await forever()

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await end([task])
    assert swallowed.is_set()
    assert task.cancelled()
