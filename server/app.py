"""Assembles the application: what it holds, in which order it starts and stops."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from config import Settings
from server import keys
from server.changes import Changes
from server.delivery import Delivery, Waker
from server.engine import socket_server
from server.identity import Identity
from server.live import Live
from server.middleware import access_log, refusals
from server.namespace import Tickets
from server.passwords import Passwords
from server.rooms import Rooms
from server.routes import ROUTES, health
from server.routing import PREFIX, guarded
from server.tokens import Tokens
from server.transaction import Desk, create_engine
from server.websocket import ticket_socket
from wire.shapes import Recorded

LONGEST_BODY = 256 * 1024


def create_app(settings: Settings) -> web.Application:
    app = web.Application(middlewares=[access_log, refusals], client_max_size=LONGEST_BODY)
    engine = create_engine(settings.database_url)
    live = Live(settings.redis_url)
    delivery = Delivery(live, Waker(settings.broker_url))
    desk = Desk(engine, delivery)
    rooms = Rooms(desk, live.broadcast)
    changes = Changes(desk, live)
    tokens = Tokens(settings)
    identity = Identity(desk, tokens)

    def take(recorded: Recorded) -> None:
        rooms.hint(recorded)
        changes.take(recorded)

    live.take_hint = take
    app[keys.settings] = settings
    app[keys.desk] = desk
    app[keys.live] = live
    app[keys.rooms] = rooms
    app[keys.tokens] = tokens
    app[keys.identity] = identity
    app[keys.passwords] = passwords = Passwords()

    for route in ROUTES:
        app.router.add_route(route.method, PREFIX + route.path, guarded(route))
    app.router.add_get("/health/live", health.live)
    app.router.add_get("/health/ready", health.ready)
    app.router.add_get("/ws/tickets/{ticket_id}", ticket_socket)
    sockets = socket_server(settings, live)
    sockets.register_namespace(Tickets(desk, identity, live, rooms, changes))
    sockets.attach(app)

    async def run(_: web.Application) -> AsyncIterator[None]:
        # The library would wait with this for the first client.
        sockets.manager_initialized = True
        live.initialize()
        background = [
            asyncio.create_task(rooms.poll_forever()),
            asyncio.create_task(changes.show_forever()),
        ]
        yield
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await sockets.shutdown()
        await live.close()
        delivery.close()
        passwords.close()
        await engine.dispose()

    app.cleanup_ctx.append(run)
    return app
