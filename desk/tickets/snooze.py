"""Snoozing: a ticket is no work until a time, or until its customer writes."""

from collections.abc import Container
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import Actor
from desk.database import clock
from desk.deadlines import Due
from desk.errors import Conflict, Invalid
from desk.events import NotePosted
from desk.snooze_events import Snoozed, Woke
from desk.text import Content, Input, Moment
from desk.tickets import tickets, timeline
from desk.tickets.views import TicketView
from models import Ticket

DEADLINE = "snooze"
LONGEST = timedelta(days=366)


Until = Annotated[Moment, Field(strict=False)]
WakeOnReply = Annotated[bool, Field(description="Whether it wakes as soon as its customer writes.")]


class Snooze(Input):
    """``note``: an internal note that is written with it."""

    model_config = ConfigDict(title="Snooze")

    until: Until
    wake_on_reply: WakeOnReply = True
    note: Content | None = None


class LaterSnooze(Input):
    """A snooze that is kept for later: so many minutes from when it is done, or until a time."""

    model_config = ConfigDict(title="LaterSnooze", json_schema_extra={"example": {"minutes": 60}})

    minutes: Annotated[int, Field(ge=1, le=LONGEST // timedelta(minutes=1))] | MISSING = MISSING
    until: Until | MISSING = MISSING
    wake_on_reply: WakeOnReply = True

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.minutes is MISSING) == (self.until is MISSING):
            raise Invalid("invalid", "Send either minutes or until", pointer="/minutes")
        return self

    def at(self, now: datetime) -> Snooze:
        """What it comes to where it is done now."""
        until = self.until
        if self.minutes is not MISSING:
            until = now + timedelta(minutes=self.minutes)
        assert until is not MISSING
        return Snooze(until=until, wake_on_reply=self.wake_on_reply)


def snooze(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    sent: Snooze,
    now: datetime | None,
    versions: Container[int] | None = None,
) -> TicketView:
    """In the place of what was said of its sleep before.

    Raises `NotFound`, `Stale`, `Conflict` (``not_active``), `Invalid` (``in_the_past``,
    ``too_long``).
    """
    ticket = tickets.held(session, actor, ticket_id)
    tickets.expect_version(session, actor, ticket, versions)
    set_snooze(session, actor, ticket, sent, now)
    return tickets.view(session, actor, ticket)


def set_snooze(
    session: Session, actor: Actor, ticket: Ticket, sent: Snooze, now: datetime | None
) -> None:
    """As `snooze`, of a ticket that is held."""
    at = clock(session, now)
    if sent.until <= at:
        raise Invalid("in_the_past", "That time is over", pointer="/until")
    if sent.until > at + LONGEST:
        raise Invalid("too_long", "No ticket sleeps for more than a year", pointer="/until")
    if not tickets.is_active(ticket):
        raise Conflict("not_active", "Only a ticket that is open or in progress can be snoozed")
    if sent.note is not None:
        noted = NotePosted(client_id=None, content=sent.note)
        timeline.record(session, ticket, noted, actor.id, now)
    if (ticket.snoozed_until, ticket.wakes_on_reply) == (sent.until, sent.wake_on_reply):
        return
    ticket.snoozed_until, ticket.wakes_on_reply = sent.until, sent.wake_on_reply
    deadlines.arm(session, DEADLINE, ticket.id, sent.until, ticket_id=ticket.id)
    event = Snoozed(until=sent.until, wake_on_reply=sent.wake_on_reply)
    timeline.record(session, ticket, event, actor.id, now)


def set_later(
    session: Session, actor: Actor, ticket: Ticket, sent: LaterSnooze, now: datetime | None
) -> None:
    """As `set_snooze`, of what was kept."""
    at = clock(session, now)
    set_snooze(session, actor, ticket, sent.at(at), at)


def end_snooze(
    session: Session, actor: Actor, ticket_id: UUID, versions: Container[int] | None = None
) -> TicketView:
    """Wakes it now; what is awake stays so. Raises `NotFound`, `Stale`."""
    ticket = tickets.held(session, actor, ticket_id)
    tickets.expect_version(session, actor, ticket, versions)
    wake(session, ticket, actor.id, actor.id, None)
    return tickets.view(session, actor, ticket)


def wake_by_customer(session: Session, actor: Actor, ticket: Ticket, now: datetime | None) -> None:
    """They have written on the ticket, which is held."""
    if ticket.wakes_on_reply:
        wake(session, ticket, "customer", actor.id, now)


def wake_by_clock(session: Session, due: Due, _: datetime) -> None:
    """Whoever does what is due has locked the ticket."""
    ticket = session.get_one(Ticket, due.ticket_id, populate_existing=True)
    wake(session, ticket, "clock", None, None)


def wake(
    session: Session,
    ticket: Ticket,
    by: Literal["clock", "customer"] | UUID,
    actor_id: UUID | None,
    now: datetime | None,
) -> None:
    if ticket.snoozed_until is None:
        return
    ticket.snoozed_until = None
    deadlines.disarm(session, DEADLINE, ticket.id)
    timeline.record(session, ticket, Woke(by=by), actor_id, now)
