"""Confirming an address: what a link is good for, and how many mails go to a stranger's."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, addresses, administration
from desk.accounts.accounts import Signup
from desk.accounts.addresses import Verification
from desk.accounts.administration import UserChange
from desk.errors import Malformed
from desk.jobs import Job
from desk.leases import LEASE, MOST_ATTEMPTS
from desk.notifications import confirmations, mail_queue
from desk.notifications.confirmations import DAY, LIFETIME, MOST_OTHERS, Confirmation
from desk.notifications.inbox import MAIL_WINDOW
from desk.outbox import outbox
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from models import EmailConfirmation, Notification, Outcome, Role, User
from tests.conftest import SECRET, Backend, engine_of
from tests.desk.races import overlapping, run
from tests.factories import PASSWORD, a_ticket, an_actor, now

SIGNUP = Signup(email="ann@desk.test", password=PASSWORD, full_name="Ann")


def signed_up(session: Session) -> Actor:
    return Actor(addresses.sign_up(session, SIGNUP, "hash", SECRET, now()).id, Role.USER)


@pytest.fixture
def ann(session: Session) -> Actor:
    return signed_up(session)


def mailed(session: Session) -> Confirmation:
    """The link that is due, as a mailer takes it."""
    link = confirmations.lease(session, now())
    assert link is not None
    return link


def token(link: Confirmation) -> str:
    return confirmations.token(SECRET, link.nonce)


def verify(session: Session, given: str, later: timedelta = timedelta(0)) -> object:
    return addresses.verify(session, Verification(token=given), now() + later)


def confirmed(session: Session, actor: Actor) -> bool:
    session.expire_all()
    return accounts.profile(session, actor.id).email_verified_at is not None


def test_who_signs_up_is_mailed_a_link_that_confirms_their_address_once(
    session: Session, ann: Actor
) -> None:
    assert Job.DRAIN_NOTIFICATIONS in outbox(session).wakes
    assert not confirmed(session, ann)
    link = mailed(session)
    assert (link.user_id, link.to_email) == (ann.id, SIGNUP.email)
    assert verify(session, token(link)) == ann.id
    assert confirmed(session, ann)
    with pytest.raises(Malformed) as refused:
        verify(session, token(link))
    assert refused.value.code == "invalid_token"


def test_the_table_holds_nothing_that_confirms(session: Session, ann: Actor) -> None:
    row = session.scalars(select(EmailConfirmation)).one()
    good = confirmations.token(SECRET, row.nonce)
    for stored in (row.nonce, row.hash):
        assert stored.hex() not in good
        for given in (stored.hex(), confirmations.token("another key", row.nonce), good[:-1]):
            with pytest.raises(Malformed):
                verify(session, given)
    assert not confirmed(session, ann)


def test_a_link_dies_of_age_of_a_newer_one_and_with_its_address(
    session: Session, ann: Actor
) -> None:
    first = mailed(session)
    addresses.send(session, ann, SECRET, now())
    second = mailed(session)
    assert second.id != first.id
    session.get_one(User, ann.id).email = "other@desk.test"
    session.flush()
    for link, later in ((first, timedelta(0)), (second, timedelta(0))):
        with pytest.raises(Malformed):
            verify(session, token(link), later)
    addresses.send(session, ann, SECRET, now())
    with pytest.raises(Malformed):
        verify(session, token(mailed(session)), LIFETIME)
    assert not confirmed(session, ann)


@pytest.mark.parametrize("attributes", [{}, {"email_verified_at": None, "notify_email": False}])
def test_who_is_confirmed_or_wants_no_mail_is_sent_no_link(
    session: Session, attributes: dict[str, object]
) -> None:
    person = an_actor(session, Role.USER, **attributes)
    addresses.send(session, person, SECRET, now())
    assert confirmations.lease(session, now()) is None


def test_whose_account_was_made_by_somebody_else_counts_as_confirmed(session: Session) -> None:
    made = accounts.create(session, "orla@desk.test", "Orla", "hash", Role.CSR)
    assert made.email_verified_at is not None


@pytest.mark.parametrize("role", [Role.CSR, Role.ADMIN])
def test_whom_an_admin_takes_onto_the_staff_counts_as_confirmed(
    session: Session, ann: Actor, role: Role
) -> None:
    admin = an_actor(session, Role.ADMIN)
    administration.change(session, admin, ann.id, UserChange(capacity=3), now())
    assert not confirmed(session, ann)
    administration.change(session, admin, ann.id, UserChange(role=role), now())
    assert confirmed(session, ann)


def test_a_mail_with_a_link_is_leased_repeated_and_given_up(session: Session, ann: Actor) -> None:
    first = mailed(session)
    assert confirmations.lease(session, now()) is None
    at = now() + LEASE + timedelta(seconds=1)
    assert confirmations.lease(session, at) == first
    waits = []
    for _ in range(MOST_ATTEMPTS - 1):
        confirmations.failed(session, first, "OSError", at)
        row = session.scalars(select(EmailConfirmation)).one()
        waits.append((row.due_at - at).total_seconds())
        at = row.due_at
        confirmations.lease(session, at)
    assert waits[:3] == [15, 45, 135]
    session.expire_all()
    assert session.scalars(select(EmailConfirmation.done_at)).one() is not None


def test_a_mail_that_was_overtaken_by_a_newer_one_ends_it_not(session: Session, ann: Actor) -> None:
    old = mailed(session)
    addresses.send(session, ann, SECRET, now())
    confirmations.finished(session, old, Outcome.SENT, now())
    new = mailed(session)
    confirmations.finished(session, new, Outcome.SENT, now())
    assert confirmations.lease(session, now() + DAY) is None


def news(session: Session, customer: Actor, csr: Actor, count: int) -> None:
    for _ in range(count):
        ticket = a_ticket(session, customer)
        messages.post(session, csr, ticket.id, NewMessage(content="Dear victim"), now())
    session.flush()


def sent(session: Session, later: timedelta) -> list[mail_queue.Mail]:
    """What the mailer sends at a time."""
    at = now() + later
    while mail_queue.settle(session, at):
        session.flush()
    found = []
    while mail := mail_queue.lease(session, at, SECRET):
        mail_queue.finished(session, mail, Outcome.SENT, at)
        found.append(mail)
    while mail_queue.settle(session, at):
        session.flush()
    session.expire_all()
    return found


def test_a_flood_of_replies_is_a_handful_of_mails_a_day_to_who_never_confirmed(
    session: Session, ann: Actor
) -> None:
    csr = an_actor(session, Role.CSR)
    news(session, ann, csr, 3 * MOST_OTHERS)
    assert len(sent(session, MAIL_WINDOW)) == MOST_OTHERS
    news(session, ann, csr, 1)
    assert sent(session, MAIL_WINDOW) == []
    pending = select(func.count()).where(Notification.done_at.is_(None))
    assert session.scalar(pending) == 0
    news(session, ann, csr, 1)
    assert len(sent(session, DAY + MAIL_WINDOW)) == 1
    verify(session, token(mailed(session)))
    news(session, ann, csr, 3 * MOST_OTHERS)
    assert len(sent(session, DAY + MAIL_WINDOW)) == 3 * MOST_OTHERS


def test_whether_a_mail_is_neutral_is_decided_when_it_is_first_tried(
    session: Session, ann: Actor
) -> None:
    news(session, ann, an_actor(session, Role.CSR), 1)
    first = mail_queue.lease(session, now() + MAIL_WINDOW, SECRET)
    verify(session, token(mailed(session)))
    session.expire_all()
    again = mail_queue.lease(session, now() + MAIL_WINDOW + 2 * LEASE, SECRET)
    assert first is not None
    assert first.is_neutral
    assert again == first


def test_who_was_there_before_links_were_is_mailed_one_with_their_next_news(
    session: Session,
) -> None:
    old = an_actor(session, email_verified_at=None)
    news(session, old, an_actor(session, Role.CSR), 2)
    assert confirmations.lease(session, now()) is None
    assert all(mail.is_neutral for mail in sent(session, MAIL_WINDOW))
    link = confirmations.lease(session, now() + MAIL_WINDOW)
    assert link is not None
    assert link.user_id == old.id
    news(session, old, an_actor(session, Role.CSR), 1)
    assert len(sent(session, MAIL_WINDOW)) == 1
    assert verify(session, token(link)) == old.id


def test_a_mail_that_was_tried_before_there_were_links_is_neutral_at_its_next_try(
    session: Session,
) -> None:
    old = an_actor(session, email_verified_at=None)
    news(session, old, an_actor(session, Role.CSR), 1)
    tried = {"mail_id": Notification.id, "attempts": 1}
    session.execute(update(Notification).where(Notification.user_id == old.id).values(tried))
    (mail,) = sent(session, MAIL_WINDOW)
    assert mail.is_neutral
    assert confirmations.lease(session, now() + MAIL_WINDOW) is not None


def test_who_confirms_while_their_next_link_is_asked_for_is_not_mailed_it(
    session: Session, ann: Actor
) -> None:
    verify(session, token(mailed(session)))
    # As a mailer does that has seen them unconfirmed a moment ago.
    confirmations.count_mail(session, session.get_one(User, ann.id), SECRET, now())
    session.flush()
    assert confirmations.lease(session, now()) is None


@pytest.fixture
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    with engine_of(make_backend()) as engine:
        yield engine


def test_of_two_who_use_a_link_at_once_one_confirms(engine: Engine) -> None:
    run(engine, signed_up)
    given = token(run(engine, mailed))

    def use(session: Session) -> object:
        return verify(session, given)

    _, second = overlapping(engine, use, use)
    with pytest.raises(Malformed):
        second.result()
