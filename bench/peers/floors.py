"""Floors: the least that aiohttp can do for an answer, for the same SQL, for a fan-out."""

import asyncio
import json
import os
from collections import defaultdict
from uuid import UUID

import jwt
import orjson
import psycopg
import uvloop
from aiohttp import WSMsgType, web
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

SECRET = os.environ["JWT_SECRET_KEY"]
SHOWN = """
select id, number, title, description, category, type, status, priority, tags, user_id,
    assigned_to_id, created_at, updated_at, first_response_at, resolved_at, closed_at,
    last_seq as version, last_seq as seq, (
        select count(*) from events e where e.ticket_id = t.id and e.kind = 'message_posted'
        and e.actor_id <> %(user)s and e.seq > coalesce((
            select r.seq from read_cursors r where r.user_id = %(user)s and r.ticket_id = t.id
        ), 0)
    ) as unread
from tickets t where user_id = %(user)s
"""
LIST = SHOWN + " order by created_at desc, id desc limit 20"
ONE = SHOWN + " and id = %(ticket)s"
CONSTANT = orjson.dumps({"ok": True})

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
    return web.Response(body=orjson.dumps(found), content_type="application/json")


async def list_tickets(request: web.Request) -> web.Response:
    return answer(await rows(request, LIST))


async def show_ticket(request: web.Request) -> web.Response:
    [found] = await rows(request, ONE, ticket=UUID(request.match_info["ticket_id"]))
    return answer(found)


async def constant(_: web.Request) -> web.Response:
    return web.Response(body=CONSTANT, content_type="application/json")


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
        app.router.add_get("/health/ready", constant)
        app.router.add_get("/api/v1/users/tickets", list_tickets)
        app.router.add_get("/api/v1/users/tickets/{ticket_id}", show_ticket)
        app.router.add_get("/socket.io/", sockets)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"])).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
