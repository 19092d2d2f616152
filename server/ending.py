"""Ending what runs in the background."""

import asyncio
from collections.abc import Iterable

# Between two askings.
AGAIN_SECONDS = 0.5


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels until all have ended: a timeout of redis-py swallows a cancellation that comes at
    the same moment, and the task goes on as if nobody had asked.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
