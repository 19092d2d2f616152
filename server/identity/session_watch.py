"""Open sockets, by the session or the key that opened them: they end when it ends.

A session that is ended anywhere is announced and its sockets are closed at once. As the message
may be lost, the sessions of all sockets here are looked up every `WATCH_SECONDS` as well; so are
the tokens that the sockets live on.
"""

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import structlog

from desk.access import Actor
from desk.accounts import sessions
from desk.errors import Unauthenticated
from desk.statements import ids
from server.background import Background, attempt
from server.database.transaction import Desk
from server.identity.authenticator import Authenticator, setup_required
from server.identity.key_lookup import KeyLookup
from server.identity.tokens import Claims
from server.limits.open_sockets import OpenSockets
from wire.messages import SessionEnded

log = structlog.get_logger("server.identity.session_watch")

# Less than what `server.identity.authenticator` remembers: so who is connected is not looked up one
# by one.
WATCH_SECONDS = 0.9


class Connection(Protocol):
    """An open socket, of whichever kind."""

    # Of whose token, and where it was opened.
    user_id: UUID
    address: str
    # Set when it is admitted.
    actor: Actor
    session_id: UUID
    # When the token expires that the socket lives on.
    expires_at: datetime
    is_gone: bool

    async def sign_out(self, code: str) -> None:
        """Says why, closes; nothing reaches the client after that."""


class SessionWatch:
    """The open sockets of this process by session; closes those of a session that is over."""

    def __init__(
        self,
        desk: Desk,
        authenticator: Authenticator,
        keys: KeyLookup,
        background: Background,
        open_sockets: OpenSockets,
    ) -> None:
        self._desk = desk
        self._open_sockets = open_sockets
        self._background = background
        self._authenticator = authenticator
        self._keys = keys
        self._of_session: defaultdict[UUID, set[Connection]] = defaultdict(set)
        # Those of them that have an actor.
        self._admitted: set[Connection] = set()

    @property
    def count(self) -> int:
        """Sockets that have shown a token; for any thread."""
        return sum(map(len, list(self._of_session.values())))

    async def admit(self, connection: Connection, claims: Claims) -> None:
        """Takes a socket in, by its token. Raises `Unauthenticated` if its session is over, and
        `RateLimited` if its account or address has too many.

        In this order: a session that ends from now on finds the socket, and one that ended
        before is seen, however lately somebody looked.
        """
        self._open_sockets.take_signed_in(connection, connection.user_id, connection.address)
        self._of_session[connection.session_id].add(connection)
        try:
            connection.actor = await self._good(connection, claims)
        except BaseException:
            self.remove(connection)
            raise
        self._admitted.add(connection)

    async def move(self, connection: Connection, claims: Claims) -> None:
        """Has a socket live on a later token, which may be of another session of its person.

        Until that session is known to be good the socket belongs to both, and ends with either.
        Raises `Unauthenticated`, `Unavailable`; then it lives on what it lived on before.
        """
        before, session_id = connection.session_id, claims.session_id
        self._of_session[session_id].add(connection)
        try:
            actor = await self._good(connection, claims)
        except BaseException:
            if session_id != before:
                self._remove(connection, session_id)
            raise
        connection.actor = actor
        connection.session_id, connection.expires_at = session_id, claims.expires_at
        if session_id != before:
            self._remove(connection, before)

    async def _good(self, connection: Connection, claims: Claims) -> Actor:
        actor = await self._authenticator.look_again(claims)
        if connection.is_gone:
            raise Unauthenticated("session_ended", "The session is over; log in again")
        return actor

    def remove(self, connection: Connection) -> None:
        self._admitted.discard(connection)
        self._open_sockets.free(connection)
        self._remove(connection, connection.session_id)

    def _remove(self, connection: Connection, session_id: UUID) -> None:
        remaining = self._of_session[session_id]
        remaining.discard(connection)
        if not remaining:
            del self._of_session[session_id]

    def end(self, ended: SessionEnded) -> None:
        """Closes the sockets of a session that is over. Never waits."""
        self._authenticator.forget(ended.session_id)
        for connection in list(self._of_session.get(ended.session_id, ())):
            self.close(connection, ended.code)

    def close(self, connection: Connection, code: str) -> None:
        """Closes one socket. Never waits."""
        self._background.start(connection.sign_out(code))

    async def watch_forever(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await attempt(self._watch(), log, "sessions not checked")

    async def _watch(self) -> None:
        now = datetime.now(UTC)
        for connections in list(self._of_session.values()):
            for connection in list(connections):
                if connection.expires_at <= now:
                    is_key = connection in self._admitted and connection.actor.is_program
                    self.close(connection, "key_expired" if is_key else "token_expired")
        watched, clock = list(self._of_session), time.monotonic()
        if not watched:
            return
        actors = await self._authenticator.look_up(sessions.ACTORS, session_ids=ids(watched))
        found = {actor.session_id for actor in actors}
        if others := [session_id for session_id in watched if session_id not in found]:
            actors += await self._of_keys(others)
        good = {actor.session_id: actor for actor in actors if actor.session_id}
        self._authenticator.remember(actors, clock)
        for session_id, actor in good.items():
            for connection in self._of_session.get(session_id, set()) & self._admitted:
                if connection.actor.role is not actor.role:  # It is in rooms of the other one.
                    self.close(connection, "role_changed")
                elif actor.must_set_up:  # Their second factor was taken away.
                    self.close(connection, setup_required().code)
        if missing := [session_id for session_id in watched if session_id not in good]:
            over = await self._desk.read(sessions.over, missing, now)
            for session_id, code in over.items():
                self.end(SessionEnded(session_id, code))

    async def _of_keys(self, key_ids: list[UUID]) -> list[Actor]:
        """Who acts by those of them that are good keys; the sockets of others that are keys end."""
        stopped = await self._keys.stopped(key_ids)
        for holder, code in stopped.items():
            if code is not None:
                self.end(SessionEnded(holder.key_id, code))
        return [holder.actor for holder, code in stopped.items() if code is None]
