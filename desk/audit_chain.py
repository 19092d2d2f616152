"""Seals the entries of the audit log into a chain, and finds where it was broken.

Each seal is a hash over its entry and the seal before it. Entries are sealed as they are found,
which need not be in the order of their times: one may be committed late.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from desk import audit
from desk.errors import Conflict
from desk.text import Moment
from models import AuditEntry, AuditHead

BATCH = 500
VERIFIED_AT_ONCE = 5_000
GENESIS = bytes(32)
# What is unsealed for longer has no sealer.
PATIENCE = timedelta(minutes=1)
# The entry of a prune: what it left seals of stands in its data.
PRUNED = "audit_pruned"
IS_UNSEALED = AuditEntry.chain.is_(None)

Place = Annotated[int, Field(strict=True, ge=1)]
Seal = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain, and its seal there."""

    chain: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.chain}:{self.hash.hex()}"


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain is not as it was sealed. ``entry_id``: None if it is gone."""

    what: Literal["edited", "put in", "taken out"]
    chain: int
    entry_id: UUID | None = None


@dataclass(slots=True)
class Verified:
    """``sealed``: the entries that are well; ``until``: when the last of them was written."""

    head: Head
    sealed: int = 0
    until: datetime | None = None
    broken: Broken | None = None
    # Longer than `PATIENCE`.
    unsealed: int = 0
    unsealed_since: datetime | None = None
    pruned_before: datetime | None = None
    # An entry that has the action of a prune, and not its data.
    no_prune: UUID | None = None

    @property
    def is_well(self) -> bool:
        return self.broken is None and not self.unsealed and self.no_prune is None


class PruneData(BaseModel):
    """What the entry of a prune says, as far as the chain needs it."""

    before: Moment
    seals: list[tuple[Place, Seal]]


def has_unsealed(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(IS_UNSEALED))))


def seal(session: Session) -> int:
    """Seals `BATCH` entries at most; how many: none while somebody else is at it.

    Who writes an entry waits for none of this: the lock is on the head alone. Raises as `head`.
    """
    locked = free_head(session)
    return 0 if locked is None else seal_after(session, locked)


def head(session: Session, *, lock: bool = False) -> AuditHead:
    """Raises `Conflict` (``audit_head_missing``)."""
    query = select(AuditHead)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise Conflict(
            "audit_head_missing",
            "audit_head has no row, so nothing is sealed: put it back (docs/audit.md), "
            "and find out who took it away",
        )
    return found


def free_head(session: Session) -> AuditHead | None:
    """Locked; None while somebody else has it. Raises as `head`."""
    found = session.scalar(select(AuditHead).with_for_update(skip_locked=True))
    if found is None:
        head(session)
    return found


def seal_after(session: Session, head: AuditHead) -> int:
    """For who has locked the head."""
    found = select(AuditEntry).where(IS_UNSEALED).order_by(AuditEntry.at, AuditEntry.id)
    entries = session.scalars(found.limit(BATCH)).all()
    for entry in entries:
        head.chain += 1
        head.hash = entry.hash = seal_of(entry, head.chain, head.hash)
        entry.chain = head.chain
    return len(entries)


def seal_of(entry: AuditEntry, chain: int, before: bytes) -> bytes:
    """SHA-256 of the seal before and of all that the entry says, its place included."""
    said = [
        chain,
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        None if entry.actor_id is None else str(entry.actor_id),
        entry.action,
        entry.subject_type,
        entry.subject_id,
        entry.data,
        None if entry.address_hash is None else entry.address_hash.hex(),
    ]
    text = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(before + len(text).to_bytes(8) + text).digest()


def verify(
    session: Session,
    known: Mapping[int, bytes],
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Verified:
    """Walks the chain from its begin to its head, or to where it is broken.

    ``known``: seals by their places, from outside of the database. ``progress``: called with how
    many entries were walked, of about how many. The session should see one state of the database.
    Raises as `head`, and `ValueError` or `RecursionError` for data that cannot be read.
    """
    last = head(session)
    verified = Verified(Head(last.chain, last.hash))
    walk = _Walk(verified, _left_by_prunes(session, verified), known)
    done = 0
    for entries in _batches(session):
        if not all(map(walk.is_well, entries)):
            break
        done += len(entries)
        progress(done, last.chain)
        session.expunge_all()
    else:
        walk.end()
    _tell_twins_apart(session, verified)
    verified.unsealed, verified.unsealed_since = unsealed(session, now)
    return verified


def unsealed(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """How many entries have waited for longer than `PATIENCE`, and since when."""
    late = (IS_UNSEALED, AuditEntry.at < now - PATIENCE)
    query = select(func.count(), func.min(AuditEntry.at.expression)).where(*late)
    count, since = session.execute(query).one()
    return count, since


def _tell_twins_apart(session: Session, verified: Verified) -> None:
    """Of two entries in one place the first that is met has the wrong seal, or none of its own."""
    broken = verified.broken
    if broken is not None and broken.what == "edited":
        there = select(func.count()).select_from(AuditEntry)
        if session.scalars(there.where(AuditEntry.chain == broken.chain)).one() > 1:
            verified.broken = Broken("put in", broken.chain, broken.entry_id)


def _batches(session: Session) -> Iterator[list[AuditEntry]]:
    in_order = (AuditEntry.chain, AuditEntry.at, AuditEntry.id)
    after = -1 << 62
    while True:
        # Where one place was given out twice, whoever has it is in one batch.
        last = select(AuditEntry.chain).where(AuditEntry.chain > after).order_by(AuditEntry.chain)
        until = session.scalar(select(func.max(last.limit(VERIFIED_AT_ONCE).subquery().c.chain)))
        if until is None:
            return
        found = select(AuditEntry).where(AuditEntry.chain > after, AuditEntry.chain <= until)
        yield list(session.scalars(found.order_by(*in_order)))
        after = until


def _left_by_prunes(session: Session, verified: Verified) -> dict[int, bytes]:
    """The seals before which a prune dropped entries. What says so is a part of the chain."""
    left: dict[int, bytes] = {}
    prunes = select(AuditEntry.id, AuditEntry.data).where(AuditEntry.action == PRUNED, ~IS_UNSEALED)
    for entry_id, data in session.execute(prunes):
        try:
            said = PruneData.model_validate(data)
        except ValidationError:
            verified.no_prune = entry_id
            continue
        left |= {place: bytes.fromhex(seal) for place, seal in said.seals}
        verified.pruned_before = max(said.before, verified.pruned_before or said.before)
    return left


@dataclass(slots=True)
class _Walk:
    verified: Verified
    pruned: Mapping[int, bytes]
    known: Mapping[int, bytes]
    place: Head = field(default_factory=lambda: Head(0, GENESIS))

    def is_well(self, entry: AuditEntry) -> bool:
        """Goes on by one entry; False where the chain is broken there."""
        assert entry.chain is not None
        assert entry.hash is not None
        before = self._before(entry.chain)
        if before is None:
            return self._is_broken("taken out", self.place.chain + 1)
        if entry.chain <= self.place.chain or self._was_pruned(entry):
            return self._is_broken("put in", entry.chain, entry.id)
        as_known = self.known.get(entry.chain, entry.hash) == entry.hash
        is_sealed = seal_of(entry, entry.chain, before) == entry.hash
        if not (as_known and is_sealed and _has_own_address(entry)):
            return self._is_broken("edited", entry.chain, entry.id)
        self.place = Head(entry.chain, entry.hash)
        self.verified.sealed += 1
        self.verified.until = entry.at
        return True

    def end(self) -> None:
        """Whether the chain ends where its head, and who kept a seal of it, says."""
        head = self.verified.head
        if self.pruned.get(head.chain) == head.hash and head.chain > self.place.chain:
            self.place = head
        longest = max(head.chain, *self.known, 0)
        if self.place.chain < longest:
            self._is_broken("taken out", self.place.chain + 1)
        elif self.place != head:
            self._is_broken("put in", self.place.chain)

    def _before(self, chain: int) -> bytes | None:
        """The seal before a place; None if its entry is gone, and no prune has it on record."""
        is_next = chain <= self.place.chain + 1
        return self.place.hash if is_next else self.pruned.get(chain - 1)

    def _was_pruned(self, entry: AuditEntry) -> bool:
        """A prune that says it dropped all before a time has left no older entry."""
        before = self.verified.pruned_before
        return before is not None and entry.at < before

    def _is_broken(
        self,
        what: Literal["edited", "put in", "taken out"],
        chain: int,
        entry_id: UUID | None = None,
    ) -> bool:
        self.verified.broken = Broken(what, chain, entry_id)
        return False


def _has_own_address(entry: AuditEntry) -> bool:
    """Or none any more."""
    hashed = audit.address_hash(entry.address_salt, entry.address)
    return hashed is None or hashed == entry.address_hash
