"""The Socket.IO side of a ticket: every event is validated, run as a rule, acknowledged."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import socketio
import structlog
from pydantic import BaseModel, StringConstraints, ValidationError

from desk import messages, views
from desk.access import Actor
from desk.errors import DeskError, Invalid, Unauthenticated
from desk.messages import NewMessage
from desk.text import ClientId, Content, Id, Input, Seq
from server.changes import Changes
from server.engine import UNREADABLE
from server.identity import Identity
from server.live import Live
from server.refusals import internal, refusal
from server.rooms import Rooms
from server.routing import now
from server.transaction import Desk
from wire.channel import NAMESPACE, TIMELINE, ticket_room, user_room
from wire.shapes import TimelineEvent, timeline_event

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


class SocketMember:
    """One connected socket, as a member of ticket rooms."""

    def __init__(self, live: Live, sid: str, actor: Actor, session_id: UUID) -> None:
        self._live = live
        self.key = sid
        self.actor = actor
        self.session_id = session_id
        self.is_gone = False

    async def send(self, event: TimelineEvent) -> None:
        await self._live.emit_here(TIMELINE, event, self.key)

    async def enter(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        await self._live.enter_room(self.key, NAMESPACE, room)

    async def leave(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        await self._live.leave_room(self.key, NAMESPACE, room)


@dataclass(frozen=True, slots=True)
class Event:
    """One event that clients may send: its payload's shape and what it does."""

    payload: type[Input]
    handler: Callable[[SocketMember, Any], Awaitable[object]]


class Tickets(socketio.AsyncNamespace):  # type: ignore[misc]
    def __init__(
        self, desk: Desk, identity: Identity, live: Live, rooms: Rooms, changes: Changes
    ) -> None:
        super().__init__(NAMESPACE)
        self._desk = desk
        self._identity = identity
        self._live = live
        self._rooms = rooms
        self._changes = changes
        self._members: dict[str, SocketMember] = {}
        self._events = {
            "join_ticket": Event(JoinTicket, self._join_ticket),
            "leave_ticket": Event(LeaveTicket, self._leave_ticket),
            "post_message": Event(PostMessage, self._post_message),
        }

    async def trigger_event(self, event: str, sid: str, *args: Any) -> object:
        """The only door. python-socketio sends the life cycle through it as well, and a client
        may name its own event "connect" or "disconnect": while a socket is connected, whatever
        comes is the client's.
        """
        if not self._live.is_connected(sid, NAMESPACE):
            await self._life_cycle(event, sid, *args)
            return None
        member = self._members[sid]
        try:
            data = await self._handle(member, event, args)
        except Exception as error:
            told = refusal(error)
            if told is None:
                log.exception("event failed", event_name=event[:64])
                told = internal()
            if isinstance(error, Unauthenticated):
                await self._sign_out(member, error.code)
            return told.as_ack()
        return {"ok": True, "data": data}

    async def _handle(self, member: SocketMember, name: str, args: tuple[Any, ...]) -> object:
        if name == UNREADABLE:
            raise Invalid("invalid_json", "The event is not valid JSON")
        event = self._events.get(name)
        if event is None:
            raise Invalid("unknown_event", "There is no such event")
        if len(args) != 1:
            raise Invalid("invalid", "Send one object", pointer="")
        payload = event.payload.model_validate(args[0])
        member.actor = await self._identity.of_session(member.session_id)
        return await event.handler(member, payload)

    async def _life_cycle(self, event: str, sid: str, *args: Any) -> None:
        if event == "connect":
            await self._connect(sid, args[-1])
        elif event == "disconnect" and (member := self._members.pop(sid, None)):
            member.is_gone = True
            self._changes.left(member.actor)
            await self._rooms.leave_all(member)

    async def _connect(self, sid: str, auth: object) -> None:
        try:
            credentials = Credentials.model_validate(auth)
            actor, claims = await self._identity.of_token(credentials.token)
        except ValidationError as error:
            raise _refused("not_authenticated", "Connect with auth: {token: …}") from error
        except DeskError as error:
            raise _refused(error.code, error.detail) from error
        self._members[sid] = SocketMember(self._live, sid, actor, claims.session_id)
        self._changes.arrived(actor)
        await self._live.enter_room(sid, NAMESPACE, user_room(actor.id))

    async def _sign_out(self, member: SocketMember, code: str) -> None:
        await self._live.emit_here("signed_out", {"code": code}, member.key)
        await self.disconnect(member.key)

    async def _join_ticket(self, member: SocketMember, given: JoinTicket) -> object:
        if self._rooms.joined_by(member) >= MOST_TICKETS_JOINED:
            raise Invalid("too_many_tickets", "Leave a ticket before joining another")
        joined = await self._rooms.join(member, member.actor, given.ticket_id, given.after)
        ticket = await self._desk.read(views.show, member.actor, given.ticket_id)
        return {"ticket": ticket, "seq": joined.seq, "more": joined.more, "viewers": []}

    async def _leave_ticket(self, member: SocketMember, given: LeaveTicket) -> object:
        await self._rooms.leave(member, given.ticket_id)
        return {}

    async def _post_message(self, member: SocketMember, given: PostMessage) -> object:
        new = NewMessage(content=given.content, client_id=given.client_id, internal=given.internal)
        posted = await self._desk.run(messages.post, member.actor, given.ticket_id, new, now())
        return timeline_event(posted.event, member.actor.audience)


def _refused(code: str, detail: str) -> socketio.exceptions.ConnectionRefusedError:
    return socketio.exceptions.ConnectionRefusedError(detail, {"code": code, "detail": detail})
