"""Visitors: people of their own, whoever else has the address that they give."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, addresses, administration, customers, identities, visitors
from desk.accounts.addresses import Verification
from desk.accounts.administration import UserChange
from desk.accounts.identities import Identity
from desk.accounts.visitors import MOST_LINKS, FirstMessage, Terms, Visit
from desk.errors import Conflict, Invalid
from desk.idempotency import KEPT, Repeatable
from desk.jobs import Job
from desk.notifications import confirmations, mail_queue
from desk.notifications.inbox import MAIL_WINDOW
from desk.outbox import outbox
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from desk.tickets.tickets import NewTicket
from models import AuthSession, Event, Notification, Outcome, Role, Ticket, User
from tests.conftest import SECRET, Backend, engine_of
from tests.desk.races import overlapping, run
from tests.factories import PASSWORD_HASH, a_ticket, an_actor, behind, now

TERMS = Terms(timedelta(days=7), SECRET, "other", "question")
ANN = "ann@desk.test"
HELLO = FirstMessage(name="Ann", email=ANN, message="The kettle leaks\nSince Monday.")


def keyed(first: FirstMessage = HELLO, key: str = "a key") -> Repeatable:
    digest = hashlib.sha256(first.model_dump_json().encode()).digest()
    return Repeatable(UUID(int=0), key, "POST /web/visitor", (digest,))


def begin(
    session: Session,
    first: FirstMessage = HELLO,
    asked: Repeatable | None = None,
    at: datetime | None = None,
) -> Visit:
    return visitors.begin(session, first, asked, TERMS, at or now())


def person(visit: Visit) -> Actor:
    return Actor(visit.issued.user_id, Role.USER)


def counts(session: Session) -> list[int]:
    tables = (User, Ticket, Event, AuthSession)
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_a_first_message_is_a_person_their_session_and_their_ticket(session: Session) -> None:
    visit = begin(session)
    assert visit.ticket is not None
    assert visit.ticket.title == "The kettle leaks"
    assert visit.ticket.description == HELLO.message
    assert visit.ticket.user_id == visit.issued.user_id
    assert Job.DRAIN_ASSIGNMENT in outbox(session).wakes
    assert behind(session, visit.issued.session_id, now()) is not None
    profile = accounts.profile(session, visit.issued.user_id)
    assert (profile.email, profile.full_name, profile.role) == (ANN, "Ann", Role.USER)
    assert profile.email_verified_at is None


def test_a_visitor_is_never_the_account_with_that_address(session: Session) -> None:
    owner = accounts.create(session, ANN, "Ann Owner", PASSWORD_HASH)
    secret = a_ticket(session, Actor(owner.id, Role.USER), title="Nobody else's")
    stored = accounts.credentials(session, ANN)
    visit, another = begin(session), begin(session)
    assert len({owner.id, visit.issued.user_id, another.issued.user_id}) == 3
    assert visit.ticket is not None
    assert visit.ticket.id != secret.id
    assert visitors.newest(session, visit.issued.user_id) == visit.ticket
    # Who logs in, and who is found, is the account as before.
    assert accounts.credentials(session, ANN) == stored
    found = administration.accounts(
        session, role=None, is_active=None, email=ANN, q=None, limit=9, before=None
    )
    assert [account.id for account in found] == [owner.id]
    with pytest.raises(Conflict):
        accounts.create(session, ANN, "Ann", PASSWORD_HASH)


def test_a_visitor_takes_nobody_the_address(session: Session) -> None:
    visit = begin(session)
    assert accounts.credentials(session, ANN) is None
    assert administration.count(session, role=None, is_active=None, email=None, q="ann") == 0
    assert accounts.create(session, ANN, "Ann", PASSWORD_HASH).id != visit.issued.user_id
    assert accounts.stored_hash(session, visit.issued.user_id) is None


def test_the_staff_find_visitors_and_see_that_nobody_has_verified_them(session: Session) -> None:
    accounts.create(session, "zoe@desk.test", "Zoe", PASSWORD_HASH)
    first = FirstMessage(name="Zoe", email="zoe@desk.test", message="Hello")
    visitor = begin(session, first).issued.user_id
    identity = Identity("shop-1", "1", now() + timedelta(minutes=5), None, "Zoe")
    by_site = identities.identify(session, identity, None, TERMS.lifetime, now()).user_id
    for q in ("zoe", "zoe desk.test"):
        found = customers.page(session, q=q, limit=9, before=None)
        assert (visitor in [one.id for one in found]) is True
        assert (by_site in [one.id for one in found]) is (q == "zoe")
    shown = [customers.show(session, user_id) for user_id in (visitor, by_site)]
    assert [(one.email, one.is_verified) for one in shown] == [
        ("zoe@desk.test", False),
        (None, True),
    ]


def test_a_visitor_joins_no_staff(session: Session) -> None:
    boss, user_id = an_actor(session, Role.ADMIN), begin(session).issued.user_id
    assert administration.show(session, user_id).is_visitor
    with pytest.raises(Conflict) as refused:
        administration.change(session, boss, user_id, UserChange(role=Role.CSR), now())
    assert refused.value.code == "visitor"
    # Who sends rubbish is shut out as anybody.
    changed = administration.change(session, boss, user_id, UserChange(is_active=False), now())
    assert not changed.is_active


@pytest.mark.parametrize(
    "values",
    [
        {"email": None},
        {"email": None, "password_hash": None},
        {"email": None, "password_hash": None, "visitor_email": "B@desk.test"},
        {"email": None, "password_hash": None, "visitor_email": ANN, "role": Role.CSR},
        {"visitor_email": ANN},
    ],
    ids=["password alone", "no address", "upper case", "staff", "two addresses"],
)
def test_the_database_knows_accounts_and_visitors_and_nothing_between(
    session: Session, values: dict[str, object]
) -> None:
    account = {"email": ANN, "full_name": "Ann", "password_hash": "hash", "role": Role.USER}
    session.add(User(**(account | values)))
    with pytest.raises(IntegrityError):
        session.flush()


def settled(session: Session, user_id: UUID) -> list[Outcome | None]:
    mail_queue.settle(session, now() + MAIL_WINDOW * 2)
    told = select(Notification.outcome).where(Notification.user_id == user_id)
    return list(session.scalars(told.order_by(Notification.event_seq)))


def answer(session: Session, visit: Visit, csr: Actor) -> None:
    assert visit.ticket is not None
    messages.post(session, csr, visit.ticket.id, NewMessage(content="Which kettle?"), now())


def test_an_address_is_mailed_the_link_alone_until_it_has_answered_it(session: Session) -> None:
    csr, visit = an_actor(session, Role.CSR), begin(session)
    answer(session, visit, csr)
    assert settled(session, visit.issued.user_id) == [Outcome.UNWANTED]
    link = confirmations.lease(session, now())
    assert link is not None
    assert link.to_email == ANN
    assert mail_queue.lease(session, now() + MAIL_WINDOW * 2, SECRET) is None
    token = confirmations.token(SECRET, link.nonce)
    verified = addresses.verify(session, Verification(token=token), now())
    assert verified == visit.issued.user_id
    session.expire_all()
    answer(session, visit, csr)
    assert settled(session, visit.issued.user_id) == [Outcome.UNWANTED, None]
    mail = mail_queue.lease(session, now() + MAIL_WINDOW * 2, SECRET)
    assert mail is not None
    assert (mail.user_id, mail.to_email, mail.is_neutral) == (visit.issued.user_id, ANN, False)


def links(session: Session) -> int:
    count = 0
    while confirmations.lease(session, now()) is not None:
        count += 1
    return count


def test_one_address_is_mailed_few_links_whoever_gives_it(session: Session) -> None:
    for _ in range(MOST_LINKS + 2):
        begin(session)
    assert links(session) == MOST_LINKS
    bob = begin(session, FirstMessage(name="Bob", email="bob@desk.test", message="Hello"))
    assert links(session) == 1
    addresses.send(session, person(bob), SECRET, now())
    assert links(session) == 0


@pytest.mark.parametrize("of", ["account", "visitor"])
def test_who_wants_no_mail_is_asked_by_no_visitor(session: Session, of: str) -> None:
    if of == "account":
        user_id = accounts.create(session, ANN, "Ann", PASSWORD_HASH).id
    else:
        user_id = begin(session).issued.user_id
    links(session)
    accounts.end_mails(session, user_id)
    begin(session)
    assert links(session) == 0


def test_a_repeat_with_its_key_gets_the_same_session_and_makes_nothing(session: Session) -> None:
    first = begin(session, asked=keyed())
    before = counts(session)
    again = begin(session, asked=keyed())
    assert again.is_repeated
    assert (again.issued, again.ticket) == (first.issued, first.ticket)
    assert counts(session) == before


def test_a_key_opens_nothing_to_who_says_something_else_or_comes_late(session: Session) -> None:
    begin(session, asked=keyed())
    other = FirstMessage(name="Eve", email=ANN, message="Whose is this?")
    late = now() + KEPT + timedelta(minutes=1)
    for asked, at in ((keyed(other), now()), (keyed(), late)):
        with pytest.raises(Invalid) as refused:
            begin(session, other, asked, at)
        assert refused.value.code == "idempotency_key_reused"
    assert not begin(session, asked=keyed(key="another")).is_repeated


@pytest.fixture
def own_engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    with engine_of(make_backend()) as engine:
        yield engine


def test_of_two_first_messages_at_once_with_one_key_one_is_stored(own_engine: Engine) -> None:
    first, done = overlapping(
        own_engine,
        lambda session: begin(session, asked=keyed()),
        lambda session: begin(session, asked=keyed()),
    )
    second = done.result()
    assert second.is_repeated
    assert second.issued == first.issued
    assert run(own_engine, counts) == [1, 1, 1, 1]


def test_a_visitor_goes_on_with_the_ticket_that_they_opened_last(session: Session) -> None:
    visit = begin(session)
    newer = a_ticket(session, person(visit), title="Another kettle")
    found = visitors.newest(session, visit.issued.user_id)
    assert found is not None
    assert found.id == newer.id
    assert visitors.newest(session, an_actor(session).id) is None


@given(st.text(min_size=1, max_size=600))
@example("\n \n\u3164\nHello")
@example("a" * 201)
@example("\u3164" * 300 + "a")
@example("e\x01\u0301")
@example("\u2028x\x85")
def test_any_message_has_a_title(message: str) -> None:
    try:
        first = FirstMessage(name="Ann", email=ANN, message=message)
    except ValidationError:
        return
    title = visitors.title_of(first.message)
    new = {"description": first.message, "category": "other", "type": "question"}
    assert NewTicket(title=title, **new).title == title
