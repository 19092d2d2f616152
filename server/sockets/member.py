"""Connected sockets, as members of ticket rooms."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from aiohttp import WSCloseCode, web

from desk.access import Actor
from desk.events import MessagePosted
from server.identity.tokens import Claims
from server.live.rooms import ticket_room
from server.services import SERVICES, Services
from server.transport.engine_websocket import CLOSE_SECONDS
from server.transport.send_queue import EncodedEvent, SendQueue
from server.transport.socket_server import data_of
from wire.codec import encode
from wire.server_events import RESYNC, SIGNED_OUT
from wire.shapes import PlainMessage, Resync, SignedOut, TimelineEvent


class SocketMember:
    """One Socket.IO connection."""

    __slots__ = (
        "_presence",
        "_sockets",
        "_typists",
        "actor",
        "address",
        "expires_at",
        "is_gone",
        "is_idle",
        "key",
        "session_id",
        "ticket_ids",
        "user_id",
    )

    def __init__(self, services: Services, sid: str, claims: Claims, address: str) -> None:
        self._sockets = services.sockets
        self._presence = services.presence
        self._typists = services.typists
        self.key = sid
        self.actor: Actor
        self.user_id = claims.user_id
        self.address = address
        self.session_id = claims.session_id
        self.expires_at = claims.expires_at
        self.is_gone = False
        # Whether nobody is in front of its page.
        self.is_idle = False
        self.ticket_ids: set[UUID] = set()

    async def ready(self) -> None:
        await self._sockets.ready(self.key)

    async def send(self, events: Sequence[EncodedEvent]) -> None:
        if not self.is_gone:
            self._sockets.send_all(events, self.key)

    async def enter(self, ticket_id: UUID) -> None:
        self._sockets.enter(self.key, ticket_room(ticket_id, self.actor.audience))
        self.ticket_ids.add(ticket_id)
        self._presence.entered(self.actor, ticket_id, is_idle=self.is_idle)

    async def leave(self, ticket_id: UUID) -> None:
        self._sockets.leave(self.key, ticket_room(ticket_id, self.actor.audience))
        self._typists.ended(self.key, ticket_id)
        self.ticket_ids.discard(ticket_id)
        self._presence.left(self.actor, ticket_id, is_idle=self.is_idle)

    async def taken_off(self, ticket_id: UUID) -> None:
        """Has the client join again, and be refused; unless it is theirs anew."""
        self._sockets.send_local(RESYNC, Resync(ticket_id), self.key)

    def rest(self, *, is_idle: bool) -> None:
        """Nobody is in front of its page any more, or somebody is again."""
        for ticket_id in self.ticket_ids if is_idle != self.is_idle else ():
            self._presence.left(self.actor, ticket_id, is_idle=self.is_idle)
            self._presence.entered(self.actor, ticket_id, is_idle=is_idle)
        self.is_idle = is_idle

    async def sign_out(self, code: str) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._sockets.drop_events(self.key)
            self._sockets.send_local(SIGNED_OUT, SignedOut(code), self.key)
            await self._sockets.close_socket(self.key)


class PlainMember:
    """One plain WebSocket, as a member of its ticket's room. Sending never waits."""

    def __init__(
        self, request: web.Request, ws: web.WebSocketResponse, claims: Claims, address: str
    ) -> None:
        services = request.app[SERVICES]
        self._broadcast = services.broadcast
        self._presence = services.presence
        self._ws = ws
        self.key = f"ws:{uuid4()}"
        self.actor: Actor
        self.user_id = claims.user_id
        self.address = address
        self.session_id = claims.session_id
        self.expires_at = claims.expires_at
        self.is_gone = False
        self._transport = request.transport
        self.send_queue = SendQueue()
        self.send_queue.on_overflow = self.cut_off
        # Set once the client is behind too far: it is told so, if it can be.
        self.is_slow = False

    async def ready(self) -> None:
        await self.send_queue.ready()

    async def send(self, events: Sequence[EncodedEvent]) -> None:
        for event in events:
            self._listen(TimelineEvent.from_json(data_of(event)))

    async def enter(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        self._broadcast.listen(room, self.key, self._listen)
        self._presence.entered(self.actor, ticket_id)

    async def leave(self, ticket_id: UUID) -> None:
        self._broadcast.unlisten(ticket_room(ticket_id, self.actor.audience), self.key)
        self._presence.left(self.actor, ticket_id)

    async def taken_off(self, ticket_id: UUID) -> None:
        await self.sign_out("ticket_not_found")

    async def sign_out(self, code: str) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._broadcast.unlisten_all(self.key)
            self.send_queue.drop_all()
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
        self.send_queue.put_nowait(encode(frame))

    def cut_off(self) -> None:
        if not self.is_slow:
            self.is_slow = True
            self.send_queue.drop_all()
            self._abort_later()

    def _abort_later(self) -> None:
        """For who does not read, or does not go."""
        if self._transport is not None:
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.abort)
