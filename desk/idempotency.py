"""A request that is repeated with its key is carried out once and answered the same.

The key is claimed, the work done and the answer kept in one transaction: there is no moment in
which one of them is stored and another is not, whatever is killed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from desk.errors import Conflict, Invalid
from models import IdempotencyKey

KEPT = timedelta(hours=24)
# A repeat waits this long for the first request to end, then it is told to come back.
PATIENCE = "5s"
# What a key has in place of a status while its work goes on in other transactions, and how long
# after it was last renewed somebody else may take it.
UNFINISHED = 0
CLAIM = timedelta(seconds=30)
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Repeatable:
    """What makes two requests the same. ``body_hashes``: the current one first, then those that
    were made with an earlier secret.
    """

    actor_id: UUID
    key: str
    route: str
    body_hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_repeated: bool = False


def once(
    session: Session, asked: Repeatable, now: datetime, work: Callable[[Session], Answer]
) -> Answer:
    """Does the work, or gives the answer of the first time.

    A work that refuses is not remembered: its transaction is rolled back, the key with it.
    Raises `Invalid` (``idempotency_key_reused``), `Conflict` (``in_progress``).
    """
    if not _claim(session, asked, now):
        return _answered(session.get_one(IdempotencyKey, (asked.actor_id, asked.key)), asked)
    answer = work(session)
    keep(session, asked, answer)
    return answer


def begin(session: Session, asked: Repeatable, now: datetime) -> Answer | None:
    """Claims the key for work that is many transactions; `keep` or `forget` ends it.

    The answer of the first time, if there was one. Raises as `once` does. A claim that nobody has
    renewed for as long as it is good is taken over.
    """
    if _claim(session, asked, now):
        return None
    return _answered(session.get_one(IdempotencyKey, (asked.actor_id, asked.key)), asked)


def renew(session: Session, asked: Repeatable, now: datetime) -> None:
    """Says of a claim that its work goes on."""
    session.execute(update(IdempotencyKey).where(*_claimed(asked)).values(created_at=now))


def keep(session: Session, asked: Repeatable, answer: Answer) -> None:
    """Keeps the answer for those who repeat the request."""
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.actor_id == asked.actor_id, IdempotencyKey.key == asked.key)
        .values(status=answer.status, headers=dict(answer.headers), answer=answer.body)
    )


def forget(session: Session, asked: Repeatable) -> None:
    """Gives a claim back: the work was refused as a whole."""
    session.execute(delete(IdempotencyKey).where(*_claimed(asked)))


def _claimed(asked: Repeatable) -> Sequence[ColumnElement[bool]]:
    return (
        IdempotencyKey.actor_id == asked.actor_id,
        IdempotencyKey.key == asked.key,
        IdempotencyKey.status == UNFINISHED,
    )


def _claim(session: Session, asked: Repeatable, now: datetime) -> bool:
    """Whether the key is new, or old enough to be forgotten. Waits for who claims it just now."""
    new = insert(IdempotencyKey).values(
        actor_id=asked.actor_id,
        key=asked.key,
        route=asked.route,
        body_hash=asked.body_hashes[0],
        status=UNFINISHED,
        headers={},
        answer=b"",
        created_at=now,
    )
    renewed = {name: new.excluded[name] for name in ("route", "body_hash", "created_at", "status")}
    was_left = and_(IdempotencyKey.status == UNFINISHED, IdempotencyKey.created_at < now - CLAIM)
    claim = new.on_conflict_do_update(
        index_elements=[IdempotencyKey.actor_id, IdempotencyKey.key],
        set_=renewed,
        where=or_(IdempotencyKey.created_at < now - KEPT, was_left),
    )
    session.execute(text(f"set local lock_timeout = '{PATIENCE}'"))
    try:
        claimed = session.scalar(claim.returning(IdempotencyKey.key))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise Conflict("in_progress", "The first request with this key is not done") from error
        raise
    session.execute(text("set local lock_timeout to default"))
    return claimed is not None


def earlier(session: Session, asked: Repeatable, now: datetime) -> Answer | None:
    """The answer of the first time, if there was one. Raises `Invalid` as `once` does."""
    stored = session.get(IdempotencyKey, (asked.actor_id, asked.key))
    if stored is None or stored.created_at < now - KEPT:
        return None
    return _answered(stored, asked)


def _answered(stored: IdempotencyKey, asked: Repeatable) -> Answer:
    if stored.route != asked.route or stored.body_hash not in asked.body_hashes:
        raise Invalid("idempotency_key_reused", "This key was used for another request")
    if stored.status == UNFINISHED:
        raise Conflict("in_progress", "The first request with this key is not done")
    return Answer(stored.status, stored.headers, stored.answer, is_repeated=True)


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes what is no longer repeated; the number of keys deleted."""
    mine = tuple_(IdempotencyKey.actor_id, IdempotencyKey.key)
    old = select(IdempotencyKey.actor_id, IdempotencyKey.key)
    old = old.where(IdempotencyKey.created_at < now - KEPT).limit(limit)
    gone = delete(IdempotencyKey).where(mine.in_(old))
    return len(session.scalars(gone.returning(IdempotencyKey.key)).all())
