"""Giving tickets to CSRs: fairly and by itself, or by hand."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, ConfigDict, Strict
from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import decisions, offers, pool, queue
from desk.assignment.cursors import Cursor, lock_cursor
from desk.assignment.decisions import ByClock, ByHand
from desk.assignment.strategies import Candidate, Strategy, choose
from desk.errors import Conflict, Invalid
from desk.events import Assigned
from desk.text import Id, Input
from desk.tickets import tickets, timeline
from desk.tickets.views import TicketView
from desk.webhooks import webhook_queue
from desk.webhooks.webhook_queue import Asking
from models import AssignmentCursor, Event, Priority, Status, Team, Ticket, User

__all__ = [
    "BATCH",
    "Assign",
    "Strategy",
    "assign",
    "choose",
    "claim",
    "drain",
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

    how: Strategy | ByHand | ByClock
    by: UUID | None = None
    candidates: Sequence[Candidate] = ()
    others: Sequence[decisions.Row] = ()


def drain(
    session: Session,
    strategy: Strategy,
    now: datetime | None,
    random: Random,
    *,
    team_id: UUID | None = None,
    only: UUID | None = None,
    but: Collection[UUID] = (),
) -> int:
    """Assigns up to `BATCH` of the tickets that wait in a team's queue, or in the one without.

    Customers take turns. Returns the number that it could assign; a full batch may have left more
    behind. Harmless to repeat: an assigned ticket no longer waits, and a locked one is left to the
    next time. ``only``, ``but``: of all tickets only this one, or none of these. ``strategy``: the
    desk's, where the team has none.
    """
    cursor = lock_cursor(session, team_id)
    return drain_held(session, cursor, strategy, now, random, only=only, but=but) if cursor else 0


def drain_held(
    session: Session,
    cursor: Cursor,
    strategy: Strategy,
    now: datetime | None,
    random: Random,
    *,
    only: UUID | None = None,
    but: Collection[UUID] = (),
) -> int:
    """As `drain`, by who has locked the queue's cursor."""
    team_id = None
    if isinstance(cursor, Team):
        team_id, strategy = cursor.id, Strategy(cursor.strategy or strategy)
    waiting = _next(session, cursor, team_id, only, but)
    if not waiting:
        return 0
    seats = pool.locked(session, team_id)
    candidates = pool.candidates(session, seats)
    others = decisions.rows_of(pool.not_in_team(session, seats) if team_id else [])
    asking = webhook_queue.asking(session, Assigned.kind)
    this_round = Round(session, cursor, strategy, random, now, seats, candidates, others, asking)
    done = this_round.share_out(waiting)
    able = [each.user_id for each in candidates if each.is_eligible]
    if done < len(waiting) and able and only is None:
        # What is first may all need somebody who has no room: what is behind it does not wait for
        # that. Nobody is waited for, so that the order of the locks does not matter.
        upcoming = queue.following(session, cursor.looked_at, but, REACH, team_id, able)
        done += this_round.share_out(_locked(session, upcoming.tickets, team_id)[: BATCH - done])
    return done


@dataclass(frozen=True, slots=True)
class Round:
    """Gives the tickets of a queue, one after the other, to those who are locked (``seats``)."""

    session: Session
    cursor: Cursor
    strategy: Strategy
    random: Random
    now: datetime | None
    seats: Mapping[UUID, pool.Seat]
    candidates: Sequence[Candidate]
    # Told of in the explanation alone, and the same in all of them.
    others: Sequence[decisions.Row]
    # Asked once for all of them.
    asking: Asking

    def share_out(self, waiting: Sequence[Ticket]) -> int:
        """How many of them found somebody."""
        done = 0
        for ticket in waiting:
            pool.settle(self.seats, self.candidates)
            if not any(candidate.is_eligible for candidate in self.candidates):
                break
            pool.require(self.seats, self.candidates, ticket.required_skills)
            if chosen := self._chosen(ticket):
                self._give(ticket, chosen)
                done += 1
            pool.require(self.seats, self.candidates, [])
        return done

    def _chosen(self, ticket: Ticket) -> Candidate | None:
        # Nobody answers themselves while somebody else can, nor has it again what they let lie.
        not_again = {ticket.user_id, *ticket.offered_to}
        colleagues = [each for each in self.candidates if each.user_id not in not_again]
        return choose(self.strategy, colleagues, self.random) or choose(
            self.strategy, self.candidates, self.random
        )

    def _give(self, ticket: Ticket, chosen: Candidate) -> None:
        seat = self.seats[chosen.user_id]
        decision = Decision(self.strategy, None, self.candidates, self.others)
        event = _set_assignee(self.session, ticket, seat.user, decision, self.now, self.asking)
        offers.arm(self.session, self.cursor, ticket, event)
        self.cursor.turn += 1
        seat.place.turn = chosen.turn = self.cursor.turn
        chosen.open_tickets += 1


