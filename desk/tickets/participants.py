"""Customers on copy: a ticket is their own as it is its customer's, until they are taken off."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from desk.access import Actor, copied_ids, owns
from desk.errors import Conflict, Invalid
from desk.people_events import ParticipantsChanged
from desk.rows import PersonName
from desk.tickets import people, tickets, timeline
from desk.tickets.people import Person
from desk.tickets.views import TicketView
from models import Role, Ticket, User

# On one ticket.
MOST_PARTICIPANTS = 50
# Of one person: all of these are looked up for a page of their list.
MOST_COPIES = 2_000


def participants(session: Session, actor: Actor, ticket_id: UUID) -> Sequence[Person]:
    """Who is on copy, by their names. Raises `NotFound`."""
    return people.among(session, tickets.get(session, actor, ticket_id).participant_ids)


def others(session: Session, actor: Actor, ticket: TicketView) -> list[str]:
    """The names of those who read along with one whose own the ticket is."""
    among: list[PersonName | Person] = [ticket.customer, *participants(session, actor, ticket.id)]
    return [person.full_name for person in among if person.id != actor.id]


def put(
    session: Session, actor: Actor, ticket_id: UUID, user_id: UUID, now: datetime | None
) -> Person:
    """Puts an active customer on copy, whose own the ticket is from then on. Once is enough.

    Raises `NotFound`, `Invalid` (``not_a_customer``), `Conflict` (``too_many_participants``,
    ``too_many_copies``).
    """
    ticket = tickets.held(session, actor, ticket_id)
    is_customer = (User.id == user_id, User.role == Role.USER, User.is_active)
    if session.scalar(select(User.id).where(*is_customer)) is None:
        raise Invalid("not_a_customer", "Not an active customer", pointer="/participant")
    add(session, actor, ticket, [user_id], now)
    [person] = people.among(session, [user_id])
    return person


def add(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    user_ids: Sequence[UUID],
    now: datetime | None,
) -> None:
    """Puts those of the people on copy of a ticket that is held whose own it is not."""
    added = [user_id for user_id in dict.fromkeys(user_ids) if not owns(ticket, user_id)]
    if not added:
        return
    if len(ticket.participant_ids) + len(added) > MOST_PARTICIPANTS:
        raise Conflict("too_many_participants", f"At most {MOST_PARTICIPANTS} are on copy")
    for user_id in added:
        copies = copied_ids(literal(user_id, User.id.type)).subquery()
        if (session.scalar(select(func.count()).select_from(copies)) or 0) >= MOST_COPIES:
            raise Conflict("too_many_copies", f"Somebody is on copy of {MOST_COPIES} tickets")
    ticket.participant_ids = [*ticket.participant_ids, *added]
    event = ParticipantsChanged(added=added, removed=[])
    timeline.record(session, ticket, event, actor.id, now)


def replace(session: Session, before: UUID, after: UUID, now: datetime | None) -> None:
    """Has somebody be on copy wherever another was, who is known to be the same."""
    theirs = select(Ticket).where(Ticket.id.in_(copied_ids(literal(before, User.id.type))))
    for ticket in session.scalars(tickets.locked(theirs.order_by(Ticket.id))):
        added = [] if owns(ticket, after) else [after]
        left = [each for each in ticket.participant_ids if each != before]
        ticket.participant_ids = [*left, *added]
        event = ParticipantsChanged(added=added, removed=[before])
        timeline.record(session, ticket, event, None, now)


def take_off(
    session: Session, actor: Actor, ticket_id: UUID, user_id: UUID, now: datetime | None
) -> None:
    """Ends that the ticket is theirs, and what was merged into it; who is not on copy stays so.

    Raises `NotFound`.
    """
    ticket, parts = _held_with_parts(session, actor, ticket_id)
    for each in (ticket, *parts):
        remove(session, actor, each, [user_id], now)


def _held_with_parts(
    session: Session, actor: Actor, ticket_id: UUID
) -> tuple[Ticket, list[Ticket]]:
    """As `tickets.held`, and what was merged into it, locked in the order of all ids."""
    while True:
        # What was locked in vain is free again after it.
        with session.begin_nested() as attempt:
            by_id = tickets.all_held(session, {ticket_id, *tickets.parts(session, ticket_id)})
            parts = tickets.parts(session, ticket_id)
            # Another may have been merged into it before it was locked.
            if parts <= by_id.keys():
                return tickets.held(session, actor, ticket_id), [by_id[part] for part in parts]
            attempt.rollback()


def remove(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    user_ids: Sequence[UUID],
    now: datetime | None,
) -> None:
    """Takes those of the people off a ticket that is held who are on copy of it."""
    removed = [user_id for user_id in ticket.participant_ids if user_id in user_ids]
    if not removed:
        return
    ticket.participant_ids = [each for each in ticket.participant_ids if each not in removed]
    event = ParticipantsChanged(added=[], removed=removed)
    timeline.record(session, ticket, event, actor.id, now)
