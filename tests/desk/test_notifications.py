"""Who is told of what."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment, routing
from desk.assignment.assignment import Assign
from desk.assignment.routing import Change
from desk.leases import LEASE, MOST_ATTEMPTS
from desk.notifications import mail_queue
from desk.notifications.inbox import ASSIGNED_WINDOW, MAIL_WINDOW
from desk.notifications.mail_queue import Mail
from desk.outbox import outbox
from desk.tickets import messages, participants, reading
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from models import Notification, NotificationKind, Outcome, Role, User
from tests.conftest import SECRET
from tests.factories import a_ticket, an_actor, now

Told = list[tuple[object, str]]


class Case:
    """A ticket with its people, and who was told since."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.customer = an_actor(session)
        self.assignee = an_actor(session, Role.CSR)
        self.colleague = an_actor(session, Role.CSR)
        self.ticket: TicketView = a_ticket(session, self.customer)
        self.assign(self.assignee, by=self.assignee)
        self.forget()

    def assign(self, to: Actor | None, by: Actor) -> None:
        wanted = Assign(assignee_id=to.id if to else None)
        assignment.assign(self.session, by, self.ticket.id, wanted, now())

    def say(self, actor: Actor, content: str = "hello", internal: bool = False) -> None:
        new = NewMessage(content=content, internal=internal)
        messages.post(self.session, actor, self.ticket.id, new, now())

    def put(self, actor: Actor, status: str) -> None:
        change = Change.model_validate({"status": status})
        routing.change(self.session, actor, self.ticket.id, change, now())

    def forget(self) -> None:
        self.session.flush()
        for notification in self.session.scalars(select(Notification)):
            self.session.delete(notification)
        self.session.flush()
        outbox(self.session).notifications.clear()

    @property
    def told(self) -> Told:
        self.session.flush()
        found = self.session.scalars(select(Notification).order_by(Notification.event_seq)).all()
        assert {n.id for n in outbox(self.session).notifications} == {n.id for n in found}
        return [(n.user_id, n.kind.value) for n in found]

    def mail(self, later: timedelta = MAIL_WINDOW) -> Mail | None:
        self.session.flush()
        while mail_queue.settle(self.session, now() + later):
            self.session.flush()
        mail = mail_queue.lease(self.session, now() + later, SECRET)
        self.session.expire_all()
        return mail

    def outcomes(self) -> set[Outcome | None]:
        self.session.flush()
        return set(self.session.scalars(select(Notification.outcome)))


@pytest.fixture
def case(session: Session) -> Case:
    return Case(session)


def test_the_new_assignee_is_told_but_not_of_a_ticket_they_took(case: Case) -> None:
    case.assign(case.colleague, by=case.assignee)
    case.assign(case.assignee, by=case.assignee)
    case.assign(None, by=case.colleague)
    assert case.told == [(case.colleague.id, "assigned")]


def test_a_customers_message_is_told_to_the_assignee_and_a_reply_to_the_customer(
    case: Case,
) -> None:
    case.say(case.customer)
    case.say(case.assignee)
    case.say(case.colleague)
    assert case.told == [
        (case.assignee.id, "message_posted"),
        (case.customer.id, "message_posted"),
        (case.customer.id, "message_posted"),
    ]


def test_a_note_is_told_to_the_assignee_if_somebody_else_wrote_it_and_never_to_the_customer(
    case: Case,
) -> None:
    case.say(case.assignee, internal=True)
    case.say(case.colleague, internal=True)
    assert case.told == [(case.assignee.id, "message_posted")]


def test_a_status_is_told_to_the_customer_and_to_the_assignee_who_did_not_set_it(
    case: Case,
) -> None:
    case.put(case.assignee, "in_progress")
    case.put(case.colleague, "resolved")
    assert case.told[0] == (case.customer.id, "status_changed")
    assert sorted(case.told[1:], key=str) == sorted(
        [(case.customer.id, "status_changed"), (case.assignee.id, "status_changed")], key=str
    )


@pytest.mark.parametrize("over", ["resolved", "closed"])
def test_work_that_comes_back_is_told_to_the_assignee_as_reopened(case: Case, over: str) -> None:
    case.put(case.assignee, over)
    case.forget()
    case.put(case.colleague, "open")
    assert set(case.told) == {
        (case.assignee.id, "reopened"),
        (case.customer.id, "status_changed"),
    }


