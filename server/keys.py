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
    from server.live.delivery import Delivery
    from server.live.presence import Presence
    from server.live.sequencer import Sequencer
    from server.live.ticket_changes import TicketChanges
    from server.live.typists import Typists
    from server.metrics import Metrics
    from server.sockets.plain import FairWebSocket
    from server.transport.engine import SocketServer
    from server.transport.slow_readers import SlowReaders

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
sequencer: web.AppKey[Sequencer] = web.AppKey("sequencer")
changes: web.AppKey[TicketChanges] = web.AppKey("changes")
presence: web.AppKey[Presence] = web.AppKey("presence")
typists: web.AppKey[Typists] = web.AppKey("typists")
catch_up: web.AppKey[CatchUp] = web.AppKey("catch_up")
session_watch: web.AppKey[SessionWatch] = web.AppKey("session_watch")
authenticator: web.AppKey[Authenticator] = web.AppKey("authenticator")
tokens: web.AppKey[Tokens] = web.AppKey("tokens")
passwords: web.AppKey[Passwords] = web.AppKey("passwords")
devices: web.AppKey[Devices] = web.AppKey("devices")
slow_readers: web.AppKey[SlowReaders] = web.AppKey("slow_readers")
read_slots: web.AppKey[ReadSlots] = web.AppKey("read_slots")
limits: web.AppKey[RateLimits] = web.AppKey("limits")

actor: web.RequestKey[Actor] = web.RequestKey("actor")
# Headers that the answer gets, whatever it is.
headers: web.RequestKey[dict[str, str]] = web.RequestKey("headers")
