"""Reminders: a person is told of a ticket once, at the time they chose, and nobody else."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import Actor, Audience
from desk.errors import Invalid, NotFound
from desk.jobs import Job
from desk.notifications import inbox, mail_queue, reminders
from desk.notifications.reminders import Remind
from desk.outbox import outbox
from desk.tickets import messages, reading, timeline
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from models import Deadline, Notification, Role, Ticket, User
from tests.factories import an_actor, now

HOUR = timedelta(hours=1)
SECRET = "a secret of thirty-two bytes, or so"


def ask(session: Session, actor: Actor, ticket_id: UUID, note: str | None = None) -> None:
    reminders.set_reminder(session, actor, ticket_id, Remind(at=now() + HOUR, note=note))


def tick(session: Session, after: timedelta = HOUR) -> None:
    session.flush()
    kinds = {reminders.DEADLINE: reminders.remind}
    while deadlines.drain(session, kinds, now() + after).tried:
        session.flush()


def told(session: Session) -> list[tuple[UUID, object]]:
    kind = Notification.kind == "reminder"
    rows = session.scalars(select(Notification).where(kind).order_by(Notification.created_at))
    return [(row.user_id, row.data["note"]) for row in rows]


def test_one_is_told_at_the_time_and_once(session: Session, ticket: TicketView, csr: Actor) -> None:
    before = timeline.after(session, ticket.id, 0, 10)
    ask(session, csr, ticket.id, "Call them")
    tick(session, timedelta(0))
    assert told(session) == []
    tick(session)
    tick(session)
    assert told(session) == [(csr.id, "Call them")]
    assert Job.DRAIN_NOTIFICATIONS in outbox(session).wakes
    assert timeline.after(session, ticket.id, 0, 10) == before
    shown = inbox.page(session, csr, unread=True, limit=10, before=None)
    assert [(each.kind, each.actor_id) for each in shown] == [("reminder", None)]
    # As often as one likes, although nothing has happened since.
    ask(session, csr, ticket.id)
    tick(session)
    assert told(session)[1:] == [(csr.id, None)]


def test_another_time_takes_the_place_of_the_first(
    session: Session, ticket: TicketView, csr: Actor
) -> None:
    ask(session, csr, ticket.id, "First")
    later = Remind(at=now() + 3 * HOUR, note="Second")
    reminders.set_reminder(session, csr, ticket.id, later)
    tick(session)
    assert told(session) == []
    tick(session, 3 * HOUR)
    assert told(session) == [(csr.id, "Second")]
    ask(session, csr, ticket.id)
    reminders.remove(session, csr, ticket.id)
    reminders.remove(session, csr, ticket.id)
    assert not session.scalars(select(Deadline).where(Deadline.ticket_id == ticket.id)).all()


def test_each_has_their_own_and_a_customer_is_shown_no_note(
    session: Session, ticket: TicketView, customer: Actor, csr: Actor
) -> None:
    for actor in (customer, csr):
        ask(session, actor, ticket.id, f"Of {actor.role}")
    messages.post(session, csr, ticket.id, NewMessage(content="Psst", internal=True), None)
    tick(session)
    assert sorted(told(session)) == sorted([(customer.id, "Of user"), (csr.id, "Of csr")])
    # They had read all of it, and are mailed what they noted, and nothing that others wrote.
    reading.mark_read(session, customer, ticket.id, 1)
    session.flush()
    session.query(Notification).update({"read_at": None})
    session.query(User).update({"email_verified_at": now()})
    mailed = []
    at = now() + 2 * HOUR
    while mail_queue.settle(session, at):
        pass
    while mail := mail_queue.lease(session, at, SECRET):
        mailed += [(mail.user_id, news.content) for told_ in mail.tickets for news in told_.news]
    assert (customer.id, "Of user") in mailed
    assert (customer.id, "Psst") not in mailed
    assert Audience.CUSTOMER is customer.audience


def test_who_sees_the_ticket_no_more_is_not_reminded(
    session: Session, ticket: TicketView, csr: Actor
) -> None:
    ask(session, csr, ticket.id)
    session.get_one(User, csr.id).role = Role.USER
    tick(session)
    assert told(session) == []
    for stranger in (an_actor(session), Actor(csr.id, Role.USER)):
        with pytest.raises(NotFound):
            ask(session, stranger, ticket.id)
        with pytest.raises(NotFound):
            reminders.remove(session, stranger, ticket.id)
    assert session.get_one(Ticket, ticket.id)


@pytest.mark.parametrize(
    ("after", "code"), [(-HOUR, "in_the_past"), (timedelta(days=400), "too_long")]
)
def test_the_time_is_to_come_and_near_enough(
    session: Session, ticket: TicketView, csr: Actor, after: timedelta, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        reminders.set_reminder(session, csr, ticket.id, Remind(at=now() + after))
    assert (refused.value.code, refused.value.pointer) == (code, "/at")
