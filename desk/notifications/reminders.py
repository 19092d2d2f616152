"""Reminders: a person is told of a ticket at a time, and nobody else knows of that."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk import deadlines
from desk.access import Actor, numbered, visible
from desk.database import clock
from desk.deadlines import Due
from desk.errors import Invalid, NotFound
from desk.notifications import inbox
from desk.text import Input, Moment, Text
from models import Event, Reminder, Ticket, User

DEADLINE = "reminder"
LONGEST = timedelta(days=366)


class Remind(Input):
    """``note``: what of; nobody else reads it."""

    model_config = ConfigDict(title="Remind")

    at: Annotated[Moment, Field(strict=False)]
    note: Annotated[str, Text(200)] | None = None


def set_reminder(
    session: Session, actor: Actor, ticket_id: UUID, sent: Remind, now: datetime | None = None
) -> None:
    """In the place of an earlier one of theirs.

    Raises `NotFound`, `Invalid` (``in_the_past``, ``too_long``).
    """
    _hold(session, actor, ticket_id)
    asked_at = clock(session, now)
    if sent.at <= asked_at:
        raise Invalid("in_the_past", "That time is over", pointer="/at")
    if sent.at > asked_at + LONGEST:
        raise Invalid("too_long", "Nobody is reminded after more than a year", pointer="/at")
    row = insert(Reminder).values(id=uuid7(), ticket_id=ticket_id, user_id=actor.id, note=sent.note)
    row = row.on_conflict_do_update(
        index_elements=["ticket_id", "user_id"], set_={"note": sent.note}
    )
    subject_id = session.scalars(row.returning(Reminder.id)).one()
    deadlines.arm(session, DEADLINE, subject_id, sent.at, ticket_id=ticket_id)


def remove(session: Session, actor: Actor, ticket_id: UUID) -> None:
    """Theirs, if there is one. Raises `NotFound` for a ticket that they do not see."""
    _hold(session, actor, ticket_id)
    mine = delete(Reminder).where(Reminder.ticket_id == ticket_id, Reminder.user_id == actor.id)
    subject_id = session.scalar(mine.returning(Reminder.id))
    if subject_id is not None:
        deadlines.disarm(session, DEADLINE, subject_id)


def remind(session: Session, due: Due, now: datetime) -> None:
    """Whoever does what is due has locked the ticket. Who sees it no more is not reminded."""
    gone = delete(Reminder).where(Reminder.id == due.subject_id)
    found = session.execute(gone.returning(Reminder.user_id, Reminder.note)).one_or_none()
    if found is None:
        return
    user = session.get_one(User, found.user_id)
    actor = Actor(user.id, user.role)
    ticket = session.scalar(select(Ticket).where(Ticket.id == due.ticket_id, visible(actor)))
    if ticket is None or not user.is_active:
        return
    # What a mail is shown beside, and what it is judged by: something that they may read.
    newest = select(func.max(Event.seq)).where(
        Event.ticket_id == ticket.id, numbered(actor.audience).is_not(None)
    )
    inbox.remind(session, ticket, user.id, found.note, session.scalars(newest).one(), now)


def _hold(session: Session, actor: Actor, ticket_id: UUID) -> None:
    """The ticket's lock: who arms a deadline of a ticket has it."""
    query = select(Ticket.id).where(Ticket.id == ticket_id, visible(actor))
    if session.scalar(query.with_for_update(key_share=True)) is None:
        raise NotFound("ticket_not_found", "Ticket not found")