def test_a_customer_who_reopens_by_a_message_is_told_nothing(case: Case) -> None:
    case.put(case.assignee, "resolved")
    case.forget()
    case.say(case.customer)
    assert case.told == [(case.assignee.id, "message_posted"), (case.assignee.id, "reopened")]


def test_a_retried_message_is_told_once(case: Case) -> None:
    new = NewMessage(content="once", client_id="c1")
    for _ in range(2):
        messages.post(case.session, case.customer, case.ticket.id, new, now())
    assert len(case.told) == 1


def test_an_assignee_who_left_the_staff_is_told_nothing_more(case: Case) -> None:
    case.session.get_one(User, case.assignee.id).role = Role.USER
    case.session.flush()
    case.say(case.colleague, internal=True)
    case.put(case.colleague, "resolved")
    assert case.told == [(case.customer.id, "status_changed")]


def test_staff_who_work_on_their_own_ticket_are_told_once(session: Session) -> None:
    case = Case(session)
    case.ticket = a_ticket(session, case.assignee)
    case.assign(case.assignee, by=case.assignee)
    case.forget()
    case.put(case.colleague, "resolved")
    case.put(case.colleague, "open")
    assert case.told == [(case.assignee.id, "status_changed"), (case.assignee.id, "reopened")]


def test_an_assignment_is_mailed_at_once_and_talk_after_a_window_as_one_mail(case: Case) -> None:
    for n in range(3):
        case.say(case.customer, f"message {n}")
    assert case.mail(later=timedelta(0)) is None
    mail = case.mail()
    assert mail is not None
    assert [news.content for news in mail.tickets[0].news] == [
        "message 0",
        "message 1",
        "message 2",
    ]
    assert case.mail() is None
    mail_queue.finished(case.session, mail, Outcome.SENT, now())
    assert case.outcomes() == {Outcome.SENT}
    case.assign(case.colleague, by=case.assignee)
    at_once = case.mail(later=timedelta(0))
    assert at_once is not None
    assert at_once.user_id == case.colleague.id


def given(case: Case, *tickets: TicketView) -> None:
    for ticket in tickets:
        wanted = Assign(assignee_id=case.colleague.id)
        assignment.assign(case.session, case.assignee, ticket.id, wanted, now())


def test_of_many_new_assignments_the_first_is_mailed_at_once_with_what_is_there(
    case: Case,
) -> None:
    opened = [a_ticket(case.session, case.customer) for _ in range(5)]
    given(case, *opened[:3])
    mail = case.mail(later=timedelta(0))
    assert mail is not None
    assert [told.id for told in mail.tickets] == [ticket.id for ticket in opened[:3]]
    given(case, *opened[3:])
    assert case.mail(later=timedelta(0)) is None
    case.say(case.customer, "not of these")
    later = [case.mail(later=ASSIGNED_WINDOW) for _ in range(3)]
    found = {mail.user_id: [told.id for told in mail.tickets] for mail in later if mail}
    assert found == {
        case.assignee.id: [case.ticket.id],
        case.colleague.id: [ticket.id for ticket in opened[3:]],
    }


def test_after_a_while_a_new_assignment_is_mailed_at_once_again(case: Case) -> None:
    first, second = (a_ticket(case.session, case.customer) for _ in range(2))
    given(case, first)
    colleague = case.session.get_one(User, case.colleague.id)
    colleague.last_assigned_at = now() - ASSIGNED_WINDOW
    given(case, second)
    case.session.flush()
    due = case.session.scalars(select(Notification.due_at - Notification.created_at))
    assert set(due) == {timedelta(0)}


def test_a_mail_of_several_tickets_is_the_same_when_it_is_tried_again(case: Case) -> None:
    opened = [a_ticket(case.session, case.customer) for _ in range(3)]
    given(case, *opened[:2])
    first = case.mail(later=timedelta(0))
    given(case, opened[2])
    assert case.mail(later=LEASE + timedelta(seconds=1)) == first


def test_a_mail_that_is_tried_again_is_the_same_mail(case: Case) -> None:
    case.say(case.customer, "first")
    first = case.mail()
    case.say(case.customer, "second")
    again = case.mail(later=MAIL_WINDOW + LEASE + timedelta(seconds=1))
    other = case.mail(later=MAIL_WINDOW + LEASE + timedelta(seconds=1))
    assert first is not None
    assert other is not None
    assert again == first
    assert [news.content for news in other.tickets[0].news] == ["second"]
    assert other.id != first.id


def unsubscribe(case: Case) -> None:
    case.session.get_one(User, case.assignee.id).notify_email = False


