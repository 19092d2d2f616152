"""The plain WebSocket of a ticket: messages only, for clients without Socket.IO."""

import asyncio
from typing import Annotated
from uuid import UUID, uuid4

import structlog
from aiohttp import ClientConnectionResetError, WSCloseCode, WSMessage, WSMsgType, web
from pydantic import Field, TypeAdapter, ValidationError

from desk.access import Actor
from desk.accounts import socket_tickets
from desk.errors import DeskError, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from desk.events import MessagePosted
from desk.text import ClientId, Content, Id, Input
from desk.tickets import fast_path
from desk.tickets.messages import NewMessage
from server import keys
from server.http.browsers import is_welcome
from server.http.problems import Refusal, internal, refusal
from server.http.routing import now, require_role
from server.http.validation import validated
from server.identity.tokens import Claims
from server.limits import open_sockets, shared
from server.transport import send_queue
from server.transport.packets import FRAME_LIMIT
from server.transport.send_queue import Outgoing
from server.transport.websocket import CLOSE_SECONDS, MOST_UNSENT
from wire.channel import ticket_room
from wire.codec import encode, loads
from wire.shapes import PlainMessage, TimelineEvent

log = structlog.get_logger("server.sockets.plain")

HEARTBEAT_SECONDS = 25.0
# What is over this number has not happened yet: only what is new from now on.
FROM_NOW = 2**63 - 1
# Refusals of what no honest program goes on sending.
NO_FRAME = {400, 422}
AFTER = TypeAdapter(Annotated[int, Field(ge=0, le=FROM_NOW)])


class Frame(Input):
    content: Content
    client_id: ClientId | None = None
    ticket_id: Id | None = None


class FairWebSocket(web.WebSocketResponse):
    """Bounded, and fair: after each frame the others have their turn.

    What has arrived is otherwise handled without a pause: tens of thousands of pings in one go.
    Without permessage-deflate, which costs four times the memory of an idle connection.
    """

    def __init__(self, heartbeat: float | None = None) -> None:
        super().__init__(
            timeout=CLOSE_SECONDS,
            max_msg_size=FRAME_LIMIT,
            heartbeat=heartbeat,
            compress=False,
            # More waits in the queue, where it is counted.
            writer_limit=MOST_UNSENT,
        )

    async def receive(self, *args: float | None) -> WSMessage:
        try:
            message = await super().receive(*args)
        except ClientConnectionResetError:
            # Gone before its ping was answered.
            return WSMessage(WSMsgType.CLOSED, None, None)
        await asyncio.sleep(0)
        return message

    async def pong(self, message: bytes = b"") -> None:
        await super().pong(message)
        await asyncio.sleep(0)


class PlainMember:
    """One plain WebSocket, as a member of its ticket's room. Sending never waits."""

    def __init__(
        self, request: web.Request, ws: web.WebSocketResponse, claims: Claims, address: str
    ) -> None:
        self._live = request.app[keys.live]
        self._presence = request.app[keys.presence]
        self._ws = ws
        self.key = f"ws:{uuid4()}"
        self.actor: Actor
        self.user_id = claims.user_id
        self.address = address
        self.session_id = claims.session_id
        self.expires_at = claims.expires_at
        self.is_gone = False
        self._transport = request.transport
        self.outgoing = Outgoing()
        self.outgoing.on_overflow = self.cut_off
        # Set once the client is behind too far: it is told so, if it can be.
        self.is_slow = False

    async def ready(self) -> None:
        await self.outgoing.ready()

    async def send(self, event: TimelineEvent) -> None:
        self._listen(event)

    async def enter(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        self._live.listen(room, self.key, self._listen)
        self._presence.entered(self.actor, ticket_id)

    async def leave(self, ticket_id: UUID) -> None:
        self._live.unlisten(ticket_room(ticket_id, self.actor.audience), self.key)
        self._presence.left(self.actor, ticket_id)

    async def sign_out(self, code: str) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._live.unlisten_all(self.key)
            self.outgoing.drop_all()
            self._abort_later()
            await self._ws.close(code=WSCloseCode.POLICY_VIOLATION, message=code.encode())

    def _listen(self, event: TimelineEvent) -> None:
        if event.kind == MessagePosted.kind:
            self.put(
                PlainMessage(
                    id=event.data["id"],
                    ticket_id=event.ticket_id,
                    sender_id=event.actor_id,
                    content=event.data["content"],
                    timestamp=event.at,
                    seq=event.seq,
                    client_id=event.data["client_id"],
                )
            )

    def put(self, frame: object) -> None:
        self.outgoing.put_nowait(encode(frame))

    def cut_off(self) -> None:
        if not self.is_slow:
            self.is_slow = True
            self.outgoing.drop_all()
            self._abort_later()

    def _abort_later(self) -> None:
        """For who does not read, or does not go."""
        if self._transport is not None:
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.abort)


