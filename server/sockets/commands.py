"""The Socket.IO side of a ticket: every event is validated, run as a rule, acknowledged."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

import socketio
import structlog
from pydantic import ValidationError

from desk.access import Audience
from desk.errors import DeskError, Forbidden, Invalid, RateLimited, Unauthenticated
from desk.tickets import fast_path, reading
from desk.tickets.messages import NewMessage
from models import Scope
from server import audit
from server.http.contract import Right
from server.http.guard import admit, require_role
from server.http.input import validated
from server.http.problems import internal, refusal
from server.limits import shared
from server.services import Services
from server.sockets import watchers
from server.sockets.client_event import ClientEvent
from server.sockets.member import SocketMember
from server.sockets.payloads import (
    Credentials,
    Done,
    Idle,
    Joined,
    JoinTicket,
    LeaveTicket,
    MarkRead,
    PostMessage,
    RefreshAuth,
    Typing,
    Watch,
)
from server.transport.packets import BINARY, UNREADABLE
from server.transport.socket_server import ADDRESS
from wire.codec import MOST_VALUES
from wire.messages import SessionEnded
from wire.server_events import CONNECTED, NAMESPACE, RESYNC
from wire.shapes import Connected, Resync, timeline_event

log = structlog.get_logger("server.sockets.commands")

MOST_TICKETS_JOINED = 500
# Refusals of what no honest program goes on sending.
NO_EVENT = {400, 422}


class TicketNamespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """The handlers of all that Socket.IO clients send, and of their coming and going."""

    def __init__(self, services: Services, events: Mapping[str, ClientEvent]) -> None:
        """``events``: what clients may send, by name."""
        super().__init__(NAMESPACE)
        self._events = events
        self._services = services
        self._sockets = services.sockets
        self._limits = services.limits
        self._sequencer = services.sequencer
        self._members: dict[str, SocketMember] = {}

    async def trigger_event(self, event: str, sid: str, *args: Any) -> object:
        """The only door. python-socketio sends the life cycle through it as well, and a client
        may name its own event "connect" or "disconnect": while a socket is connected, whatever
        comes is the client's.
        """
        if not self._sockets.is_connected(sid):
            await self._life_cycle(event, sid, *args)
            return None
        member, began = self._members[sid], time.perf_counter()
        name = event if event in self._events else "unknown"
        try:
            data = await self._handle(member, event, args)
        except Exception as error:
            problem = refusal(error)
            if isinstance(error, Forbidden | RateLimited):
                audit.note("refused", user_id=member.actor.id, code=error.code, what=event[:64])
            if problem is None:
                log.exception("event failed", event_name=event[:64])
                problem = internal()
            if problem.status in NO_EVENT:
                self._pay(member, shared.REFUSED, member.key)
            elif isinstance(error, RateLimited):
                self._pay(member, shared.BEYOND, str(member.actor.id))
            self._services.metrics.event(name, problem.code, time.perf_counter() - began)
            return problem.as_ack()
        self._services.metrics.event(name, "ok", time.perf_counter() - began)
        return {"ok": True, "data": data}

    def _pay(self, member: SocketMember, limit: shared.Limit, who: str) -> None:
        """Counts a refusal. The socket of a client that goes on is closed."""
        try:
            self._limits.spend_here(limit, who)
        except RateLimited:
            self._services.background.start(self._sockets.close_socket(member.key))

    async def _handle(self, member: SocketMember, name: str, args: tuple[Any, ...]) -> object:
        if name == UNREADABLE:
            detail = f"The event is not valid JSON, or has over {MOST_VALUES} values"
            raise Invalid("invalid_json", detail)
        if name == BINARY:
            raise Invalid("binary_refused", "Events are JSON without binary")
        if (event := self._events.get(name)) is None:
            raise Invalid("unknown_event", "There is no such event")
        if len(args) != 1:
            raise Invalid("invalid", "Send one object", pointer="")
        payload = validated(event.payload, args[0])
        try:
            actor = await self._services.authenticator.of_session(member.session_id)
            require_role(actor, member.actor)
        except Unauthenticated as error:
            self._services.session_watch.end(SessionEnded(member.session_id, error.code))
            raise
        admit(event.right, event.scope, member.actor)
        return await event.handler(self, member, payload)

    async def _life_cycle(self, event: str, sid: str, *args: Any) -> None:
        if event == "connect":
            await self._connect(sid, *args)
        elif event == "disconnect" and (member := self._members.pop(sid, None)):
            member.is_gone = True
            self._services.session_watch.remove(member)
            watchers.leave(self._services, member)
            # Not awaited: a busy room would hold up the end of the socket, which hears the
            # others until then.
            self._services.background.start(self._sequencer.leave_all(member))

    async def _connect(self, sid: str, environ: Mapping[str, str], auth: object) -> None:
        try:
            credentials = validated(Credentials, auth)
            address = environ[ADDRESS]
            claims = await self._services.authenticator.claims_of(credentials.token, address)
            self._limits.spend_here(shared.CONNECT, str(claims.user_id))
            member = SocketMember(self._services, sid, claims, address)
            await self._services.session_watch.admit(member, claims)
            self._admit_program(member)
        except ValidationError as error:
            raise _refused("not_authenticated", "Connect with auth: {token: …}") from error
        except DeskError as error:
            raise _refused(error.code, error.detail) from error
        self._members[sid] = member
        await watchers.arrive(self._services, member)

    def _admit_program(self, member: SocketMember) -> None:
        """A socket is told of tickets from its beginning."""
        try:
            admit(Right.PERSON, Scope.TICKETS_READ, member.actor)
        except Forbidden:
            self._services.session_watch.remove(member)
            raise

    def connected(self, sid: str) -> None:
        """Called once the client was told that it is let in."""
        member = self._members[sid]
        self._sockets.send_local(CONNECTED, Connected(self._services.release), sid)
        self._services.catch_up.recall(member.session_id, partial(self._send_resync, member))

    def cut_off(self, sid: str) -> None:
        """Called before a client that does not read is disconnected."""
        self._services.metrics.cut_off.inc()
        if member := self._members.get(sid):
            self._services.catch_up.remember(member.session_id, self._sequencer.joined_by(member))

    async def _send_resync(self, member: SocketMember, ticket_ids: list[str]) -> None:
        """Tells who was cut off, on their return, where they may have missed something."""
        for ticket_id in ticket_ids:
            self._sockets.send_local(RESYNC, Resync(UUID(ticket_id)), member.key)

    async def join_ticket(self, member: SocketMember, payload: JoinTicket) -> object:
        self._limits.spend_here(shared.JOIN, str(member.actor.id))
        joined_already = self._sequencer.joined_by(member) - {payload.ticket_id}
        if len(joined_already) >= MOST_TICKETS_JOINED:
            raise Invalid("too_many_tickets", "Leave a ticket before joining another")
        joined = await self._sequencer.join(member, member.actor, payload.ticket_id, payload.after)
        audience, ticket_id = member.actor.audience, payload.ticket_id
        viewers = await self._services.presence.viewers(ticket_id, audience)
        # Read once the room was entered: what comes after it is told there.
        reads = await self._services.desk.fetch(
            reading.READS[audience], ticket_id=ticket_id, me=member.actor.id
        )
        return Joined(joined.ticket, joined.seq, joined.more, viewers, reads)

    async def leave_ticket(self, member: SocketMember, payload: LeaveTicket) -> object:
        await self._sequencer.leave(member, payload.ticket_id)
        return Done()

    async def post_message(self, member: SocketMember, payload: PostMessage) -> object:
        self._limits.spend_here(shared.POST_SOCKET, member.key)
        await self._limits.spend(shared.POST, str(member.actor.id))
        new = NewMessage(**payload.model_dump(exclude={"ticket_id"}))
        posting = fast_path.posting(member.actor, payload.ticket_id, new)
        posted = await self._services.desk.run_statement(posting)
        return timeline_event(posted.event, member.actor.audience)

    async def typing(self, member: SocketMember, payload: Typing) -> object:
        """Tells the others. It ends with a message, and unless it is repeated within 6 seconds."""
        self._limits.spend_here(shared.TYPING, member.key)
        self._limits.spend_here(shared.TYPING_ACCOUNT, str(member.actor.id))
        self._sequencer.require_inside(member, payload.ticket_id)
        if payload.internal and not member.actor.is_staff:
            raise Forbidden("csr_required", "Only staff write internal notes")
        if not payload.active:
            self._services.typists.ended(member.key, payload.ticket_id)
            return Done()
        is_shown = not payload.internal and await self._services.presence.is_named(
            member.actor, payload.ticket_id
        )
        # It may have left while we asked.
        self._sequencer.require_inside(member, payload.ticket_id)
        audiences = tuple(Audience) if is_shown else (Audience.STAFF,)
        self._services.typists.began(
            member.key,
            member.actor.id,
            payload.ticket_id,
            audiences,
            internal=payload.internal,
        )
        return Done()

    async def mark_read(self, member: SocketMember, payload: MarkRead) -> object:
        self._limits.spend_here(shared.READ, member.key)
        self._limits.spend_here(shared.READ_ACCOUNT, str(member.actor.id))
        await self._services.desk.run(
            reading.mark_read, member.actor, payload.ticket_id, payload.seq
        )
        return Done()

    async def watch(self, member: SocketMember, payload: Watch) -> object:
        """Has this socket told of these views and tickets alone, from now on and until it says
        otherwise or ends. Until it says anything it is told of all tickets. A view with `q` brings
        nothing.
        """
        self._limits.spend_here(shared.WATCH, member.key)
        await watchers.watch(self._services, member, payload)
        return Done()

    async def idle(self, member: SocketMember, payload: Idle) -> object:
        """Those who name a ticket in `watch` are told who looks at it without being there. A socket
        is not idle until it says so.
        """
        self._limits.spend_here(shared.IDLE, member.key)
        member.rest(is_idle=payload.idle)
        return Done()

    async def refresh_auth(self, member: SocketMember, payload: RefreshAuth) -> object:
        """A later token of the same account keeps the socket; it may be of another session."""
        self._limits.spend_here(shared.REFRESH_AUTH, str(member.actor.id))
        actor, claims = await self._services.authenticator.of_token(payload.token, member.address)
        if actor.id != member.actor.id:
            raise Forbidden("other_account", "The token belongs to another account")
        try:
            require_role(actor, member.actor)
            if member.is_gone:
                raise Unauthenticated("session_ended", "The session is over; log in again")
            await self._services.session_watch.move(member, claims)
        except Unauthenticated as error:
            self._services.session_watch.close(member, error.code)
            raise
        return Done()


def _refused(code: str, detail: str) -> socketio.exceptions.ConnectionRefusedError:
    return socketio.exceptions.ConnectionRefusedError(detail, {"code": code, "detail": detail})
