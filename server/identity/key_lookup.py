"""Who acts by a program's key: asked of the database, and its use noted meanwhile."""

import hmac
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import structlog

from desk.accounts import api_keys, key_text
from desk.accounts.api_keys import KeyHolder
from desk.accounts.key_text import KeyParts
from desk.errors import Unauthenticated
from desk.statements import ids
from server.background import Background, attempt
from server.database.transaction import Desk
from server.limits import shared
from server.limits.shared import RateLimits

log = structlog.get_logger("server.identity.key_lookup")

WHY_STOPPED = {
    "creator_inactive": "Who made the key may no longer do what it does",
    "key_expired": "The key has expired",
}


class KeyLookup:
    """Finds keys by what a program sends, and by their ids."""

    def __init__(self, desk: Desk, background: Background, limits: RateLimits) -> None:
        self._desk = desk
        self._background = background
        self._limits = limits

    async def find(self, key: KeyParts, address: str) -> KeyHolder:
        """The holder of a key; `Unauthenticated` if it is not good (any more), `RateLimited` where
        an address tries too many.
        """
        self._limits.spend_here(shared.TRY_KEY, address)
        found = await self._desk.fetch(api_keys.BY_PREFIX, prefix=key.prefix)
        same = (each for each in found if hmac.compare_digest(each.hash, key.hash))
        return self._good(next(same, None))

    async def by_id(self, key_id: UUID) -> KeyHolder | None:
        """The holder of a key that was good a moment ago; None if it is deleted, or is no key's id.
        Raises `Unauthenticated` if it is good for nothing.
        """
        found = await self._desk.fetch(api_keys.BY_IDS, key_ids=ids([key_id]))
        return self._good(found[0]) if found else None

    async def stopped(self, key_ids: Collection[UUID]) -> dict[KeyHolder, str | None]:
        """Those of the keys that there are, and why each is good for nothing, if it is."""
        now = datetime.now(UTC)
        found = await self._desk.fetch(api_keys.BY_IDS, key_ids=ids(key_ids))
        for holder in found:
            self._note_use(holder, now)
        return {holder: holder.stopped(now) for holder in found}

    def _good(self, holder: KeyHolder | None) -> KeyHolder:
        if holder is None:
            raise no_key()
        now = datetime.now(UTC)
        if (why := holder.stopped(now)) is not None:
            raise Unauthenticated(why, WHY_STOPPED[why])
        self._note_use(holder, now)
        return holder

    def _note_use(self, holder: KeyHolder, now: datetime) -> None:
        """Nobody waits for it."""
        if not holder.is_use_noted(now):
            noting = self._desk.run(api_keys.note_use, holder.key_id, now)
            self._background.start(attempt(noting, log, "use of a key not noted"))


def parts(key: str) -> KeyParts:
    """What is looked up of a key; `Unauthenticated` if it has a typo."""
    if (found := key_text.parts(key)) is None:
        raise no_key()
    return found


def no_key() -> Unauthenticated:
    return Unauthenticated("invalid_token", "The key is not valid")
