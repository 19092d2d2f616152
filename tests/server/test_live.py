"""The hints' way over Redis."""

import asyncio
import contextlib

from server.background import Background
from server.limits.open_sockets import OpenSockets
from server.live.bus import Live
from server.transport.engine import socket_server
from tests.conftest import Backend
from tests.waiting import PATIENCE, forever


async def test_it_closes_even_if_a_cancellation_is_swallowed(backend: Backend) -> None:
    background = Background()
    live = Live(backend.redis_url, background, backend.settings.secrets)
    socket_server(backend.settings, live, background, OpenSockets(is_bounded=True))
    live.initialize()

    async def hard_of_hearing() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await forever()
        await forever()

    live.thread.cancel()
    live.thread = asyncio.create_task(hard_of_hearing())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await background.end()
        await live.close()
    assert live.thread.done()
