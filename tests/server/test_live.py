"""The hints' way over Redis."""

import asyncio
import contextlib

from server.engine import socket_server
from server.live import Live
from tests.conftest import Backend


async def test_it_closes_even_if_a_cancellation_is_swallowed(backend: Backend) -> None:
    live = Live(backend.redis_url)
    socket_server(backend.settings, live)
    live.initialize()
    tasks = (*live._tasks, live.thread)

    async def hard_of_hearing() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    live._tasks.append(asyncio.create_task(hard_of_hearing()))
    await asyncio.sleep(0)
    await asyncio.wait_for(live.close(), 10)
    assert all(task.done() for task in tasks)
