"""Assembles the application: what it holds, in which order it starts and stops."""

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakSet

from aiohttp import web
from sqlalchemy.pool import QueuePool

from config import Settings
from desk.database import short_name
from server import keys
from server.background import Background
from server.database.transaction import Desk, create_engine
from server.http import bad_requests
from server.http.browsers import add_headers, preflight
from server.http.middleware import access_log, finished, plain, refusals
from server.http.routing import LONGEST_BODY, PREFIX, guarded
from server.identity.authenticator import Authenticator
from server.identity.devices import Devices
from server.identity.passwords import Passwords
from server.identity.session_watch import SessionWatch
from server.identity.tokens import Tokens
from server.limits.open_sockets import OpenSockets
from server.limits.read_slots import ReadSlots
from server.limits.shared import RateLimits
from server.live.bus import Live
from server.live.catch_up import CatchUp
from server.live.delivery import Delivery, Waker
from server.live.presence import Presence
from server.live.sequencer import Sequencer
from server.live.ticket_changes import TicketChanges
from server.live.typists import Typists
from server.metrics import Metrics
from server.routes import ROUTES, health, metrics, unsubscribe
from server.sockets.commands import Tickets
from server.sockets.plain import leave_all, ticket_socket
from server.specs.pages import add_docs
from server.transport.engine import socket_server
from server.transport.slow_readers import SlowReaders, watched
from wire.shapes import Recorded


def create_app(settings: Settings) -> web.Application:
    app = web.Application(
        middlewares=[watched, finished, access_log, preflight, refusals, plain],
        client_max_size=LONGEST_BODY,
        # Nothing inflates a body, nor what is read away of it after an early answer.
        handler_args={"auto_decompress": False},
    )
    app[keys.settings] = settings
    app[keys.engine] = create_engine(settings.database_url)
    app[keys.background] = background = Background()
    app[keys.metrics] = Metrics()
    app[keys.live] = live = Live(settings.redis_url, background, settings.secrets)
    app[keys.delivery] = delivery = Delivery(live, Waker(settings.broker_url, settings.key_prefix))
    app[keys.desk] = desk = Desk(app[keys.engine], delivery)
    app[keys.sequencer] = rooms = Sequencer(desk, background, live.broadcast)
    app[keys.changes] = changes = TicketChanges(desk, live)
    app[keys.tokens] = tokens = Tokens(settings)
    app[keys.authenticator] = identity = Authenticator(desk, tokens)
    app[keys.open_sockets] = places = OpenSockets(is_bounded=settings.rate_limits == "on")
    app[keys.session_watch] = connections = SessionWatch(desk, identity, live, background, places)
    app[keys.typists] = Typists(live)
    app[keys.presence] = presence = Presence(settings.redis_url, live, desk, settings.key_prefix)
    app[keys.catch_up] = CatchUp(settings.redis_url, background, settings.key_prefix)
    app[keys.slow_readers] = SlowReaders()
    app[keys.read_slots] = ReadSlots()
    app[keys.limits] = RateLimits(settings)
    app[keys.passwords] = Passwords()
    app[keys.devices] = Devices(settings)

    def take_hint(recorded: Recorded) -> None:
        rooms.offer(recorded)
        changes.take(recorded)

    async def find_prefix() -> str:
        return settings.redis_prefix or await desk.read(short_name)

    live.take_hint = take_hint
    live.find_prefix = find_prefix
    live.on_subscribed = presence.look_up_all
    delivery.end_session = connections.end_everywhere
    app[keys.sockets] = socket_server(settings, live, background, places)
    app[keys.sockets].register_namespace(Tickets(app))
    app[keys.plain_sockets] = WeakSet()
    _add_gauges(app)
    _add_routes(app)
    bad_requests.install()
    app.on_response_prepare.append(bad_requests.as_problem)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_run)
    app.on_shutdown.append(_leave_sockets)
    return app


def _add_routes(app: web.Application) -> None:
    for route in ROUTES:
        methods = ("GET", "HEAD") if route.method == "GET" else (route.method,)
        for method in methods:
            app.router.add_route(method, PREFIX + route.path, guarded(route))
    add_docs(app)
    app.router.add_get("/health/live", health.live)
    app.router.add_get("/health/ready", health.ready)
    app.router.add_get("/metrics", metrics.show)
    app.router.add_get(unsubscribe.PATH, unsubscribe.ask)
    app.router.add_post(unsubscribe.PATH, unsubscribe.end)
    app.router.add_get("/ws/tickets/{ticket_id}", ticket_socket)
    app[keys.sockets].attach(app)


def _add_gauges(app: web.Application) -> None:
    gauge, pool = app[keys.metrics].gauge, app[keys.engine].sync_engine.pool
    assert isinstance(pool, QueuePool)
    gauge("desk_sockets", "Signed-in sockets", lambda: app[keys.session_watch].count)
    gauge("desk_rooms", "Tickets that somebody reads here", lambda: app[keys.sequencer].count)
    gauge("desk_database_connections", "In use, of the pool's", pool.checkedout)
    gauge("desk_channel_skipped", "Messages that were not ours", lambda: app[keys.live].skipped)
    gauge("desk_redis_subscribed", "Whether hints arrive", lambda: app[keys.live].is_subscribed)


async def _leave_sockets(app: web.Application) -> None:
    await asyncio.gather(app[keys.sockets].eio.leave_all(), leave_all(app))


async def _run(app: web.Application) -> AsyncIterator[None]:
    """What runs beside the requests, from the start to the stop."""
    sockets, live, background = app[keys.sockets], app[keys.live], app[keys.background]
    # The library would wait with this for the first client.
    sockets.manager_initialized = True
    live.initialize()
    background.start(sockets.eio.ping_forever())
    background.start(sockets.eio.watch_forever())
    background.start(app[keys.sequencer].poll_forever())
    background.start(app[keys.changes].show_forever())
    background.start(app[keys.changes].look_forever())
    background.start(app[keys.session_watch].watch_forever())
    background.start(app[keys.presence].tell_forever())
    background.start(app[keys.presence].beat_forever())
    background.start(app[keys.metrics].watch_forever())
    background.start(app[keys.slow_readers].look_forever())
    yield
    await sockets.shutdown()
    await background.end()
    await live.close()
    await app[keys.presence].close()
    await app[keys.catch_up].close()
    await app[keys.limits].close()
    app[keys.delivery].close()
    app[keys.passwords].close()
    await app[keys.desk].close()
