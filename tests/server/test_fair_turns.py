"""Who sends without a pause does not take the others' turns."""

import asyncio

import pytest
from aiohttp import web

from server.packets import FairWebSocket
from tests.frames.wire import BINARY, PING, TEXT, Frame, Socket

FRAMES = 1000


@pytest.mark.parametrize("kind", [PING, TEXT, BINARY])
async def test_each_frame_of_a_flood_leaves_the_others_a_turn(kind: int) -> None:
    turns = 0
    is_arrived, is_handled = asyncio.Event(), asyncio.Event()

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
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

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    socket = await Socket.open(f"http://127.0.0.1:{runner.addresses[0][1]}", "/")
    await socket.write(Frame(b"x", kind).encode() * FRAMES + Frame(b"last").encode())
    await asyncio.sleep(0.1)
    is_arrived.set()
    async with asyncio.timeout(10):
        await is_handled.wait()
    await socket.close()
    await runner.cleanup()
    assert turns >= FRAMES
