"""Floors: the least that aiohttp can do for the same SQL and for a fan-out.

With the argument ``constant`` for an answer, too: it reads each once, and keeps it.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from uuid import UUID

import jwt
import orjson
import psycopg
import uvloop
from aiohttp import WSMsgType, web
from floor_sql import LIST, ONE
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

SECRET = os.environ["JWT_SECRET_KEY"]
READY = orjson.dumps({"ok": True})
Handler = Callable[[web.Request], Awaitable[web.Response]]

pool: AsyncConnectionPool[psycopg.AsyncConnection[dict[str, object]]]
rooms: dict[str, set[web.WebSocketResponse]] = defaultdict(set)


async def rows(request: web.Request, query: str, **more: object) -> list[dict[str, object]]:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="ticket-desk", issuer="ticket-desk"
    )
    async with pool.connection() as connection:
        found = await connection.execute(query, {"user": UUID(claims["sub"]), **more}, binary=True)
        return await found.fetchall()


def answer(found: object) -> web.Response:
    return sent(orjson.dumps(found))


def sent(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


async def list_tickets(request: web.Request) -> web.Response:
    return answer(await rows(request, LIST))


async def show_ticket(request: web.Request) -> web.Response:
    [found] = await rows(request, ONE, ticket=UUID(request.match_info["ticket_id"]))
    return answer(found)


async def ready(_: web.Request) -> web.Response:
    return sent(READY)


def constant(handler: Handler) -> Handler:
    bodies: dict[tuple[str, str], bytes] = {}

    async def keep(request: web.Request) -> web.Response:
        asked = request.path, request.headers["Authorization"]
        if asked not in bodies:
            bodies[asked] = (await handler(request)).body
        return sent(bodies[asked])

    return keep


async def sockets(request: web.Request) -> web.WebSocketResponse:
    """Speaks just enough of Socket.IO for the generator, and sends each frame by `send_str`."""
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    await ws.send_str('0{"pingInterval":25000,"pingTimeout":20000}')
    user, joined = "", set()
    async for message in ws:
        if message.type is not WSMsgType.TEXT:
            break
        if message.data.startswith("40"):
            token = json.loads(message.data.partition(",")[2])["token"]
            user = jwt.decode(
                token, SECRET, algorithms=["HS256"], audience="ticket-desk", issuer="ticket-desk"
            )["sub"]
            await ws.send_str('40/tickets,{"sid":"floor"}')
            continue
        number, _, body = message.data.removeprefix("42/tickets,").partition("[")
        event, given = orjson.loads("[" + body)
        if event == "join_ticket":
            rooms[given["ticket_id"]].add(ws)
            joined.add(given["ticket_id"])
            await ws.send_str(f'43/tickets,{number}[{{"ok":true}}]')
        elif given["ticket_id"] in joined:
            shown = orjson.dumps(["typing", {**given, "user_id": user}]).decode()
            for other in rooms[given["ticket_id"]]:
                if other is not ws:
                    await other.send_str(f"42/tickets,{shown}")
    for ticket_id in joined:
        rooms[ticket_id].discard(ws)
    return ws


async def main() -> None:
    global pool
    url = os.environ["DATABASE_URL"]
    options = {"row_factory": dict_row, "autocommit": True}
    async with AsyncConnectionPool(url, min_size=16, max_size=16, kwargs=options) as pool:
        app = web.Application()
        made = constant if "constant" in sys.argv else lambda handler: handler
        app.router.add_get("/health/ready", ready)
        app.router.add_get("/api/v1/users/tickets", made(list_tickets))
        app.router.add_get("/api/v1/users/tickets/{ticket_id}", made(show_ticket))
        app.router.add_get("/socket.io/", sockets)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"])).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
