"""The Socket.IO side of a ticket: every event is validated, run as a rule, acknowledged."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import socketio
import structlog
from aiohttp import web
from pydantic import ValidationError

from desk.access import Audience
from desk.errors import DeskError, Forbidden, Invalid, RateLimited, Unauthenticated
from desk.text import Input
from desk.tickets import fast_path, reading
from desk.tickets.messages import NewMessage
from server import keys
from server.http.contract import Right
from server.http.problems import internal, refusal
from server.http.routing import admit, require_role
from server.http.validation import validated
from server.identity import audit
from server.limits import shared
from server.sockets.member import SocketMember
from server.sockets.payloads import (
    Credentials,
    Done,
    Joined,
    JoinTicket,
    LeaveTicket,
    MarkRead,
    PostMessage,
    RefreshAuth,
    Typing,
)
from server.transport.engine import ADDRESS
from server.transport.packets import BINARY, UNREADABLE
from wire.channel import NAMESPACE, RESYNC, ticket_room, user_room
from wire.shapes import Resync, TimelineEvent, timeline_event

log = structlog.get_logger("server.sockets.commands")

# Between two looks whether a connection stands.
CONNECTED_SECONDS = 0.05
MOST_TICKETS_JOINED = 500
# Refusals of what no honest program goes on sending.
NO_EVENT = {400, 422}


@dataclass(frozen=True, slots=True)
class Event:
    """One event that clients may send: its payload's shape, what it does, who may send it, what
    the acknowledgement brings, and the codes of its own that it is refused with.
    """

    payload: type[Input]
    handler: Callable[["Tickets", SocketMember, Any], Awaitable[object]]
    right: Right
    summary: str
    gives: Any
    refuses: tuple[str, ...]


class Tickets(socketio.AsyncNamespace):  # type: ignore[misc]
    def __init__(self, app: web.Application) -> None:
        super().__init__(NAMESPACE)
        self._app = app
        self._background = app[keys.background]
        self._presence = app[keys.presence]
        self._typists = app[keys.typists]
        self._desk = app[keys.desk]
        self._identity = app[keys.identity]
        self._live = app[keys.live]
        self._metrics = app[keys.metrics]
        self._rooms = app[keys.rooms]
        self._changes = app[keys.changes]
        self._connections = app[keys.connections]
        self._limits = app[keys.limits]
        self._resync = app[keys.resync]
        self._members: dict[str, SocketMember] = {}
        app[keys.sockets].on_cut_off = self._cut_off

    async def trigger_event(self, event: str, sid: str, *args: Any) -> object:
        """The only door. python-socketio sends the life cycle through it as well, and a client
        may name its own event "connect" or "disconnect": while a socket is connected, whatever
        comes is the client's.
        """
        if not self._live.is_connected(sid, NAMESPACE):
            await self._life_cycle(event, sid, *args)
            return None
        member, began = self._members[sid], time.perf_counter()
        name = event if event in EVENTS else "unknown"
        try:
            data = await self._handle(member, event, args)
        except Exception as error:
            told = refusal(error)
            if isinstance(error, Forbidden | RateLimited):
                audit.note("refused", user_id=member.actor.id, code=error.code, what=event[:64])
            if told is None:
                log.exception("event failed", event_name=event[:64])
                told = internal()
            if told.status in NO_EVENT:
                self._pay(member, shared.REFUSED, member.key)
            elif isinstance(error, RateLimited):
                self._pay(member, shared.BEYOND, str(member.actor.id))
            self._metrics.event(name, told.code, time.perf_counter() - began)
            return told.as_ack()
        self._metrics.event(name, "ok", time.perf_counter() - began)
        return {"ok": True, "data": data}

    def _pay(self, member: SocketMember, limit: shared.Limit, who: str) -> None:
        """For what is refused: who goes on with it is hung up on."""
        try:
            self._limits.spend_here(limit, who)
        except RateLimited:
            self._background.start(self._live.server.hang_up(member.key))

    async def _handle(self, member: SocketMember, name: str, args: tuple[Any, ...]) -> object:
        if name == UNREADABLE:
            raise Invalid("invalid_json", "The event is not valid JSON")
        if name == BINARY:
            raise Invalid("binary_refused", "Events are JSON without binary")
        if (event := EVENTS.get(name)) is None:
            raise Invalid("unknown_event", "There is no such event")
        if len(args) != 1:
            raise Invalid("invalid", "Send one object", pointer="")
        payload = validated(event.payload, args[0])
        try:
            actor = await self._identity.of_session(member.session_id)
            require_role(actor, member.actor)
        except Unauthenticated as error:
            self._connections.end(member.session_id, error.code)
            raise
        admit(event.right, member.actor)
        return await event.handler(self, member, payload)

    async def _life_cycle(self, event: str, sid: str, *args: Any) -> None:
        if event == "connect":
            await self._connect(sid, *args)
        elif event == "disconnect" and (member := self._members.pop(sid, None)):
            member.is_gone = True
            self._connections.remove(member)
            self._changes.left(member.actor)
            # Not awaited: a busy room would hold up the end of the socket, which hears the
            # others until then.
            self._background.start(self._rooms.leave_all(member))

    async def _connect(self, sid: str, environ: Mapping[str, str], auth: object) -> None:
        try:
            credentials = validated(Credentials, auth)
            claims = self._identity.claims(credentials.token)
            self._limits.spend_here(shared.CONNECT, str(claims.user_id))
            member = SocketMember(self._app, sid, claims, environ[ADDRESS])
            await self._connections.admit(member, claims)
        except ValidationError as error:
            raise _refused("not_authenticated", "Connect with auth: {token: …}") from error
        except DeskError as error:
            raise _refused(error.code, error.detail) from error
        self._members[sid] = member
        self._changes.arrived(member.actor)
        await self._live.enter_room(sid, NAMESPACE, user_room(member.actor.id))
        self._resync.recall(member.session_id, partial(self._call_back, member))

    def _cut_off(self, sid: str) -> None:
        self._metrics.cut_off.inc()
        if member := self._members.get(sid):
            self._resync.remember(member.session_id, self._rooms.joined_by(member))

    def _call_back(self, member: SocketMember, ticket_ids: list[str]) -> None:
        """Tells who was cut off, on their return, where they may have missed something."""
        self._background.start(self._tell_missed(member, ticket_ids))

    async def _tell_missed(self, member: SocketMember, ticket_ids: list[str]) -> None:
        while not self._live.is_connected(member.key, NAMESPACE):
            await asyncio.sleep(CONNECTED_SECONDS)
            if member.is_gone:
                return
        for ticket_id in ticket_ids:
            self._live.emit_here(RESYNC, Resync(UUID(ticket_id)), member.key)

    async def join_ticket(self, member: SocketMember, given: JoinTicket) -> object:
        self._limits.spend_here(shared.JOIN, str(member.actor.id))
        joined_already = self._rooms.joined_by(member) - {given.ticket_id}
        if len(joined_already) >= MOST_TICKETS_JOINED:
            raise Invalid("too_many_tickets", "Leave a ticket before joining another")
        joined = await self._rooms.join(member, member.actor, given.ticket_id, given.after)
        viewers = await self._presence.viewers(given.ticket_id, member.actor.audience)
        return Joined(joined.ticket, joined.seq, joined.more, viewers)

    async def leave_ticket(self, member: SocketMember, given: LeaveTicket) -> object:
        await self._rooms.leave(member, given.ticket_id)
        return Done()

    async def post_message(self, member: SocketMember, given: PostMessage) -> object:
        self._limits.spend_here(shared.POST_SOCKET, member.key)
        await self._limits.spend(shared.POST, str(member.actor.id))
        new = NewMessage(content=given.content, client_id=given.client_id, internal=given.internal)
        posting = fast_path.posting(member.actor, given.ticket_id, new)
        posted = await self._desk.run_statement(posting)
        return timeline_event(posted.event, member.actor.audience)

    async def typing(self, member: SocketMember, given: Typing) -> object:
        """Tells the others. It ends with a message, and unless it is repeated within 6 seconds."""
        self._limits.spend_here(shared.TYPING, member.key)
        self._limits.spend_here(shared.TYPING_ACCOUNT, str(member.actor.id))
        self._rooms.require_inside(member, given.ticket_id)
        if given.internal and not member.actor.is_staff:
            raise Forbidden("csr_required", "Only staff write internal notes")
        if not given.active:
            self._typists.ended(member.key, given.ticket_id)
            return Done()
        is_shown = not given.internal and await self._presence.is_named(
            member.actor, given.ticket_id
        )
        # It may have left while we asked.
        self._rooms.require_inside(member, given.ticket_id)
        audiences = Audience if is_shown else (Audience.STAFF,)
        rooms = [ticket_room(given.ticket_id, audience) for audience in audiences]
        self._typists.began(member.key, member.actor.id, given.ticket_id, rooms)
        return Done()

    async def mark_read(self, member: SocketMember, given: MarkRead) -> object:
        self._limits.spend_here(shared.READ, member.key)
        self._limits.spend_here(shared.READ_ACCOUNT, str(member.actor.id))
        await self._desk.run(reading.mark_read, member.actor, given.ticket_id, given.seq)
        return Done()

    async def refresh_auth(self, member: SocketMember, given: RefreshAuth) -> object:
        """A later token of the same account keeps the socket; it may be of another session."""
        self._limits.spend_here(shared.REFRESH_AUTH, str(member.actor.id))
        actor, claims = await self._identity.of_token(given.token)
        if actor.id != member.actor.id:
            raise Forbidden("other_account", "The token belongs to another account")
        try:
            require_role(actor, member.actor)
            if member.is_gone:
                raise Unauthenticated("session_ended", "The session is over; log in again")
            await self._connections.move(member, claims)
        except Unauthenticated as error:
            self._connections.close(member, error.code)
            raise
        return Done()


# Everything that a client may send.
EVENTS = {
    "join_ticket": Event(
        JoinTicket,
        Tickets.join_ticket,
        Right.VIEWER,
        "Enter the room of a ticket; what happened after a number arrives first",
        gives=Joined,
        refuses=("rate_limited", "too_many_tickets"),
    ),
    "leave_ticket": Event(
        LeaveTicket,
        Tickets.leave_ticket,
        Right.PERSON,
        "Leave the room of a ticket",
        gives=Done,
        refuses=(),
    ),
    "post_message": Event(
        PostMessage,
        Tickets.post_message,
        Right.VIEWER,
        "Post a message; acknowledged once it is stored, and stored once however often it is sent",
        gives=TimelineEvent,
        refuses=("client_id_reused", "csr_required", "rate_limited", "ticket_closed"),
    ),
    "typing": Event(
        Typing,
        Tickets.typing,
        Right.VIEWER,
        "Say on a ticket that you have joined that you write, or no longer do",
        gives=Done,
        refuses=("csr_required", "rate_limited"),
    ),
    "mark_read": Event(
        MarkRead,
        Tickets.mark_read,
        Right.VIEWER,
        "Say how far you have read",
        gives=Done,
        refuses=("rate_limited",),
    ),
    "refresh_auth": Event(
        RefreshAuth,
        Tickets.refresh_auth,
        Right.PERSON,
        "Keep the socket with a later token of the same account",
        gives=Done,
        refuses=("invalid_token", "other_account", "rate_limited"),
    ),
}


def _refused(code: str, detail: str) -> socketio.exceptions.ConnectionRefusedError:
    return socketio.exceptions.ConnectionRefusedError(detail, {"code": code, "detail": detail})