async def ticket_socket(request: web.Request) -> web.StreamResponse:
    ws = FairWebSocket(heartbeat=HEARTBEAT_SECONDS)
    if not is_welcome(request):
        raise Forbidden("origin_refused", "This page's origin may not open sockets here")
    connections, places = request.app[keys.connections], request.app[keys.open_sockets]
    address = request.app[keys.limits].address(request)
    places.take(ws, (open_sockets.WAITING, address))
    member = None
    try:
        await ws.prepare(request)
        request.app[keys.plain_sockets].add(ws)
        request.app[keys.unread].forget(request.transport)
        ticket_id = UUID(request.match_info["ticket_id"])
        after = AFTER.validate_python(request.query.get("after", FROM_NOW))
        claims = await _claims(request, ticket_id)
        request.app[keys.limits].spend_here(shared.CONNECT, str(claims.user_id))
        member = PlainMember(request, ws, claims, address)
        await connections.admit(member, claims)
        places.free(ws)
        await _converse(request, ws, member, ticket_id, after)
    except (ValidationError, ValueError, Unauthenticated, NotFound):
        await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"not allowed")
    except DeskError as error:
        await ws.close(code=WSCloseCode.TRY_AGAIN_LATER, message=error.code.encode())
    finally:
        places.free(ws)
        if member is not None:
            member.is_gone = True
            connections.remove(member)
            await request.app[keys.rooms].leave_all(member)
    return ws


async def _claims(request: web.Request, ticket_id: UUID) -> Claims:
    """Of a socket ticket, or of an access token in the address."""
    ticket = request.query.get("ticket")
    if ticket is None:
        return request.app[keys.identity].claims(request.query.get("token", ""))
    rates = request.app[keys.limits]
    rates.spend_here(shared.TRY_SOCKET_TICKET, rates.address(request))
    found = await request.app[keys.desk].run(socket_tickets.take, ticket, ticket_id, now())
    if found is None:
        raise Unauthenticated("invalid_socket_ticket", "The socket ticket is not valid")
    # Which generation of the session asked for it is no matter of a socket.
    return Claims(found.user_id, found.session_id, generation=0, expires_at=found.until)


async def leave_all(app: web.Application) -> None:
    """For the stop of the process: all are sent elsewhere."""
    leaving = [ws.close(code=WSCloseCode.GOING_AWAY) for ws in app[keys.plain_sockets]]
    await asyncio.gather(*leaving, return_exceptions=True)


async def _converse(
    request: web.Request,
    ws: web.WebSocketResponse,
    member: PlainMember,
    ticket_id: UUID,
    after: int,
) -> None:
    # At first, as a long history is joined while it is being sent.
    writer = asyncio.create_task(_write(ws, member))
    try:
        await _join(request, member, ticket_id, after)
        await _read(request, ws, member, ticket_id)
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


async def _join(request: web.Request, member: PlainMember, ticket_id: UUID, after: int) -> None:
    rooms = request.app[keys.rooms]
    while not member.is_slow:
        joined = await rooms.join(member, member.actor, ticket_id, after)
        if not joined.more:
            return
        after = joined.seq


async def _write(ws: web.WebSocketResponse, member: PlainMember) -> None:
    while not member.is_slow:
        frame = await member.outgoing.get()
        try:
            async with asyncio.timeout(send_queue.WRITE_SECONDS):
                await ws.send_frame(frame, WSMsgType.TEXT)
        except TimeoutError:
            member.cut_off()
    await ws.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too slow")


async def _read(
    request: web.Request, ws: web.WebSocketResponse, member: PlainMember, ticket_id: UUID
) -> None:
    async for message in ws:
        if message.type is not WSMsgType.TEXT:
            member.put(_error(Refusal(422, "invalid", "Send text frames")))
            if not _pays(request, shared.REFUSED, member.key):
                break
            continue
        try:
            actor = await request.app[keys.identity].of_session(member.session_id)
            require_role(actor, member.actor)
            await request.app[keys.limits].spend(shared.POST, str(member.actor.id))
            await _post(request, member, ticket_id, message.data)
        except Unauthenticated as error:
            await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=error.code.encode())
            return
        except Exception as error:
            told = refusal(error)
            if told is None:
                log.exception("frame failed")
                told = internal()
            member.put(_error(told))
            goes_on = True
            if told.status in NO_FRAME:
                goes_on = _pays(request, shared.REFUSED, member.key)
            elif isinstance(error, RateLimited):
                goes_on = _pays(request, shared.BEYOND, str(member.actor.id))
            if not goes_on:
                break
    else:
        return
    await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"rate_limited")


def _pays(request: web.Request, limit: shared.Limit, who: str) -> bool:
    """For what is refused; False for who goes on with it too long."""
    try:
        request.app[keys.limits].spend_here(limit, who)
    except RateLimited:
        return False
    return True


async def _post(request: web.Request, member: PlainMember, ticket_id: UUID, text: str) -> None:
    try:
        decoded = loads(text)
    except ValueError as error:
        raise Invalid("invalid_json", "The frame is not valid JSON") from error
    frame = validated(Frame, decoded)
    if frame.ticket_id not in (None, ticket_id):
        raise Invalid("invalid", "Not the ticket of this address", pointer="/ticket_id")
    new = NewMessage(content=frame.content, client_id=frame.client_id)
    posting = fast_path.posting(member.actor, ticket_id, new)
    await request.app[keys.desk].run_statement(posting)


def _error(told: Refusal) -> dict[str, object]:
    error: dict[str, object] = told.as_ack()["error"]
    return {"error": error}
