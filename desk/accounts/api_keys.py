"""Keys for programs: made and deleted by admins, each with an account by whose name it acts.

A key is shown once and stored as its hash. It may never do more than who made it may now.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, Strict
from sqlalchemy import Select, and_, delete, func, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from desk import audit
from desk.access import Actor
from desk.accounts.full_names import FullName
from desk.accounts.key_text import KeyParts
from desk.errors import Conflict, Invalid, NotFound
from desk.outbox import outbox
from desk.statements import Statement, in_array, param
from desk.text import Input, Moment, unique
from models import ApiKey, Role, Scope, User, UserKind

MOST_KEYS = 100
# Names the lock under which they are counted.
COUNTING = zlib.crc32(b"api_keys")
# Its last use is kept to this.
USE_NOTED_EVERY = timedelta(minutes=1)

Stopped = Literal["creator_inactive", "key_expired"]


class NewApiKey(Input):
    name: FullName
    role: Literal["csr", "admin"]
    scopes: Annotated[
        list[Annotated[Scope, Strict(False)]],
        Field(min_length=1, max_length=20),
        AfterValidator(unique),
    ]
    expires_at: Annotated[Moment | None, Field(strict=False)] = None


@dataclass(frozen=True, slots=True)
class ApiKeyView:
    """A key as admins see it. ``user_id``: the account that stands in timelines.
    ``stopped_because``: why it is good for nothing now.
    """

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    role: Role
    scopes: list[str]
    created_by: UUID
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    stopped_because: Stopped | None


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who acts by a key, and what it takes to tell whether it is good."""

    key_id: UUID
    actor: Actor
    hash: bytes
    expires_at: datetime | None
    last_used_at: datetime | None
    # Whether who made the key may still do what its role does.
    is_vouched_for: bool

    @classmethod
    def of(
        cls, user_id: UUID, role: str, key_id: UUID, name: str, scopes: list[str], *more: Any
    ) -> Self:
        known = frozenset(scope for scope in Scope if scope in scopes)
        return cls(key_id, Actor(user_id, Role(role), key_id, name, scopes=known), *more)

    def stopped(self, now: datetime) -> Stopped | None:
        """Why it is good for nothing."""
        return _stopped(self.expires_at, now, is_vouched_for=self.is_vouched_for)

    def is_use_noted(self, now: datetime) -> bool:
        return self.last_used_at is not None and now - self.last_used_at < USE_NOTED_EVERY


def _stopped(expires_at: datetime | None, now: datetime, *, is_vouched_for: bool) -> Stopped | None:
    if not is_vouched_for:
        return "creator_inactive"
    return "key_expired" if expires_at is not None and expires_at <= now else None


def add(session: Session, actor: Actor, new: NewApiKey, key: KeyParts, now: datetime) -> ApiKeyView:
    """Raises `Invalid` (``in_the_past``), `Conflict` (``too_many_keys``)."""
    if new.expires_at is not None and new.expires_at <= now:
        raise Invalid("in_the_past", "It would be over already", pointer="/expires_at")
    # Two that count at once would both find room for one more.
    session.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    if count(session) >= MOST_KEYS:
        raise Conflict("too_many_keys", f"There are {MOST_KEYS} keys already")
    program = User(full_name=new.name, role=Role(new.role), kind=UserKind.PROGRAM)
    program.available = program.notify_email = False
    session.add(program)
    session.flush()  # The key names it.
    row = ApiKey(
        prefix=key.prefix,
        hash=key.hash,
        user_id=program.id,
        scopes=[scope.value for scope in new.scopes],
        created_by=actor.id,
        created_at=now,
        expires_at=new.expires_at,
    )
    session.add(row)
    session.flush()  # The view shows its id.
    audit.record(
        session,
        "key_added",
        actor_id=actor.id,
        subject_type="key",
        subject_id=row.id,
        data={"user_id": str(program.id), "role": new.role, "scopes": [*row.scopes]},
    )
    return _view(row, program.full_name, program.role, None)


def api_keys(
    session: Session, now: datetime, limit: int, after: UUID | None
) -> Sequence[ApiKeyView]:
    """Keys, the oldest first."""
    query = _with_accounts(ApiKey, User.full_name, User.role, IS_VOUCHED_FOR)
    query = query.order_by(ApiKey.id).limit(limit)
    if after is not None:
        query = query.where(ApiKey.id > after)
    return [
        _view(key, name, role, _stopped(key.expires_at, now, is_vouched_for=is_vouched_for))
        for key, name, role, is_vouched_for in session.execute(query)
    ]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ApiKey)) or 0


def remove(session: Session, actor: Actor, key_id: UUID) -> None:
    """Deletes a key, whose sockets end with it. Its account stays, as timelines name it."""
    gone = delete(ApiKey).where(ApiKey.id == key_id).returning(ApiKey.user_id)
    if (user_id := session.scalar(gone)) is None:
        raise NotFound("key_not_found", "Key not found")
    session.execute(update(User).where(User.id == user_id).values(is_active=False))
    outbox(session).ended[key_id] = "key_deleted"
    audit.record(session, "key_removed", actor_id=actor.id, subject_type="key", subject_id=key_id)


def note_use(session: Session, key_id: UUID, now: datetime) -> None:
    """Keeps when it was used last, once a minute whichever processes it was used at."""
    is_due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - USE_NOTED_EVERY)
    session.execute(update(ApiKey).where(ApiKey.id == key_id, is_due).values(last_used_at=now))


def _view(key: ApiKey, name: str, role: Role, stopped: Stopped | None) -> ApiKeyView:
    return ApiKeyView(
        key.id,
        key.user_id,
        name,
        key.prefix,
        role,
        key.scopes,
        key.created_by,
        key.created_at,
        key.last_used_at,
        key.expires_at,
        stopped,
    )


MAKER = aliased(User)
IS_VOUCHED_FOR = and_(
    MAKER.is_active,
    or_(MAKER.role == literal_column(f"'{Role.ADMIN}'"), MAKER.role == User.role),
)


def _with_accounts(*shown: Any) -> Select[*tuple[Any, ...]]:
    """Of keys with their own accounts and those of who made them."""
    of_key = select(*shown).select_from(ApiKey).join(User, User.id == ApiKey.user_id)
    return of_key.join(MAKER, MAKER.id == ApiKey.created_by)


_HOLDERS = _with_accounts(
    User.id,
    User.role,
    ApiKey.id,
    User.full_name,
    ApiKey.scopes,
    ApiKey.hash,
    ApiKey.expires_at,
    ApiKey.last_used_at,
    IS_VOUCHED_FOR,
).where(User.is_active)
# Hardly ever more than one.
BY_PREFIX = Statement.of(_HOLDERS.where(ApiKey.prefix == param("prefix")), KeyHolder.of)
BY_IDS = Statement.of(_HOLDERS.where(in_array(ApiKey.id, "key_ids")), KeyHolder.of)
