"""Typed keys of what the application and its requests carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

# For the types alone: everything imports the keys.
if TYPE_CHECKING:
    from weakref import WeakSet

    from sqlalchemy.ext.asyncio import AsyncEngine

    from config import Settings
    from desk.access import Actor
    from server.background import Background
    from server.database.transaction import Desk
    from server.http.unread import Unread
    from server.identity.authenticate import Identity
    from server.identity.devices import Devices
    from server.identity.passwords import Passwords
    from server.identity.session_watch import Connections
    from server.identity.tokens import Tokens
    from server.limits.open_sockets import OpenSockets
    from server.limits.shared import RateLimits
    from server.limits.turns import Turns
    from server.live.bus import Live
    from server.live.catch_up import Resync
    from server.live.delivery import Delivery
    from server.live.presence import Presence
    from server.live.sequencer import Rooms
    from server.live.ticket_changes import Changes
    from server.live.typists import Typists
    from server.metrics import Metrics
    from server.sockets.plain import FairWebSocket
    from server.transport.engine import SocketServer

settings: web.AppKey[Settings] = web.AppKey("settings")
engine: web.AppKey[AsyncEngine] = web.AppKey("engine")
desk: web.AppKey[Desk] = web.AppKey("desk")
delivery: web.AppKey[Delivery] = web.AppKey("delivery")
background: web.AppKey[Background] = web.AppKey("background")
metrics: web.AppKey[Metrics] = web.AppKey("metrics")
live: web.AppKey[Live] = web.AppKey("live")
sockets: web.AppKey[SocketServer] = web.AppKey("sockets")
plain_sockets: web.AppKey[WeakSet[FairWebSocket]] = web.AppKey("plain_sockets")
open_sockets: web.AppKey[OpenSockets] = web.AppKey("open_sockets")
rooms: web.AppKey[Rooms] = web.AppKey("rooms")
changes: web.AppKey[Changes] = web.AppKey("changes")
presence: web.AppKey[Presence] = web.AppKey("presence")
typists: web.AppKey[Typists] = web.AppKey("typists")
resync: web.AppKey[Resync] = web.AppKey("resync")
connections: web.AppKey[Connections] = web.AppKey("connections")
identity: web.AppKey[Identity] = web.AppKey("identity")
tokens: web.AppKey[Tokens] = web.AppKey("tokens")
passwords: web.AppKey[Passwords] = web.AppKey("passwords")
devices: web.AppKey[Devices] = web.AppKey("devices")
unread: web.AppKey[Unread] = web.AppKey("unread")
turns: web.AppKey[Turns] = web.AppKey("turns")
limits: web.AppKey[RateLimits] = web.AppKey("limits")

actor: web.RequestKey[Actor] = web.RequestKey("actor")
# Headers that the answer gets, whatever it is.
headers: web.RequestKey[dict[str, str]] = web.RequestKey("headers")
