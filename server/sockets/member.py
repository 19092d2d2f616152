"""A connected socket, as a member of ticket rooms."""

from uuid import UUID

from aiohttp import web

from desk.access import Actor
from server import keys
from server.identity.tokens import Claims
from wire.channel import NAMESPACE, SIGNED_OUT, TIMELINE, ticket_room
from wire.shapes import SignedOut, TimelineEvent


class SocketMember:
    """One Socket.IO connection."""

    __slots__ = (
        "_live",
        "_presence",
        "_typists",
        "actor",
        "address",
        "expires_at",
        "is_gone",
        "key",
        "session_id",
        "user_id",
    )

    def __init__(self, app: web.Application, sid: str, claims: Claims, address: str) -> None:
        self._live = app[keys.live]
        self._presence = app[keys.presence]
        self._typists = app[keys.typists]
        self.key = sid
        self.actor: Actor
        self.user_id = claims.user_id
        self.address = address
        self.session_id = claims.session_id
        self.expires_at = claims.expires_at
        self.is_gone = False

    async def ready(self) -> None:
        await self._live.server.ready(self.key)

    async def send(self, event: TimelineEvent) -> None:
        if not self.is_gone:
            self._live.emit_here(TIMELINE, event, self.key)

    async def enter(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        await self._live.enter_room(self.key, NAMESPACE, room)
        self._presence.entered(self.actor, ticket_id)

    async def leave(self, ticket_id: UUID) -> None:
        room = ticket_room(ticket_id, self.actor.audience)
        self._live.leave_here(self.key, room)
        self._typists.ended(self.key, ticket_id)
        self._presence.left(self.actor, ticket_id)

    async def sign_out(self, code: str) -> None:
        if not self.is_gone:
            self.is_gone = True
            self._live.server.drop_events(self.key)
            self._live.emit_here(SIGNED_OUT, SignedOut(code), self.key)
            await self._live.server.hang_up(self.key)
