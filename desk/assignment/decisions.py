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
from desk.assignment.strategies import Bar, Candidate, Strategy
from desk.errors import NotFound
from desk.tickets import tickets
from models import AssignmentDecision, Event

# More are not kept of one decision: the chosen one, then those who were next.
MOST_CANDIDATES = 200


class ByHand(StrEnum):
    MANUAL = "manual"
    CLAIM = "claim"


class Outcome(StrEnum):
    CHOSEN = "chosen"
    NOT_IN_TEAM = "not_in_team"
    UNAVAILABLE = "unavailable"
    AT_CAPACITY = "at_capacity"
    NOT_THEIR_TURN = "not_their_turn"


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
    how: Strategy | ByHand,
    to: UUID | None,
    candidates: Iterable[Candidate],
) -> None:
    """Keeps whom an ``assigned`` event considered, the chosen one first."""
    kept = sorted(
        candidates,
        key=lambda c: (c.user_id != to, not c.is_eligible, c.bar or "", c.turn, c.user_id),
    )
    rows = [_row(candidate) for candidate in kept[:MOST_CANDIDATES]]
    session.add(AssignmentDecision(event=event, strategy=how.value, candidates=rows))


def _row(candidate: Candidate) -> list[Any]:
    c = candidate
    row = [str(c.user_id), c.available, c.open_tickets, c.capacity, c.turn]
    return [*row, c.bar.value] if c.bar else row


def newest(session: Session, actor: Actor, ticket_id: UUID) -> Explanation:
    """The latest decision on a ticket. Raises `NotFound` (also ``not_assigned_yet``)."""
    tickets.get(session, actor, ticket_id)
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
