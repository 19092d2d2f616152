"""The inbox of notifications."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment
from desk.assignment.assignment import Assign
from desk.errors import NotFound
from desk.notifications import inbox
from desk.outbox import outbox
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from models import Notification, Role
from tests.factories import a_ticket, an_actor

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def boss(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


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


def shown(session: Session, actor: Actor, *, unread: bool = False, limit: int = 100) -> list[UUID]:
    page = inbox.page(session, actor, unread=unread, limit=limit, before=None)
    return [told.id for told in page]


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
    while page := inbox.page(session, csr, unread=False, limit=2, before=before):
        walked += [n.id for n in page]
        before = (page[-1].created_at, page[-1].id)
    assert walked == wanted


def test_reading_keeps_the_first_time(session: Session, csr: Actor, due: Notification) -> None:
    for later in (0, 5):
        inbox.mark_read(session, csr, due.id, START + timedelta(seconds=later))
    session.flush()
    assert due.read_at == START
    assert shown(session, csr, unread=True) == []
    assert shown(session, csr) == [due.id]


def test_all_are_read_at_once_but_only_ones_own(
    session: Session, boss: Actor, customer: Actor, csr: Actor, due: Notification
) -> None:
    other = an_actor(session, Role.CSR)
    give(session, boss, customer, csr)
    theirs = give(session, boss, customer, other)
    inbox.mark_all_read(session, csr, START)
    session.expire_all()
    assert shown(session, csr, unread=True) == []
    assert shown(session, other, unread=True) == [theirs.id]


def test_other_peoples_notifications_are_not_found(
    session: Session, boss: Actor, due: Notification
) -> None:
    assert shown(session, boss) == []
    with pytest.raises(NotFound) as refused:
        inbox.mark_read(session, boss, due.id, START)
    assert refused.value.code == "notification_not_found"
    assert due.read_at is None


def test_what_is_told_live_has_the_id_that_the_statement_stored(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket = a_ticket(session, customer)
    messages.post(session, csr, ticket.id, NewMessage(content="Hello"), None)
    (told,) = outbox(session).notifications
    assert session.scalars(select(Notification.id)).all() == [told.id]
    assert told.id.version == 8
