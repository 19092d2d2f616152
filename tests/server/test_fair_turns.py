"""Who sends without a pause does not take the others' turns."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMsgType, web

from server.sockets.plain import FairWebSocket
from tests.waiting import PATIENCE, turns
from tools.frames.wire import BINARY, PING, TEXT, Frame, Socket

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FRAMES = 1000


@asynccontextmanager
async def served(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[Socket]:
    """A client of the handler."""
    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    socket = await Socket.open(f"http://127.0.0.1:{runner.addresses[0][1]}", "/")
    yield socket
    await socket.close()
    await runner.cleanup()


@pytest.mark.parametrize("kind", [PING, TEXT, BINARY])
async def test_each_frame_of_a_flood_leaves_the_others_a_turn(kind: int) -> None:
    taken = 0
    is_arrived, is_handled = asyncio.Event(), asyncio.Event()

    async def others() -> None:
        nonlocal taken
        while True:
            taken += 1
            await asyncio.sleep(0)

    async def handle(request: web.Request) -> web.StreamResponse:
        ws = FairWebSocket()
        await ws.prepare(request)
        await is_arrived.wait()
        counting = asyncio.create_task(others())
        while (await ws.receive()).data != "last":
            pass
        counting.cancel()
        is_handled.set()
        return ws

    async with served(handle) as socket, asyncio.timeout(PATIENCE):
        await socket.write(Frame(b"x", kind).encode() * FRAMES + Frame(b"last").encode())
        await turns()
        is_arrived.set()
        await is_handled.wait()
    assert taken >= FRAMES


async def test_who_is_gone_before_a_ping_is_answered_is_gone_and_no_error() -> None:
    is_arrived = asyncio.Event()
    received: asyncio.Queue[WSMsgType] = asyncio.Queue()

    async def handle(request: web.Request) -> web.StreamResponse:
        ws = FairWebSocket()
        await ws.prepare(request)
        await is_arrived.wait()
        assert request.transport is not None
        request.transport.abort()
        received.put_nowait((await ws.receive()).type)
        return ws

    async with served(handle) as socket, asyncio.timeout(PATIENCE):
        await socket.write(Frame(b"", PING).encode())
        await turns()
        is_arrived.set()
        assert await received.get() is WSMsgType.CLOSED
