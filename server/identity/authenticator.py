"""Who is asking: a token's session, or a program's key, looked up at most once a second."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from desk.access import Actor
from desk.accounts import sessions
from desk.accounts.key_text import MARK
from desk.errors import Forbidden, Unauthenticated
from desk.statements import Statement
from server.database.transaction import Desk
from server.identity import key_lookup
from server.identity.key_lookup import KeyLookup
from server.identity.tokens import Claims, Tokens

# Seconds that a session is taken for good without looking again.
REMEMBERED = 1.0
MOST_REMEMBERED = 20_000
# When a key ends that is good until it is deleted.
NEVER = datetime.max.replace(tzinfo=UTC)

K = TypeVar("K")
V = TypeVar("V")


class Authenticator:
    """Finds the actor behind a token, a session or a key, and remembers all for a while. A key's id
    stands where a session's does.
    """

    def __init__(self, desk: Desk, tokens: Tokens, keys: KeyLookup, *, needs_factor: bool) -> None:
        """``needs_factor``: whether the staff may do nothing without a second factor."""
        self._desk = desk
        self._needs_factor = needs_factor
        self._tokens = tokens
        self._keys = keys
        self._seen: OrderedDict[UUID, tuple[float, Actor]] = OrderedDict()
        # Signatures that were verified: a client sends the same token for minutes.
        self._claims: OrderedDict[str, Claims] = OrderedDict()
        # Keys that were found, by their hashes.
        self._of_keys: OrderedDict[bytes, Claims] = OrderedDict()

    async def of_token(
        self, token: str, address: str, *, for_setup: bool = False
    ) -> tuple[Actor, Claims]:
        """The actor behind an access token or a key; `Unauthenticated` if it is not good (any
        more). ``address``: where it comes from, as what is looked up costs the database.

        Raises as `of_session`.
        """
        claims = await self.claims_of(token, address)
        actor = await self.of_session(claims.session_id, for_setup=for_setup)
        return _named(actor, claims), claims

    async def claims_of(self, token: str, address: str) -> Claims:
        """As `claims`, or what there is to say of a key."""
        if not token.startswith(MARK):
            return self.claims(token)
        key = key_lookup.parts(token)
        claims = self._of_keys.get(key.hash)
        if claims is None or not self._is_fresh(claims.session_id):
            clock = time.monotonic()
            holder = await self._keys.find(key, address)
            until = holder.expires_at or NEVER
            claims = Claims(holder.actor.id, holder.key_id, generation=0, expires_at=until)
            _put(self._of_keys, key.hash, claims)
            _put(self._seen, holder.key_id, (clock, holder.actor))
        return claims

    def claims(self, token: str) -> Claims:
        """What an access token says; whether its session is over is another question."""
        claims = self._claims.get(token)
        # Whether an expired one is still good for a moment the library says.
        if claims is None or claims.expires_at <= datetime.now(UTC):
            claims = self._tokens.read(token, "access")
            _put(self._claims, token, claims)
        return claims

    async def of_session(self, session_id: UUID, *, for_setup: bool = False) -> Actor:
        """The actor behind a session or a key; `Unauthenticated` if it is over.

        Raises `Forbidden` where they have to set up a second factor before they may do anything,
        unless it is ``for_setup`` that they are asked for.
        """
        actor = await self._remembered(session_id)
        if actor.must_set_up and not for_setup:
            raise setup_required()
        return actor

    async def _remembered(self, session_id: UUID) -> Actor:
        clock = time.monotonic()
        if self._is_fresh(session_id):
            return self._seen[session_id][1]
        self.forget(session_id)
        actors = await self.look_up(sessions.ACTOR, session_id=session_id)
        if not actors and (holder := await self._keys.by_id(session_id)):
            actors = [holder.actor]
        if not actors:
            raise Unauthenticated("session_ended", "The session is over; log in again")
        actor = actors[0]
        _put(self._seen, session_id, (clock, actor))
        return actor

    def _is_fresh(self, session_id: UUID) -> bool:
        seen = self._seen.get(session_id)
        return seen is not None and time.monotonic() - seen[0] < REMEMBERED

    async def look_up(self, statement: Statement[Actor], **which: object) -> list[Actor]:
        """The actors behind sessions, from the database."""
        return await self._desk.fetch(
            statement, now=datetime.now(UTC), needs_factor=self._needs_factor, **which
        )

    def remember(self, actors: Iterable[Actor], clock: float) -> None:
        """Goes on remembering sessions that were found good at a time of the monotonic clock."""
        for actor in actors:
            session_id = actor.session_id
            if session_id is not None and session_id in self._seen:
                self._seen[session_id] = (clock, actor)

    async def look_again(self, claims: Claims) -> Actor:
        """The actor of a token or a key, from the database."""
        self.forget(claims.session_id)
        return _named(await self.of_session(claims.session_id), claims)

    def forget(self, session_id: UUID) -> None:
        self._seen.pop(session_id, None)


def setup_required() -> Forbidden:
    detail = "Set up a second factor or a passkey at /account/second_factor first"
    return Forbidden("second_factor_setup_required", detail)


def _named(actor: Actor, claims: Claims) -> Actor:
    """The actor of a session, if the token names them; `Unauthenticated` if it names another."""
    if actor.id != claims.user_id:
        raise Unauthenticated("invalid_token", "The token is not of its session's account")
    return actor


def _put(remembered: OrderedDict[K, V], key: K, value: V) -> None:
    remembered[key] = value
    remembered.move_to_end(key)
    if len(remembered) > MOST_REMEMBERED:
        remembered.popitem(last=False)