def deactivate(case: Case) -> None:
    case.session.get_one(User, case.assignee.id).is_active = False


def demote(case: Case) -> None:
    case.session.get_one(User, case.assignee.id).role = Role.USER


def test_of_a_mail_that_is_tried_again_none_is_left_out_whichever_is_due_first(
    case: Case,
) -> None:
    hour = timedelta(hours=1)
    case.say(case.customer, "in the morning")
    new = NewMessage(content="an hour later")
    messages.post(case.session, case.customer, case.ticket.id, new, now() + hour)
    first = case.mail(2 * hour)
    assert first is not None
    oldest = Notification.id == first.notification_ids[0]
    later = update(Notification).where(oldest).values(due_at=Notification.due_at + 2 * hour)
    case.session.execute(later)
    again = case.mail(4 * hour)
    assert again is not None
    assert [news.content for news in again.tickets[0].news] == ["in the morning", "an hour later"]
    assert again == first


@pytest.mark.parametrize("change", [unsubscribe, deactivate, demote])
def test_who_wants_no_mail_or_may_no_longer_see_the_ticket_gets_none(
    case: Case, change: Callable[[Case], None]
) -> None:
    case.say(case.customer)
    change(case)
    assert case.mail() is None
    assert case.outcomes() == {Outcome.UNWANTED}


def test_what_was_read_is_not_mailed(case: Case) -> None:
    case.say(case.customer)
    reading.mark_read(case.session, case.assignee, case.ticket.id, 1000)
    assert case.mail() is None
    assert case.outcomes() == {Outcome.READ}


def test_a_mail_that_fails_waits_longer_each_time_and_is_dead_after_ten_attempts(
    case: Case,
) -> None:
    case.say(case.customer)
    waits: list[float] = []
    mail_id = None
    at = timedelta(days=1)
    for _ in range(MOST_ATTEMPTS):
        mail = case.mail(at)
        assert mail is not None
        mail_id = mail.id
        began = now() + at
        mail_queue.failed(case.session, mail, "OSError", began)
        row = case.session.scalars(select(Notification)).one()
        waits.append((row.due_at - began).total_seconds())
        at += timedelta(days=1)
    assert waits[:4] == [5, 15, 45, 135]
    assert waits[:-1] == sorted(waits[:-1])
    assert case.outcomes() == {Outcome.DEAD}
    assert case.mail(at) is None
    assert [row.last_error for row in mail_queue.dead(case.session, 10)] == ["OSError"]
    assert mail_id is not None
    assert mail_queue.retry(case.session, [mail_id], now()) == 1
    assert mail_queue.retry(case.session, None, now()) == 0
    revived = case.mail()
    assert revived is not None
    assert revived.id == mail_id


def test_a_mail_whose_mailers_all_died_is_dead_after_ten_attempts(case: Case) -> None:
    case.say(case.customer)
    for day in range(MOST_ATTEMPTS):
        assert case.mail(timedelta(days=day + 1)) is not None
    assert case.mail(timedelta(days=30)) is None
    assert case.outcomes() == {Outcome.DEAD}


def test_who_is_taken_off_is_not_mailed_what_waits(case: Case) -> None:
    copied = an_actor(case.session)
    participants.put(case.session, case.assignee, case.ticket.id, copied.id, now())
    case.forget()
    case.say(case.assignee)
    assert (copied.id, "message_posted") in case.told
    participants.take_off(case.session, case.assignee, case.ticket.id, copied.id, now())
    mail = case.mail()
    assert mail is not None
    assert mail.user_id == case.customer.id
    assert case.mail() is None
    assert Outcome.UNWANTED in case.outcomes()


def test_kinds_are_those_of_the_contract() -> None:
    assert {kind.value for kind in NotificationKind} == {
        "assigned",
        "message_posted",
        "status_changed",
        "reopened",
        "added",
        "mentioned",
        "woke",
        "reminder",
        "rated",
        "merged",
    }


def test_what_was_put_together_with_much_later_news_is_mailed_with_it(case: Case) -> None:
    """As processes of the version before may have done it; else it would be due for ever."""
    case.say(case.customer, "before")
    case.say(case.customer, "after")
    first, second = case.session.scalars(select(Notification).order_by(Notification.event_seq))
    first.created_at -= timedelta(hours=1)
    first.due_at -= timedelta(hours=1)
    first.mail_id = second.mail_id = second.id
    mail = case.mail()
    assert mail is not None
    assert mail.notification_ids == [first.id, second.id]
