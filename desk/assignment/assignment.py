"""Giving tickets to CSRs: fairly and by itself, or by hand."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, ConfigDict, Strict
from sqlalchemy import cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import decisions, queue
from desk.assignment.decisions import ByHand
from desk.assignment.strategies import Candidate, Strategy, caught_up, choose
from desk.errors import Conflict, Invalid
from desk.events import Assigned
from desk.text import Id, Input
from desk.tickets import tickets, timeline
from desk.tickets.views import TicketView
from models import AssignmentCursor, Priority, Role, Status, Ticket, User

__all__ = [
    "BATCH",
    "Assign",
    "Strategy",
    "assign",
    "choose",
    "claim",
    "drain",
    "lock_cursor",
    "release",
    "waiting",
]

BATCH = 25
# Of so many that are next, those are left out that somebody has locked.
REACH = 2 * BATCH


class Assign(Input):
    """``assignee_id`` null puts the ticket back into the queue."""

    model_config = ConfigDict(title="Assignment")

    assignee_id: Id | None
    priority: Annotated[Priority | None, Strict(False)] | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class Decision:
    """How somebody was chosen, among whom, and by whom; None is the desk itself."""

    how: Strategy | ByHand
    by: UUID | None = None
    candidates: Sequence[Candidate] = ()


def lock_cursor(session: Session) -> AssignmentCursor:
    """Waits until nobody else assigns. Always the first lock: cursor, then ticket, then user.

    In a statement of its own, so that whatever is read next is read after the wait. Read in the
    same statement it would be as old as the wait was long, and the counts no longer fair.
    """
    query = select(AssignmentCursor).with_for_update()
    return session.scalars(query).one()


def drain(
    session: Session,
    strategy: Strategy,
    now: datetime | None,
    random: Random,
    *,
    only: UUID | None = None,
    but: Collection[UUID] = (),
) -> int:
    """Assigns up to `BATCH` waiting tickets, customers taking turns; the number that it could.

    A full batch may have left more behind. Harmless to repeat: an assigned ticket no longer
    waits, and a locked one is left to the next time. ``only``, ``but``: of all tickets only this
    one, or none of these.
    """
    cursor = lock_cursor(session)
    if only is None:
        upcoming = queue.following(session, cursor.looked_at, but, REACH)
        cursor.looked_at = upcoming.after
        waiting = _locked(session, upcoming.tickets)
    else:
        waiting = _locked(session, [only])
    if not waiting:
        return 0
    csrs = _locked_csrs(session)
    candidates = _candidates(session, csrs.values())
    for done, ticket in enumerate(waiting):
        _settle(csrs, candidates)
        # Nobody answers themselves while somebody else can.
        others = [each for each in candidates if each.user_id != ticket.user_id]
        chosen = choose(strategy, others, random) or choose(strategy, candidates, random)
        if chosen is None:
            return done
        user = csrs[chosen.user_id]
        _give(session, ticket, user, Decision(strategy, None, candidates), now)
        cursor.turn += 1
        user.turn = chosen.turn = cursor.turn
        chosen.open_tickets += 1
    return len(waiting)


def waiting(session: Session, but: Collection[UUID] = ()) -> Sequence[UUID]:
    """The tickets that `drain` would look at, without a lock."""
    looked_at = session.scalar(select(AssignmentCursor.looked_at))
    return queue.following(session, looked_at, but, REACH).tickets[:BATCH]


def _locked(session: Session, ids: Sequence[UUID]) -> Sequence[Ticket]:
    """The first of the tickets that nobody has locked, as they are now and if they still wait."""
    place = func.array_position(cast(ids, ARRAY(Ticket.id.type)), Ticket.id)
    query = select(Ticket).where(Ticket.id.in_(ids), tickets.WAITING)
    return session.scalars(tickets.locked(query.order_by(place).limit(BATCH), skip=True)).all()


def _locked_csrs(session: Session) -> dict[UUID, User]:
    """The active CSRs. Locked, so that nobody leaves while they are given something."""
    query = select(User).where(User.role == Role.CSR, User.is_active).order_by(User.id)
    return {user.id: user for user in session.scalars(query.with_for_update(key_share=True))}


def _candidates(session: Session, users: Collection[User]) -> list[Candidate]:
    """The users with the number of tickets that they have to work on."""
    query = (
        select(Ticket.assigned_to_id, func.count())
        .where(Ticket.assigned_to_id.in_([user.id for user in users]), tickets.ACTIVE)
        .group_by(Ticket.assigned_to_id)
    )
    loads = {row[0]: row[1] for row in session.execute(query)}
    return [
        Candidate(
            user.id,
            user.available,
            loads.get(user.id, 0),
            user.capacity,
            user.turn,
            user.catching_up,
        )
        for user in users
    ]


def _settle(csrs: Mapping[UUID, User], candidates: Sequence[Candidate]) -> None:
    for candidate in caught_up(candidates):
        csrs[candidate.user_id].catching_up = candidate.catching_up = False


def assign(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    change: Assign,
    now: datetime | None,
    versions: Container[int] | None = None,
) -> TicketView:
    """By hand, to anyone of the staff who is active, or back to the queue.

    Raises `NotFound`, `Stale`, `Conflict` (``ticket_closed``), `Invalid` (``not_assignable``).
    """
    lock_cursor(session)
    ticket = tickets.held(session, actor, ticket_id)
    tickets.expect_version(session, actor, ticket, versions)
    _require_not_closed(ticket)
    to = _assignable(session, change.assignee_id) if change.assignee_id else None
    if change.priority is not MISSING:
        tickets.set_priority(session, actor, ticket, change.priority, now)
    if change.assignee_id != ticket.assigned_to_id:
        _give(session, ticket, to, _by_hand(session, actor, ByHand.MANUAL, to), now)
    return tickets.view(session, actor, ticket)


def claim(session: Session, actor: Actor, ticket_id: UUID, now: datetime | None) -> TicketView:
    """Takes a ticket that nobody has. Of many at once, one wins; the others get a `Conflict`."""
    lock_cursor(session)
    ticket = tickets.held(session, actor, ticket_id)
    _require_not_closed(ticket)
    if ticket.assigned_to_id is not None:
        raise Conflict("already_assigned", "The ticket is already assigned")
    to = _assignable(session, actor.id)
    _give(session, ticket, to, _by_hand(session, actor, ByHand.CLAIM, to), now)
    return tickets.view(session, actor, ticket)


def release(session: Session, user_id: UUID, by: UUID | None, now: datetime | None) -> None:
    """Puts what a person works on back into the queue. The caller has taken the turn."""
    query = select(Ticket).where(Ticket.assigned_to_id == user_id, tickets.ACTIVE)
    # In one order, as others may hold more than one ticket, too.
    query = query.order_by(Ticket.created_at, Ticket.id)
    for ticket in session.scalars(tickets.locked(query)).all():
        _give(session, ticket, None, Decision(ByHand.MANUAL, by), now)


def _require_not_closed(ticket: Ticket) -> None:
    if ticket.status == Status.CLOSED:
        raise Conflict("ticket_closed", "The ticket is closed")


def _assignable(session: Session, user_id: UUID) -> User:
    """The person, locked. `Invalid` for who is no active staff (any more)."""
    user = session.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None or not user.is_active or user.role is Role.USER:
        raise Invalid(
            "not_assignable", "Only active staff can be given tickets", pointer="/assignee_id"
        )
    return user


def _by_hand(session: Session, actor: Actor, how: ByHand, to: User | None) -> Decision:
    """Among all that the desk would have considered, and the one who was chosen."""
    if to is None:
        return Decision(how, actor.id)
    csr = User.is_active & (User.role == Role.CSR)
    users = session.scalars(select(User).where(or_(csr, User.id == to.id))).all()
    return Decision(how, actor.id, _candidates(session, users))


def _give(
    session: Session, ticket: Ticket, to: User | None, decision: Decision, now: datetime | None
) -> None:
    before, ticket.assigned_to_id = ticket.assigned_to_id, to.id if to else None
    assigned = Assigned(from_=before, to=ticket.assigned_to_id, by=decision.by)
    event = timeline.record(session, ticket, assigned, decision.by, now)
    decisions.record(session, event, decision.how, ticket.assigned_to_id, decision.candidates)
    if to is not None:
        to.last_assigned_at = event.at
