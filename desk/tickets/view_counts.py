"""How many tickets are in lists, and how many of them have something unread: all in one statement.

Only tickets that are work are counted. Each of them is met once, however many the lists are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import with_config
from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import Session

from desk.access import Audience
from desk.statements import Statement
from desk.tickets.keyset import UNREAD, WORDS, columns_of, conditions
from desk.tickets.matching import Asked
from desk.tickets.views import ME, has_unread
from models import ACTIVE_STATUSES, ReadCursor, Ticket

# What a list asks for, by which its statement is known; and what stands in it for whoever asks.
Key = tuple[tuple[str, Any], ...]
ITS_READER = object()
WORK = sorted(ACTIVE_STATUSES)


@with_config(title="ViewCounts")
@dataclass(frozen=True, slots=True)
class Counts:
    """How many tickets are in a view, and in how many of them something is unread."""

    count: int
    unread: int


def is_counted(asked: Asked) -> bool:
    """Whether a list has only tickets that are work, and can be met without a search."""
    if asked.get("snoozed") is True:  # Whatever sleeps is.
        return WORDS not in asked
    statuses = asked.get("status", ())
    several = statuses if isinstance(statuses, list) else [statuses]
    return WORDS not in asked and bool(statuses) and {*several} <= {*ACTIVE_STATUSES}


def counts(session: Session, me: UUID, lists: Sequence[Asked]) -> list[Counts]:
    """The numbers of each of the lists, which `is_counted`, for one of the staff."""
    found = counting(me, lists).first(session, me=me) if lists else None
    return found or []


def counting(me: UUID, lists: Sequence[Asked]) -> Statement[list[Counts]]:
    """As one statement, which is given ``me``. There is one lists' list, or more."""
    return _prepared(tuple(_as_key(asked, me) for asked in lists))


def _as_key(asked: Asked, me: UUID) -> Key:
    """The same for all who ask it of themselves. That it is work holds for all that is met."""
    return tuple(
        (name, ITS_READER if value == me else tuple(value) if isinstance(value, list) else value)
        for name, value in sorted(asked.items())
        if value != WORK
    )


def _of_key(key: Iterable[tuple[str, Any]]) -> Asked:
    return {
        name: ME if value is ITS_READER else [*value] if isinstance(value, tuple) else value
        for name, value in key
    }


@lru_cache(maxsize=512)
def _prepared(keys: tuple[Key, ...]) -> Statement[list[Counts]]:
    lists = [_of_key(key) for key in keys]
    asked_for = {column for asked in lists for name in asked for column in columns_of(name, Ticket)}
    common = _of_key([item for item in keys[0] if all(item in key for key in keys)])
    read = select(ReadCursor.ticket_id, ReadCursor.seq).where(ReadCursor.user_id == ME)
    cursors = read.offset(0).subquery("cursors")
    unread = _is_unread(ME, func.coalesce(cursors.c.seq, 0)).label("is_unread")
    active = (
        select(Ticket.id, unread, *sorted(asked_for, key=lambda column: str(column.key)))
        .outerjoin(cursors, cursors.c.ticket_id == Ticket.id)
        .where(Ticket.status.in_(ACTIVE_STATUSES), *conditions(common, Ticket))
        # Else what is unread would be found out anew for each of the lists.
        .offset(0)
        .subquery("active")
        .c
    )
    numbers = [number for asked in lists for number in _numbers(asked, active)]
    return Statement.of(select(*numbers), _in_pairs)


def _in_pairs(*numbers: int) -> list[Counts]:
    return [Counts(*numbers[place : place + 2]) for place in range(0, len(numbers), 2)]


def _numbers(asked: Asked, active: Any) -> tuple[ColumnElement[int], ColumnElement[int]]:
    conditions_ = conditions(asked, active)
    if UNREAD in asked:
        conditions_.append(active.is_unread if asked[UNREAD] else ~active.is_unread)
    is_in = and_(true(), *conditions_)
    return (
        func.count(active.id).filter(is_in),
        func.count(active.id).filter(and_(is_in, active.is_unread)),
    )


def _is_unread(me: ColumnElement[UUID], read: ColumnElement[int]) -> ColumnElement[bool]:
    """What the ticket knows of who spoke last says it nearly always, without its events."""
    return case(
        (or_(Ticket.last_seq <= read, Ticket.last_said_seq <= read), False),
        (Ticket.last_said_by != me, True),
        else_=has_unread(me, Audience.STAFF, Ticket.id.expression),
    )
