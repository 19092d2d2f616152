"""The inbox, and the queue of mails behind it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import assignment, notifications
from desk.access import Actor
from desk.assignment import Assign
from desk.errors import NotFound
from desk.jobs import Job
from desk.notifications import BATCH, FIRST_RETRY, LEASE, MOST_ATTEMPTS
from desk.outbox import outbox
from models import Notification, NotificationKind, Role, User
from tests.factories import a_ticket, an_actor

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def csr(session: Session) -> Actor:
    return an_actor(session, Role.CSR)


@pytest.fixture
def boss(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


@pytest.fixture
def customer(session: Session) -> Actor:
    return an_actor(session)


def give(session: Session, boss: Actor, customer: Actor, to: Actor) -> Notification:
    """A ticket assigned by hand, which is what notifies."""
    ticket = a_ticket(session, customer)
    assignment.assign(session, boss, ticket.id, Assign(assignee_id=to.id), START)
    session.flush()
    query = select(Notification).where(Notification.ticket_id == ticket.id)
    return session.scalars(query).one()


@pytest.fixture
def due(session: Session, boss: Actor, customer: Actor, csr: Actor) -> Notification:
    return give(session, boss, customer, csr)


def lease(session: Session, at: datetime) -> list[object]:
    mails = notifications.lease(session, at)
    session.flush()
    return [mail.notification_id for mail in mails]


def test_an_assignment_tells_the_assignee_and_wakes_the_mailer(
    session: Session, boss: Actor, csr: Actor, due: Notification
) -> None:
    assert (due.user_id, due.actor_id) == (csr.id, boss.id)
    assert (due.kind, due.created_at, due.due_at) == (NotificationKind.ASSIGNED, START, START)
    assert Job.DRAIN_NOTIFICATIONS in outbox(session).wakes


def test_nobody_is_told_of_their_own_act(session: Session, customer: Actor, csr: Actor) -> None:
    assignment.claim(session, csr, a_ticket(session, customer).id, START)
    session.flush()
    assert session.scalars(select(Notification)).all() == []
    assert outbox(session).notifications == []


def test_a_mail_is_leased_to_one_mailer(session: Session, csr: Actor, due: Notification) -> None:
    [mail] = notifications.lease(session, START)
    session.flush()
    user = session.get_one(User, csr.id)
    assert (mail.notification_id, mail.to_email, mail.to_name) == (
        due.id,
        user.email,
        user.full_name,
    )
    assert lease(session, START + LEASE) == []
    assert lease(session, START + LEASE + MOMENT) == [due.id]


def test_nothing_is_mailed_before_it_is_due(session: Session, due: Notification) -> None:
    assert lease(session, START - MOMENT) == []


def test_what_was_sent_is_not_sent_again(session: Session, due: Notification) -> None:
    lease(session, START)
    notifications.sent(session, due.id, START)
    assert lease(session, START + timedelta(days=1)) == []


def test_a_failed_mail_waits_twice_as_long_each_time_and_is_dead_after_ten(
    session: Session, due: Notification
) -> None:
    at = START
    for attempt in range(MOST_ATTEMPTS):
        assert lease(session, at) == [due.id]
        assert due.attempts == attempt + 1
        notifications.failed(session, due.id, at)
        session.flush()
        wait = FIRST_RETRY * 2**attempt
        assert due.due_at == at + wait
        assert lease(session, at + wait - MOMENT) == []
        at += wait
    assert lease(session, at + timedelta(days=365)) == []
    assert due.done_at is None


def test_a_mailer_that_dies_ten_times_is_not_asked_again(
    session: Session, due: Notification
) -> None:
    times = [START + n * (LEASE + MOMENT) for n in range(MOST_ATTEMPTS + 1)]
    assert [len(lease(session, at)) for at in times] == [1] * MOST_ATTEMPTS + [0]


@pytest.mark.parametrize("column", ["notify_email", "is_active"])
def test_who_wants_no_mail_or_is_gone_gets_none(
    session: Session, csr: Actor, due: Notification, column: str
) -> None:
    setattr(session.get_one(User, csr.id), column, False)
    assert lease(session, START) == []
    assert due.done_at == START
    assert due.attempts == 0
    assert len(inbox(session, csr)) == 1


def test_a_batch_is_bounded_and_the_oldest_go_first(
    session: Session, boss: Actor, customer: Actor, csr: Actor
) -> None:
    made = [give(session, boss, customer, csr) for _ in range(BATCH + 1)]
    made[-1].due_at = START - timedelta(seconds=1)
    session.flush()
    first = lease(session, START)
    assert len(first) == BATCH
    assert first[0] == made[-1].id
    assert len(lease(session, START)) == 1


def inbox(
    session: Session, actor: Actor, *, unread: bool = False, limit: int = 100
) -> list[Notification]:
    return list(notifications.inbox(session, actor, unread=unread, limit=limit, before=None))


def test_the_inbox_shows_the_newest_first_page_by_page(
    session: Session, boss: Actor, customer: Actor, csr: Actor
) -> None:
    made = [give(session, boss, customer, csr) for _ in range(5)]
    # Two of the same moment, so that the id has to decide.
    made[4].created_at = START + timedelta(hours=1)
    session.flush()
    wanted = [made[4].id, *sorted((n.id for n in made[:4]), reverse=True)]
    walked: list[object] = []
    before = None
    while page := notifications.inbox(session, csr, unread=False, limit=2, before=before):
        walked += [n.id for n in page]
        before = (page[-1].created_at, page[-1].id)
    assert walked == wanted


def test_reading_keeps_the_first_time(session: Session, csr: Actor, due: Notification) -> None:
    for later in (0, 5):
        notifications.mark_read(session, csr, due.id, START + timedelta(seconds=later))
    session.flush()
    assert due.read_at == START
    assert inbox(session, csr, unread=True) == []
    assert inbox(session, csr) == [due]


def test_all_are_read_at_once_but_only_ones_own(
    session: Session, boss: Actor, customer: Actor, csr: Actor, due: Notification
) -> None:
    other = an_actor(session, Role.CSR)
    give(session, boss, customer, csr)
    theirs = give(session, boss, customer, other)
    notifications.mark_all_read(session, csr, START)
    session.expire_all()
    assert inbox(session, csr, unread=True) == []
    assert inbox(session, other, unread=True) == [theirs]


def test_other_peoples_notifications_are_not_found(
    session: Session, boss: Actor, due: Notification
) -> None:
    assert inbox(session, boss) == []
    with pytest.raises(NotFound) as refused:
        notifications.mark_read(session, boss, due.id, START)
    assert refused.value.code == "notification_not_found"
    assert due.read_at is None
