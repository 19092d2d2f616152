"""Why a ticket is assigned as it is: each assignment keeps whom it considered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from desk.access import Actor
from desk.assignment import pool
from desk.assignment.strategies import Bar, Candidate, Strategy
from desk.errors import NotFound
from desk.tickets import tickets
from models import AssignmentDecision, Event, Ticket

# More are not kept of one decision: the chosen one, then those who were next.
MOST_CANDIDATES = 200
# In the place of a strategy: nobody has the skills.
WAITING = "waiting"


class ByHand(StrEnum):
    MANUAL = "manual"
    CLAIM = "claim"


class ByClock(StrEnum):
    """Why a ticket went back into its queue although nobody said so."""

    # It was neither read nor answered in time.
    OFFER_EXPIRED = "offer_expired"
    # It was opened again while who has it is not there.
    REOPENED = "reopened"
    # It woke, having been snoozed, while who has it is not there.
    WOKE = "woke"
    # Who has it went away.
    AWAY = "away"


class Outcome(StrEnum):
    CHOSEN = "chosen"
    NOT_IN_TEAM = "not_in_team"
    AWAY = "away"
    LACKS_SKILL = "lacks_skill"
    UNAVAILABLE = "unavailable"
    AT_CAPACITY = "at_capacity"
    NOT_THEIR_TURN = "not_their_turn"


# As it is stored: see `AssignmentDecision`.
Row = list[Any]


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate as they stood just before the decision."""

    user_id: UUID
    available: bool
    open_tickets: int
    capacity: int
    turn: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Explanation:
    ticket_id: UUID
    strategy: str
    # Null: it went back to the queue.
    assigned_to_id: UUID | None
    at: datetime
    # Null: the desk itself.
    by: UUID | None
    candidates: list[Considered]


def record(
    session: Session,
    event: Event,
    how: Strategy | ByHand | ByClock,
    to: UUID | None,
    candidates: Iterable[Candidate],
    others: Sequence[Row] = (),
    team_id: UUID | None = None,
) -> None:
    """Keeps whom an ``assigned`` event considered, the chosen one first and the ``others`` last."""
    kept = sorted(
        candidates,
        key=lambda c: (c.user_id != to, not c.is_eligible, c.bar or "", c.turn, c.user_id),
    )
    rows = [*rows_of(kept), *others][:MOST_CANDIDATES]
    values = {"strategy": how.value, "candidates": rows, "team_id": team_id, "at": event.at}
    session.add(AssignmentDecision(event=event, **values))


def rows_of(candidates: Iterable[Candidate]) -> list[Row]:
    """As they stand in a decision."""
    return [_row(candidate) for candidate in candidates]


def _row(candidate: Candidate) -> Row:
    c = candidate
    row = [str(c.user_id), c.available, c.open_tickets, c.capacity, c.turn]
    return [*row, c.bar.value] if c.bar else row


def newest(session: Session, actor: Actor, ticket_id: UUID) -> Explanation:
    """The latest decision on a ticket, or why nobody can be found for it.

    Raises `NotFound` (also ``not_assigned_yet``).
    """
    ticket = tickets.get(session, actor, ticket_id)
    if ticket.required_skills and ticket.assigned_to_id is None and tickets.is_active(ticket):
        standing = pool.standing(session, ticket)
        if all(each.bar in (Bar.LACKS_SKILL, Bar.NOT_IN_TEAM) for each in standing):
            return _waiting(ticket, standing)
    decision = session.scalar(
        select(AssignmentDecision)
        .where(AssignmentDecision.ticket_id == ticket_id)
        .order_by(AssignmentDecision.seq.desc())
        .limit(1)
        .options(joinedload(AssignmentDecision.event))
    )
    if decision is None:
        raise NotFound("not_assigned_yet", "The ticket has not been assigned yet")
    event = decision.event
    to = _id(event.data["to"])
    return Explanation(
        ticket_id,
        decision.strategy,
        to,
        event.at,
        _id(event.data["by"]),
        [_considered(row, to) for row in decision.candidates],
    )


def _waiting(ticket: Ticket, standing: Iterable[Candidate]) -> Explanation:
    """Of a ticket that requires skills which nobody has who may be given it."""
    kept = [_considered(_row(each), None) for each in standing]
    kept.sort(key=lambda each: (each.outcome is Outcome.NOT_IN_TEAM, each.user_id))
    return Explanation(ticket.id, WAITING, None, ticket.updated_at, None, kept[:MOST_CANDIDATES])


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _considered(row: Sequence[Any], to: UUID | None) -> Considered:
    user_id, available, open_tickets, capacity, turn, *bar = row
    candidate = Candidate(UUID(user_id), available, open_tickets, capacity, turn)
    candidate.bar = Bar(bar[0]) if bar else None
    outcome = _outcome(candidate, to)
    return Considered(candidate.user_id, available, open_tickets, capacity, turn, outcome)


def _outcome(candidate: Candidate, to: UUID | None) -> Outcome:
    if candidate.user_id == to:
        return Outcome.CHOSEN
    if candidate.bar:
        return Outcome(candidate.bar)
    if not candidate.available:
        return Outcome.UNAVAILABLE
    if not candidate.is_eligible:
        return Outcome.AT_CAPACITY
    return Outcome.NOT_THEIR_TURN