def waiting(
    session: Session, but: Collection[UUID] = (), team_id: UUID | None = None
) -> Sequence[UUID]:
    """The tickets that `drain` would look at, without a lock."""
    cursor = select(Team.looked_at).where(Team.id == team_id)
    looked_at = session.scalar(cursor if team_id else select(AssignmentCursor.looked_at))
    return queue.following(session, looked_at, but, REACH, team_id).tickets[:BATCH]


def _next(
    session: Session,
    cursor: Cursor,
    team_id: UUID | None,
    only: UUID | None,
    but: Collection[UUID],
) -> Sequence[Ticket]:
    if only is not None:
        return _locked(session, [only], team_id)
    upcoming = queue.following(session, cursor.looked_at, but, REACH, team_id)
    cursor.looked_at = upcoming.after
    return _locked(session, upcoming.tickets, team_id)


def _locked(session: Session, ids: Sequence[UUID], team_id: UUID | None) -> Sequence[Ticket]:
    """The first of the tickets that nobody has locked, as they are now and if they still wait."""
    place = func.array_position(cast(ids, ARRAY(Ticket.id.type)), Ticket.id)
    in_queue = Ticket.team_id.is_not_distinct_from(team_id)
    query = select(Ticket).where(Ticket.id.in_(ids), in_queue, tickets.WAITING)
    return session.scalars(tickets.locked(query.order_by(place).limit(BATCH), skip=True)).all()


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
    ticket = tickets.held(session, actor, ticket_id)
    tickets.expect_version(session, actor, ticket, versions)
    if change.priority is not MISSING:
        tickets.set_priority(session, actor, ticket, change.priority, now)
    assign_held(session, actor, ticket, change.assignee_id, now)
    return tickets.view(session, actor, ticket)


def assign_held(
    session: Session, actor: Actor, ticket: Ticket, to_id: UUID | None, now: datetime | None
) -> None:
    """As `assign`, by who holds the ticket."""
    _require_not_closed(ticket)
    to = assignable(session, to_id) if to_id else None
    ticket.offered_to = []
    if to_id != ticket.assigned_to_id:
        _set_assignee(session, ticket, to, _by_hand(session, actor, ByHand.MANUAL, ticket, to), now)


def put_back(session: Session, ticket: Ticket, decision: Decision, now: datetime | None) -> None:
    """Back into its queue; the ticket is held."""
    _set_assignee(session, ticket, None, decision, now)


def claim(session: Session, actor: Actor, ticket_id: UUID, now: datetime | None) -> TicketView:
    """Takes a ticket that nobody has. Of many at once, one wins; the others get a `Conflict`."""
    ticket = tickets.held(session, actor, ticket_id)
    _require_not_closed(ticket)
    if ticket.assigned_to_id is not None:
        raise Conflict("already_assigned", "The ticket is already assigned")
    to = assignable(session, actor.id)
    _set_assignee(session, ticket, to, _by_hand(session, actor, ByHand.CLAIM, ticket, to), now)
    return tickets.view(session, actor, ticket)


def _require_not_closed(ticket: Ticket) -> None:
    if ticket.status == Status.CLOSED:
        raise Conflict("ticket_closed", "The ticket is closed")


def assignable(session: Session, user_id: UUID) -> User:
    """The person, locked. `Invalid` for who is no active staff (any more)."""
    user = session.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None or not user.is_active or not user.works_here:
        raise Invalid(
            "not_assignable", "Only active staff can be given tickets", pointer="/assignee_id"
        )
    return user


def _by_hand(
    session: Session, actor: Actor, how: ByHand, ticket: Ticket, to: User | None
) -> Decision:
    if to is None:
        return Decision(how, actor.id)
    return Decision(how, actor.id, pool.standing(session, ticket, to))


def _set_assignee(
    session: Session,
    ticket: Ticket,
    to: User | None,
    decision: Decision,
    now: datetime | None,
    asking: Asking | None = None,
) -> Event:
    before, ticket.assigned_to_id = ticket.assigned_to_id, to.id if to else None
    assigned = Assigned(from_=before, to=ticket.assigned_to_id, by=decision.by)
    event = timeline.record(session, ticket, assigned, decision.by, now, asking)
    to_id, team_id = ticket.assigned_to_id, ticket.team_id
    considered = decision.candidates, decision.others
    decisions.record(session, event, decision.how, to_id, *considered, team_id)
    if to is not None:
        to.last_assigned_at = event.at
    return event
