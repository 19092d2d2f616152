"""The Socket.IO side of a ticket: every event is validated, run as a rule, acknowledged."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import socketio
import structlog
from aiohttp import web
from pydantic import BaseModel, StringConstraints, ValidationError

from desk import messages, views
from desk.access import Actor
from desk.errors import DeskError, Forbidden, Invalid, Unauthenticated
from desk.messages import NewMessage
from desk.text import ClientId, Content, Id, Input, Seq
from desk.views import TicketView
from server import keys, limits
from server.contract import Right
from server.live import Live
from server.refusals import internal, refusal
from server.routing import admit, now
from server.tokens import Claims
from wire.channel import NAMESPACE, SIGNED_OUT, TIMELINE, ticket_room, user_room
from wire.shapes import SignedOut, TimelineEvent, Viewer, timeline_event

log = structlog.get_logger("server.namespace")

MOST_TICKETS_JOINED = 500


class Credentials(BaseModel):
    """What a client connects with; other members are its own business."""

    token: Annotated[str, StringConstraints(strict=True, max_length=8192)]


class JoinTicket(Input):
    ticket_id: Id
    after: Seq = 0


class LeaveTicket(Input):
    ticket_id: Id


class PostMessage(Input):
    ticket_id: Id
    client_id: ClientId
    content: Content
    internal: bool = False


class RefreshAuth(Input):
    token: Annotated[str, StringConstraints(max_length=8192)]


@dataclass(frozen=True, slots=True)
class Joined:
    """``seq``: the last number of the history. ``more``: the history was longer than one join
    replays, and the room is not entered; join again from ``seq``.
    """

    ticket: TicketView
    seq: int
    more: bool
    viewers: list[Viewer]


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to say."""


class SocketMember:
    """One connected socket, as a member of ticket rooms."""

    def __init__(self, live: Live, sid: str, actor: Actor, claims: Claims) -> None:
        self._live = live
        self.key = sid
        self.actor = actor
        self.session_id = claims.session_id
        self.expires_at = claims.expires_at
        self.is_gone = False

    async def send(self, event: TimelineEvent) -> None:
        await self._live.emit_here(TIMELINE, event, self.key)

    async def enter(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        await self._live.enter_room(self.key, NAMESPACE, room)

    async def leave(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        await self._live.leave_room(self.key, NAMESPACE, room)

    async def sign_out(self, code: str) -> None:
        if not self.is_gone:
            self.is_gone = True
            await self._live.emit_here(SIGNED_OUT, SignedOut(code), self.key)
            await self._live.server.hang_up(self.key)


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
        self._desk = app[keys.desk]
        self._identity = app[keys.identity]
        self._live = app[keys.live]
        self._rooms = app[keys.rooms]
        self._changes = app[keys.changes]
        self._connections = app[keys.connections]
        self._limits = app[keys.limits]
        self._members: dict[str, SocketMember] = {}

    async def trigger_event(self, event: str, sid: str, *args: Any) -> object:
        """The only door. python-socketio sends the life cycle through it as well, and a client
        may name its own event "connect" or "disconnect": while a socket is connected, whatever
        comes is the client's.
        """
        if not self._live.is_connected(sid, NAMESPACE):
            await self._life_cycle(event, sid, *args)
            return None
        try:
            data = await self._handle(self._members[sid], event, args)
        except Exception as error:
            told = refusal(error)
            if told is None:
                log.exception("event failed", event_name=event[:64])
                told = internal()
            return told.as_ack()
        return {"ok": True, "data": data}

    async def _handle(self, member: SocketMember, name: str, args: tuple[Any, ...]) -> object:
        event = EVENTS.get(name)
        if event is None:
            raise Invalid("unknown_event", "There is no such event")
        if len(args) != 1:
            raise Invalid("invalid", "Send one object", pointer="")
        payload = event.payload.model_validate(args[0])
        try:
            member.actor = await self._identity.of_session(member.session_id)
        except Unauthenticated as error:
            self._connections.end(member.session_id, error.code)
            raise
        admit(event.right, member.actor)
        return await event.handler(self, member, payload)

    async def _life_cycle(self, event: str, sid: str, *args: Any) -> None:
        if event == "connect":
            await self._connect(sid, args[-1])
        elif event == "disconnect" and (member := self._members.pop(sid, None)):
            member.is_gone = True
            self._connections.remove(member)
            self._changes.left(member.actor)
            await self._rooms.leave_all(member)

    async def _connect(self, sid: str, auth: object) -> None:
        try:
            credentials = Credentials.model_validate(auth)
            actor, claims = await self._identity.of_token(credentials.token)
            await self._limits.spend(limits.CONNECT, str(actor.id))
        except ValidationError as error:
            raise _refused("not_authenticated", "Connect with auth: {token: …}") from error
        except DeskError as error:
            raise _refused(error.code, error.detail) from error
        self._members[sid] = member = SocketMember(self._live, sid, actor, claims)
        self._connections.add(member)
        self._changes.arrived(actor)
        await self._live.enter_room(sid, NAMESPACE, user_room(actor.id))

    async def join_ticket(self, member: SocketMember, given: JoinTicket) -> object:
        await self._limits.spend(limits.JOIN, str(member.actor.id))
        if self._rooms.joined_by(member) >= MOST_TICKETS_JOINED:
            raise Invalid("too_many_tickets", "Leave a ticket before joining another")
        joined = await self._rooms.join(member, member.actor, given.ticket_id, given.after)
        ticket = await self._desk.read(views.show, member.actor, given.ticket_id)
        return Joined(ticket, joined.seq, joined.more, viewers=[])

    async def leave_ticket(self, member: SocketMember, given: LeaveTicket) -> object:
        await self._rooms.leave(member, given.ticket_id)
        return Done()

    async def post_message(self, member: SocketMember, given: PostMessage) -> object:
        await self._limits.spend_here(limits.POST_SOCKET, member.key)
        await self._limits.spend(limits.POST, str(member.actor.id))
        new = NewMessage(content=given.content, client_id=given.client_id, internal=given.internal)
        posted = await self._desk.run(messages.post, member.actor, given.ticket_id, new, now())
        return timeline_event(posted.event, member.actor.audience)

    async def refresh_auth(self, member: SocketMember, given: RefreshAuth) -> object:
        """A later token of the same account keeps the socket; it may be of another session."""
        actor, claims = await self._identity.of_token(given.token)
        if actor.id != member.actor.id:
            raise Forbidden("other_account", "The token belongs to another account")
        self._connections.remove(member)
        member.session_id, member.expires_at = claims.session_id, claims.expires_at
        self._connections.add(member)
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
    "refresh_auth": Event(
        RefreshAuth,
        Tickets.refresh_auth,
        Right.PERSON,
        "Keep the socket with a later token of the same account",
        gives=Done,
        refuses=("invalid_token", "other_account"),
    ),
}


def _refused(code: str, detail: str) -> socketio.exceptions.ConnectionRefusedError:
    return socketio.exceptions.ConnectionRefusedError(detail, {"code": code, "detail": detail})
