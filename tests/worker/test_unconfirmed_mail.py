"""Mails to addresses that nobody has confirmed: nothing in them is anybody's words."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from desk.accounts import addresses, visitors
from desk.accounts.accounts import Signup
from desk.accounts.addresses import Verification
from desk.accounts.visitors import FirstMessage, Terms
from desk.notifications import confirmations
from models import EmailConfirmation, Role, Ticket, User
from tests.conftest import SECRET, Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.mailbox import Mailbox
from tests.worker.talk import let_time_pass, opened, parts, say
from worker.mail.drain import drain

LINK = re.compile(r"https://desk\.test/verify#token=([\w-]+)")
# What an attacker would like a bank's customer to read, and a decent answer to it.
LURE = "Suspended payments"
NAME = "Orla Sparkasse"
REPLY = "Visit elsewhere"


@pytest.fixture
def victim(backend: Backend) -> Person:
    """Somebody signed up with their address."""
    (person,) = people(backend.settings, Role.USER, email_verified_at=None, full_name=NAME)
    return person


def everything(mail: EmailMessage, raw: bytes) -> str:
    """All that a mail says, as it left and as it reads."""
    return "\n".join([raw.decode(), *map(str, mail.values()), *parts(mail)])


def test_an_address_that_nobody_confirmed_is_told_the_tickets_number_and_link_alone(
    backend: Backend, mailbox: Mailbox, victim: Person
) -> None:
    (csr,) = people(backend.settings, Role.CSR, full_name="Finn Helper")
    ticket_id = opened(backend, victim, title=LURE)
    with database(backend.settings) as session:
        number = session.get_one(Ticket, ticket_id).number
    say(backend, ticket_id, csr, REPLY)
    drain()
    asking, told = sorted(mailbox.mails, key=lambda mail: f"#{number}" in mail["Subject"])
    assert told["Subject"] == f"[#{number}] News on your ticket"
    assert asking["Subject"] == "Confirm your address"
    for mail, raw in zip(mailbox.mails, mailbox.raw, strict=True):
        assert str(mail["To"]) == victim.email
        assert "List-Unsubscribe" in mail
        assert mail["Auto-Submitted"] == "auto-generated"
        said = everything(mail, raw)
        for words in (LURE, NAME, REPLY, csr.full_name):
            assert not [word for word in words.split() if word in said]
    for part in parts(told):
        assert f"https://desk.test/tickets/{number}" in part


def test_the_mailed_link_confirms_and_then_mails_say_what_happened(
    backend: Backend, mailbox: Mailbox, victim: Person, pair: tuple[Person, Person]
) -> None:
    ticket_id = opened(backend, victim, title=LURE)
    say(backend, ticket_id, pair[1], REPLY)
    drain()
    (asking,) = [mail for mail in mailbox.mails if mail["Subject"] == "Confirm your address"]
    tokens = {LINK.findall(part)[0] for part in parts(asking)}
    assert len(tokens) == 1
    with database(backend.settings) as session:
        assert addresses.verify(session, Verification(token=tokens.pop()), now()) == victim.id
    say(backend, ticket_id, pair[1], "Good to know you")
    drain()
    mail = mailbox.mails[-1]
    assert LURE in mail["Subject"]
    assert str(mail["To"]) == f"{NAME} <{victim.email}>"
    assert "Good to know you" in parts(mail)[0]
    assert len(mailbox.mails) == 3


def test_a_visitor_is_led_to_the_chat_and_not_to_a_sign_in(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    terms = Terms(timedelta(days=7), SECRET, "other", "question")
    first = FirstMessage(name=NAME, email="orla@desk.test", message=LURE)
    with database(backend.settings) as session:
        ticket = visitors.begin(session, first, None, terms, now()).ticket
        assert ticket
    drain()
    for part in parts(mailbox.mails[-1]):
        assert "wrote to us with this address" in part
    token = LINK.findall(parts(mailbox.mails[-1])[0])[0]
    with database(backend.settings) as session:
        addresses.verify(session, Verification(token=token), now())
    say(backend, ticket.id, pair[1], REPLY)
    drain()
    assert len(mailbox.mails) == 2
    for part in parts(mailbox.mails[-1]):
        assert REPLY in part
        assert "open the chat" in part
        assert "/tickets/" not in part


def test_a_sign_up_is_mailed_the_link_once_and_the_very_same_where_the_mailer_died(
    backend: Backend, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Signup(email=f"{now().timestamp()}@desk.test", password=PASSWORD, full_name=NAME)
    with database(backend.settings) as session:
        addresses.sign_up(session, new, "hash", SECRET, now())

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("desk.notifications.confirmations.finished", die)
        with pytest.raises(KeyboardInterrupt):
            drain()
    with database(backend.settings) as session:
        session.execute(update(EmailConfirmation).values(leased_until=None))
    for _ in range(2):
        drain()
    first, again = mailbox.raw
    assert first == again
    assert NAME not in everything(mailbox.mails[0], first)


def test_a_key_that_was_changed_meanwhile_mails_no_link_that_fits_nothing(
    backend: Backend, mailbox: Mailbox, configure: Callable[..., None], victim: Person
) -> None:
    old = "the key before the last change, and long enough"
    with database(backend.settings) as session:
        confirmations.ask(session, victim.id, victim.email, old, now())
    drain()
    assert mailbox.mails == []
    with database(backend.settings) as session:
        assert session.scalars(select(EmailConfirmation.attempts)).one() == 1
        session.execute(update(EmailConfirmation).values(due_at=now()))
    configure(SMTP_URL=mailbox.url, PUBLIC_URL="https://desk.test", JWT_PREVIOUS_SECRET_KEY=old)
    drain()
    (mail,) = mailbox.mails
    (given,) = set(LINK.findall(parts(mail)[0]))
    with database(backend.settings) as session:
        assert addresses.verify(session, Verification(token=given), now()) == victim.id


def test_of_an_unconfirmed_one_of_the_staff_no_titles_are_told_either(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer, title=LURE)
    with database(backend.settings) as session:
        session.get_one(User, csr.id).email_verified_at = None
        session.get_one(Ticket, ticket_id).assigned_to_id = csr.id
    say(backend, ticket_id, customer, REPLY)
    drain()
    said = "".join(map(everything, mailbox.mails, mailbox.raw))
    assert LURE not in said
    assert REPLY not in said


@pytest.mark.parametrize(("writer", "role"), [("customer", "customer"), ("csr", "support")])
def test_a_mail_says_the_writers_role_after_any_name(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person], writer: str, role: str
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        session.get_one(Ticket, ticket_id).assigned_to_id = csr.id
        for person in pair:
            session.get_one(User, person.id).full_name = "Orla, support"
    say(backend, ticket_id, customer if writer == "customer" else csr, "hello")
    let_time_pass(backend)
    drain()
    (mail,) = mailbox.mails
    for part in parts(mail):
        assert f"Orla, support, {role}, wrote:" in part
