"""What follows from an event, whichever rule records it: the whole list.

Where the statements of `desk.tickets.fast_path` are taken, they do the same.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import owns
from desk.events import (
    Assigned,
    Entry,
    Message,
    MessagePosted,
    SkillsRequired,
    StatusChanged,
    TeamChanged,
    TicketCreated,
)
from desk.jobs import Job
from desk.notifications import inbox
from desk.outbox import outbox
from desk.snooze_events import Snoozed, Woke
from desk.tickets import people, search
from desk.tickets.rating_asks import ask_for_rating
from desk.webhooks import webhook_queue
from models import ACTIVE_STATUSES, Status


def set_times(session: Session, entry: Entry) -> None:
    """Keeps on the ticket when a person first answered it, and when it was resolved and closed."""
    ticket, at, by = entry.ticket, entry.row.at, entry.row.actor_id
    match entry.event:
        case MessagePosted() if ticket.first_response_at is None and not owns(ticket, by):
            if not people.is_program(session, by):
                ticket.first_response_at = at
        case StatusChanged(to=to):
            if to is Status.RESOLVED:
                ticket.resolved_at = at
            elif to is not Status.CLOSED:  # Work again. Closing keeps when it was resolved.
                ticket.resolved_at = None
            ticket.closed_at = at if to is Status.CLOSED else None


def keep_last_message(session: Session, entry: Entry) -> None:
    """Keeps which message is the newest, and which of those that the customer may read; and whose
    they are.
    """
    if isinstance(entry.event, Message):
        entry.ticket.last_said_seq, entry.ticket.last_said_by = entry.row.seq, entry.row.actor_id
    if isinstance(entry.event, MessagePosted):
        entry.ticket.last_message_seq = entry.row.seq
        entry.ticket.last_message_from_staff = not owns(entry.ticket, entry.row.actor_id)


def end_snooze(session: Session, entry: Entry) -> None:
    """What is resolved or closed does not sleep."""
    match entry.event:
        case StatusChanged(to=to) if to not in ACTIVE_STATUSES:
            if entry.ticket.snoozed_until is not None:
                entry.ticket.snoozed_until = None
                deadlines.disarm(session, "snooze", entry.ticket.id)


def wake_assignment(session: Session, entry: Entry) -> None:
    """Has the queue looked at: a ticket came into it, or somebody has room for more."""
    match entry.event:
        case Assigned(from_=None, to=to) if to is not None:
            pass
        case TicketCreated() | StatusChanged() | Assigned() | TeamChanged() | SkillsRequired():
            outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)
        case Snoozed() | Woke():
            outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)


def look_at_holder(session: Session, entry: Entry) -> None:
    """Has the assignment look whether who has a ticket that is work again is there."""
    match entry.event:
        case StatusChanged(from_=before, to=to):
            if before in ACTIVE_STATUSES or to not in ACTIVE_STATUSES:
                return
            data = {}
        case Woke():
            data = {"how": Woke.kind}
        case _:
            return
    if entry.ticket.assigned_to_id is not None:
        ticket_id = entry.ticket.id
        deadlines.arm(session, "reopened", ticket_id, entry.due_at, ticket_id=ticket_id, data=data)


EFFECTS: tuple[Callable[[Session, Entry], None], ...] = (
    set_times,
    keep_last_message,
    end_snooze,
    search.note_words,
    inbox.notify,
    ask_for_rating,
    wake_assignment,
    look_at_holder,
    webhook_queue.enqueue,
)
