"""Who is asking: a token's session, looked up at most once a second."""

import time
from collections import OrderedDict
from datetime import UTC, datetime
from uuid import UUID

from desk import sessions
from desk.access import Actor
from desk.errors import Unauthenticated
from server.tokens import Claims, Tokens
from server.transaction import Desk

# Seconds that a session is taken for good without looking again.
REMEMBERED = 1.0
MOST_REMEMBERED = 50_000


class Identity:
    def __init__(self, desk: Desk, tokens: Tokens) -> None:
        self._desk = desk
        self._tokens = tokens
        self._seen: OrderedDict[UUID, tuple[float, Actor]] = OrderedDict()

    async def of_token(self, token: str) -> tuple[Actor, Claims]:
        """The actor behind an access token; `Unauthenticated` if it is not good (any more)."""
        claims = self._tokens.read(token, "access")
        return await self.of_session(claims.session_id), claims

    async def of_session(self, session_id: UUID) -> Actor:
        """The actor behind a session; `Unauthenticated` if it is over."""
        clock = time.monotonic()
        seen = self._seen.get(session_id)
        if seen is not None and clock - seen[0] < REMEMBERED:
            return seen[1]
        now = datetime.now(UTC)
        found = await self._desk.fetch(sessions.ACTOR, session_id=session_id, now=now)
        if not found:
            self.forget(session_id)
            raise Unauthenticated("session_ended", "The session is over; log in again")
        actor = found[0]
        self._seen[session_id] = (clock, actor)
        self._seen.move_to_end(session_id)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return actor

    async def look_again(self, session_id: UUID) -> Actor:
        """As `of_session`, from the database."""
        self.forget(session_id)
        return await self.of_session(session_id)

    def forget(self, session_id: UUID) -> None:
        self._seen.pop(session_id, None)
