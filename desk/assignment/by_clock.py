"""What the assignment does by the clock: absences begin and end, offers expire, and a ticket that
was opened again is looked at.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.assignment import absences, assignment, departures, offers
from desk.assignment.absences import ENDS, STARTS, TAKES_TICKETS
from desk.assignment.assignment import Decision
from desk.assignment.decisions import ByClock
from desk.deadlines import Due, Kinds
from desk.outbox import AgentChanged, outbox
from desk.tickets import tickets
from models import Absence, Ticket, User


def go_away(session: Session, due: Due, _: datetime) -> None:
    absence = session.get(Absence, due.subject_id, populate_existing=True)
    if absence is None:
        return
    if absence.reassign:
        departures.release_waiting(session, due.subject_id)
    absences.note_availability(session, due.subject_id)
    outbox(session).agents.append(AgentChanged(due.subject_id))


def come_back(session: Session, due: Due, _: datetime) -> None:
    user = session.get(User, due.subject_id, with_for_update={"key_share": True})
    if user is None:
        return
    if absence := session.get(Absence, user.id, populate_existing=True):
        session.delete(absence)
    absences.start_catching_up(session, user.id)
    absences.note_availability(session, user.id)
    outbox(session).agents.append(AgentChanged(user.id))


def look_at_holder(session: Session, due: Due, _: datetime) -> None:
    """A ticket that was opened again, or woke, is nobody's who takes no tickets."""
    ticket = _held(session, due)
    if ticket.assigned_to_id is None or not tickets.is_active(ticket):
        return
    if ticket.snoozed_until is not None:  # It is looked at as it wakes.
        return
    if not session.scalar(select(TAKES_TICKETS).where(User.id == ticket.assigned_to_id)):
        how = ByClock(due.data.get("how", ByClock.REOPENED))
        assignment.put_back(session, ticket, Decision(how), None)


def expire_offer(session: Session, due: Due, _: datetime) -> None:
    ticket = _held(session, due)
    holder = ticket.assigned_to_id
    if holder is None or not tickets.is_active(ticket) or ticket.snoozed_until is not None:
        return
    if offers.is_left_lying(session, ticket, due.data["seq"]):
        ticket.offered_to = [*ticket.offered_to, holder]
        assignment.put_back(session, ticket, Decision(ByClock.OFFER_EXPIRED), None)


def _held(session: Session, due: Due) -> Ticket:
    """Whoever does what is due has locked the ticket."""
    return session.get_one(Ticket, due.ticket_id, populate_existing=True)


KINDS: Kinds = {
    STARTS: go_away,
    ENDS: come_back,
    offers.OFFER: expire_offer,
    "reopened": look_at_holder,
}
