"""The plain WebSocket of a ticket: messages only, for clients without Socket.IO."""

import asyncio
from typing import Annotated
from uuid import UUID

import structlog
from aiohttp import ClientConnectionResetError, WSCloseCode, WSMessage, WSMsgType, web
from pydantic import Field, TypeAdapter, ValidationError

from desk.accounts import socket_tickets
from desk.errors import (
    DeskError,
    Forbidden,
    Invalid,
    Merged,
    NotFound,
    RateLimited,
    Unauthenticated,
)
from desk.text import ClientId, Content, Id, Input
from desk.tickets import fast_path, views
from desk.tickets.messages import NewMessage
from server.clock import now
from server.http.guard import require_role, ticket_numbered
from server.http.input import ticket_number, validated
from server.http.problems import Refusal, internal, refusal
from server.identity.tokens import Claims
from server.limits import shared
from server.services import SERVICES, Services
from server.sockets.member import PlainMember
from server.transport import send_queue
from server.transport.engine_websocket import CLOSE_SECONDS, MOST_UNSENT
from server.transport.packets import FRAME_LIMIT
from wire.codec import MOST_VALUES, loads

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


async def ticket_socket(request: web.Request) -> web.StreamResponse:
    services, ws = request.app[SERVICES], FairWebSocket(heartbeat=HEARTBEAT_SECONDS)
    if not services.origins.is_welcome(request):
        raise Forbidden("origin_refused", "This page's origin may not open sockets here")
    session_watch, places = services.session_watch, services.open_sockets
    address = services.limits.address(request)
    places.take_waiting(ws, address)
    member = None
    try:
        await ws.prepare(request)
        services.plain_sockets.add(ws)
        services.slow_readers.forget(request.transport)
        named = request.match_info["ticket_id"]
        ticket = ticket_number(named) or UUID(named)
        after = AFTER.validate_python(request.query.get("after", FROM_NOW))
        claims = await _claims(request, ticket)
        services.limits.spend_here(shared.CONNECT, str(claims.user_id))
        member = PlainMember(request, ws, claims, address)
        await session_watch.admit(member, claims)
        ticket_id = await _id(services, member, ticket)
        places.free(ws)
        await _converse(services, ws, member, ticket_id, after)
    except (ValidationError, ValueError, Unauthenticated, Forbidden, NotFound):
        await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"not allowed")
    except Merged as error:
        # Not to be tried again here.
        told = f"merged {error.into}".encode()
        await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=told)
    except DeskError as error:
        await ws.close(code=WSCloseCode.TRY_AGAIN_LATER, message=error.code.encode())
    finally:
        places.free(ws)
        if member is not None:
            member.is_gone = True
            session_watch.remove(member)
            await services.sequencer.leave_all(member)
    return ws


async def _id(services: Services, member: PlainMember, ticket: UUID | int) -> UUID:
    if isinstance(ticket, UUID):
        return ticket
    if (ticket_id := await ticket_numbered(services, member.actor, ticket)) is None:
        raise views.not_found()
    return ticket_id


async def _claims(request: web.Request, named: UUID | int) -> Claims:
    """Of a socket ticket, or of an access token in the address."""
    ticket = request.query.get("ticket")
    if ticket is None:
        return request.app[SERVICES].authenticator.claims(request.query.get("token", ""))
    rates = request.app[SERVICES].limits
    rates.spend_here(shared.TRY_SOCKET_TICKET, rates.address(request))
    taken = await request.app[SERVICES].desk.run(socket_tickets.take, ticket, named, now())
    if taken is None:
        raise Unauthenticated("invalid_socket_ticket", "The socket ticket is not valid")
    # Which generation of the session asked for it is no matter of a socket.
    return Claims(taken.user_id, taken.session_id, generation=0, expires_at=taken.until)


async def close_all(services: Services) -> None:
    """For the stop of the process: all are sent elsewhere."""
    closing = [ws.close(code=WSCloseCode.GOING_AWAY) for ws in services.plain_sockets]
    await asyncio.gather(*closing, return_exceptions=True)


async def _converse(
    services: Services,
    ws: web.WebSocketResponse,
    member: PlainMember,
    ticket_id: UUID,
    after: int,
) -> None:
    # At first, as a long history is joined while it is being sent.
    writer = asyncio.create_task(_write(ws, member))
    try:
        await _join(services, member, ticket_id, after)
        await _read(services, ws, member, ticket_id)
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)


async def _join(services: Services, member: PlainMember, ticket_id: UUID, after: int) -> None:
    while not member.is_slow:
        joined = await services.sequencer.join(member, member.actor, ticket_id, after)
        if not joined.more:
            return
        after = joined.seq


async def _write(ws: web.WebSocketResponse, member: PlainMember) -> None:
    while not member.is_slow:
        frame = await member.send_queue.get()
        try:
            async with asyncio.timeout(send_queue.WRITE_SECONDS):
                await ws.send_frame(frame, WSMsgType.TEXT)
        except TimeoutError:
            member.cut_off()
    await ws.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too slow")


async def _read(
    services: Services, ws: web.WebSocketResponse, member: PlainMember, ticket_id: UUID
) -> None:
    async for message in ws:
        if message.type is not WSMsgType.TEXT:
            member.put(_error(Refusal(422, "invalid", "Send text frames")))
            if not _pays(services, shared.REFUSED, member.key):
                break
            continue
        try:
            actor = await services.authenticator.of_session(member.session_id)
            require_role(actor, member.actor)
            await services.limits.spend(shared.POST, str(member.actor.id))
            await _post(services, member, ticket_id, message.data)
        except Unauthenticated as error:
            await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=error.code.encode())
            return
        except Exception as error:
            problem = refusal(error)
            if problem is None:
                log.exception("frame failed")
                problem = internal()
            member.put(_error(problem))
            goes_on = True
            if problem.status in NO_FRAME:
                goes_on = _pays(services, shared.REFUSED, member.key)
            elif isinstance(error, RateLimited):
                goes_on = _pays(services, shared.BEYOND, str(member.actor.id))
            if not goes_on:
                break
    else:
        return
    await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"rate_limited")


def _pays(services: Services, limit: shared.Limit, who: str) -> bool:
    """For what is refused; False for who goes on with it too long."""
    try:
        services.limits.spend_here(limit, who)
    except RateLimited:
        return False
    return True


async def _post(services: Services, member: PlainMember, ticket_id: UUID, text: str) -> None:
    try:
        decoded = loads(text)
    except ValueError as error:
        detail = f"The frame is not valid JSON, or has over {MOST_VALUES} values"
        raise Invalid("invalid_json", detail) from error
    frame = validated(Frame, decoded)
    if frame.ticket_id not in (None, ticket_id):
        raise Invalid("invalid", "Not the ticket of this address", pointer="/ticket_id")
    new = NewMessage(content=frame.content, client_id=frame.client_id)
    posting = fast_path.posting(member.actor, ticket_id, new)
    await services.desk.run_statement(posting)


def _error(problem: Refusal) -> dict[str, object]:
    error: dict[str, object] = problem.as_ack()["error"]
    return {"error": error}
