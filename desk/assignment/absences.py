"""Absences: who is away until a time takes no tickets meanwhile, and is back by the clock."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field, with_config
from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk import deadlines
from desk.errors import Invalid, NotFound
from desk.jobs import Job
from desk.outbox import AgentChanged, outbox
from desk.text import Input, Moment, Text
from models import WORKS_HERE, Absence, AvailableSpell, TeamMember, User

STARTS, ENDS = "away_from", "away_until"
LONGEST = timedelta(days=366)

# Now, by the database's clock: so nobody is given anything after they are to be away, whatever has
# become of the worker.
IS_NOW = and_(Absence.starts_at <= func.clock_timestamp(), Absence.ends_at > func.clock_timestamp())
# Of the users of a query, who is away.
IS_AWAY: ColumnElement[bool] = exists().where(Absence.user_id == User.id, IS_NOW)
AGENTS = and_(WORKS_HERE, User.is_active)
# Of those, who takes tickets now.
AVAILABLE = and_(User.available, ~IS_AWAY)
TAKES_TICKETS = and_(AGENTS, AVAILABLE)


class Away(Input):
    """``from``: now, unless it is sent. ``reassign``: what waits for an answer of theirs goes back
    into its queue then.
    """

    model_config = ConfigDict(title="Away")

    from_: Annotated[Moment | MISSING, Field(alias="from", strict=False)] = MISSING
    until: Annotated[Moment, Field(strict=False)]
    reason: Annotated[str, Text(200)] | None = None
    reassign: bool = False


@with_config(title="Absence")
@dataclass(frozen=True, slots=True)
class AbsenceShown:
    """From when and until when somebody is away."""

    user_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str | None
    reassign: bool


def set_away(session: Session, user_id: UUID, away: Away, now: datetime) -> AbsenceShown:
    """In the place of any other absence of theirs.

    Raises `NotFound` (no active staff), `Invalid` (``in_the_past``, ``too_long``).
    """
    starts_at = now if away.from_ is MISSING else max(now, away.from_)
    if away.until <= starts_at:
        raise Invalid("in_the_past", "It ends before it begins", pointer="/until")
    if away.until > now + LONGEST:
        raise Invalid("too_long", "Nobody is away for more than a year", pointer="/until")
    _disarm(session, user_id)
    staff = select(User.id).where(User.id == user_id, AGENTS)
    if session.scalar(staff.with_for_update(key_share=True)) is None:
        raise NotFound("user_not_found", "User not found")
    shown = AbsenceShown(user_id, starts_at, away.until, away.reason, away.reassign)
    values = {
        "starts_at": starts_at,
        "ends_at": away.until,
        "reason": away.reason,
        "reassign": away.reassign,
    }
    row = insert(Absence).values(user_id=user_id, **values)
    session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=values))
    deadlines.arm(session, STARTS, user_id, starts_at)
    deadlines.arm(session, ENDS, user_id, away.until)
    outbox(session).agents.append(AgentChanged(user_id))
    return shown


def show(session: Session, user_id: UUID) -> AbsenceShown:
    """The one that is now, or is to come."""
    query = select(Absence).where(Absence.user_id == user_id)
    found = session.scalar(query.where(Absence.ends_at > func.clock_timestamp()))
    if found is None:
        raise NotFound("not_away", "Nothing is said of an absence")
    return AbsenceShown(user_id, found.starts_at, found.ends_at, found.reason, found.reassign)


def end(session: Session, user_id: UUID) -> bool:
    """Ends an absence, or takes back one that is to come. Whether it was one.

    Before the user is locked: whoever does what is due locks the deadline first, too.
    """
    _disarm(session, user_id)
    gone = delete(Absence).where(Absence.user_id == user_id)
    if session.scalar(gone.returning(Absence.user_id)) is None:
        return False
    outbox(session).agents.append(AgentChanged(user_id))
    note_availability(session, user_id)
    return True


def come_back(session: Session, user_id: UUID) -> None:
    """As `end`; what waits may be theirs."""
    if end(session, user_id):
        start_catching_up(session, user_id)


def start_catching_up(session: Session, user_id: UUID) -> None:
    """For who came, came back or takes more: what waits may be theirs, but not all at once."""
    session.execute(update(User).where(User.id == user_id).values(catching_up=True))
    theirs = update(TeamMember).where(TeamMember.user_id == user_id)
    session.execute(theirs.values(catching_up=True))
    outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)


def note_availability(session: Session, user_id: UUID) -> None:
    """Keeps since when they take tickets, or that they do no more, if that is news."""
    session.flush()  # What was changed a moment ago counts.
    takes = select(User.id).where(User.id == user_id, TAKES_TICKETS)
    is_open = and_(AvailableSpell.user_id == user_id, AvailableSpell.ended_at.is_(None))
    if session.scalar(takes) is None:
        ended = update(AvailableSpell).where(is_open)
        session.execute(ended.values(ended_at=func.clock_timestamp()))
        return
    started = {"id": uuid7(), "user_id": user_id, "started_at": func.clock_timestamp()}
    session.execute(insert(AvailableSpell).values(started).on_conflict_do_nothing())


def _disarm(session: Session, user_id: UUID) -> None:
    # Of two who say it at once the second waits here, and not with locks that the first wants.
    session.execute(select(func.pg_advisory_xact_lock(zlib.crc32(user_id.bytes))))
    for kind in (STARTS, ENDS):
        deadlines.disarm(session, kind, user_id)
