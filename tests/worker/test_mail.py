"""Mails, as a real SMTP server gets them."""

import email
import re
from collections.abc import Callable
from datetime import timedelta
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest
import redis
from aiosmtpd.smtp import AuthResult
from sqlalchemy import select

from config import settings
from desk.accounts import customers
from desk.assignment import assignment, routing
from desk.assignment.assignment import Assign
from desk.notifications.inbox import MAIL_WINDOW
from desk.tickets import messages, participants
from desk.tickets.messages import NewMessage
from models import Notification, Outcome, Role, Status, Ticket, User
from tests.conftest import Backend
from tests.factories import Person, an_attachment, database, now, people
from tests.mailbox import Mailbox
from tests.worker.talk import let_time_pass, opened, parts, say
from wire import codec, rating_links, unsubscribe
from wire.presence import Seen, process_key, ticket_key
from wire.shapes import Viewer
from worker.mail.drain import drain

Configure = Callable[..., None]


def outcomes(backend: Backend) -> list[Outcome | None]:
    with database(backend.settings) as session:
        return list(session.scalars(select(Notification.outcome).order_by(Notification.event_seq)))


def test_a_conversation_is_one_mail_in_text_and_html(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer, title="Printer on fire")
    say(backend, ticket_id, csr, "Did you try water?", "Or sand?")
    drain()
    (mail,) = mailbox.mails
    assert str(mail["To"]) == f"{customer.full_name} <{customer.email}>"
    assert "Printer on fire" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in parts(mail):
        assert part.index("Did you try water?") < part.index("Or sand?")
        assert csr.full_name in part
        assert "https://desk.test/unsubscribe?token=" in part
    drain()
    assert len(mailbox.mails) == 1
    assert outcomes(backend) == [Outcome.SENT] * 2


def test_a_mail_links_to_files_and_never_past_the_sign_in(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        file = an_attachment(session, csr.actor, ticket_id, name="<b>plan</b>.png")
        new = NewMessage(content="See the plan", attachment_ids=(file.id,))
        messages.post(session, csr.actor, ticket_id, new, now())
    let_time_pass(backend)
    drain()
    (mail,) = mailbox.mails
    for part in parts(mail):
        assert f"https://desk.test/attachments/{file.id}" in part
        assert "?token=" not in part.partition(f"/attachments/{file.id}")[2][:10]
        assert "<b>" not in part


def test_the_mail_about_a_resolution_asks_its_customer_once(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    first, second = (opened(backend, customer) for _ in range(2))
    for ticket_id in (first, second):
        with database(backend.settings) as session:
            change = routing.Change(status=Status.RESOLVED)
            routing.change(session, csr.actor, ticket_id, change, now())
    let_time_pass(backend)
    drain()
    links = rating_links.links("https://desk.test", settings().jwt_secret_key, first)
    asking, plain = (sum(text.count(link) for link in links.values()) for text in parts_of(mailbox))
    assert (asking, plain) == (10, 0)


def parts_of(mailbox: Mailbox) -> list[str]:
    """Of each mail all that can be read, those that ask for a rating first."""
    texts = ["".join(parts(mail)) for mail in mailbox.mails]
    return sorted(texts, key=lambda text: "/rate/" not in text)


def test_what_is_due_in_the_window_is_not_mailed_yet(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        messages.post(session, csr.actor, ticket_id, NewMessage(content="soon"), now())
        due = session.scalars(select(Notification.due_at)).one()
    assert timedelta(0) < due - now() <= MAIL_WINDOW
    drain()
    assert not mailbox.mails


def test_a_flood_of_assignments_is_one_mail_now_and_one_later(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    (admin,) = people(backend.settings, Role.ADMIN)
    titles = [f"Printer {n} on fire" for n in range(10)]
    ids = [opened(backend, customer, title=title) for title in titles]

    def give(ticket_id: UUID) -> None:
        with database(backend.settings) as session:
            to = Assign(assignee_id=csr.id)
            assignment.assign(session, admin.actor, ticket_id, to, None)

    give(ids[0])
    drain()
    for ticket_id in ids[1:]:
        give(ticket_id)
    drain()
    (first,) = mailbox.mails
    assert titles[0] in first["Subject"]
    let_time_pass(backend)
    drain()
    _, gathered = mailbox.mails
    assert gathered["Subject"] == "9 tickets were assigned to you"
    assert gathered["References"] is None
    with database(backend.settings) as session:
        numbers = [session.get_one(Ticket, ticket_id).number for ticket_id in ids]
    for part in parts(gathered):
        assert [title for title in titles if title in part] == titles[1:]
        links = re.findall(r"https://desk.test/tickets/(\d+)", part)
        assert links == [str(number) for number in numbers[1:]]
    assert outcomes(backend) == [Outcome.SENT] * 10


def test_all_mails_of_a_ticket_are_one_thread(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    for content in ("one", "two"):
        say(backend, ticket_id, csr, content)
        drain()
    say(backend, opened(backend, customer), csr, "another ticket")
    drain()
    first, second, other = mailbox.mails
    assert len(mailbox.ids) == 3
    assert first["Subject"] == second["Subject"]
    for header in ("References", "In-Reply-To"):
        assert first[header] == second[header]
        assert re.fullmatch(r"<[^<>@ ]+@[^<>@ ]+>", first[header])
        assert first[header] != other[header]


def test_mails_in_one_go_share_a_connection(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    for _ in range(3):
        say(backend, opened(backend, customer), csr, "hello")
    drain()
    assert list(mailbox.connections.values()) == [3]


def test_who_is_in_the_room_is_not_mailed(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    here, elsewhere = (opened(backend, customer) for _ in range(2))
    seen = Seen(1, (Viewer(customer.id, customer.full_name, Role.USER),))
    with redis.Redis.from_url(backend.redis_url) as client:
        client.set(process_key("alive"), 1)
        client.hset(ticket_key(here), "alive", codec.encode(seen))
        client.hset(ticket_key(elsewhere), "dead", codec.encode(seen))
    say(backend, here, csr, "you are here")
    say(backend, elsewhere, csr, "you have left")
    drain()
    (mail,) = mailbox.mails
    assert "you have left" in parts(mail)[0]
    assert sorted(filter(None, outcomes(backend))) == [Outcome.PRESENT, Outcome.SENT]


@pytest.mark.parametrize("redis_url", ["redis://127.0.0.1:1/0"])
def test_without_redis_the_mail_is_sent(
    backend: Backend,
    mailbox: Mailbox,
    configure: Configure,
    pair: tuple[Person, Person],
    redis_url: str,
) -> None:
    customer, csr = pair
    configure(SMTP_URL=mailbox.url, REDIS_URL=redis_url)
    say(backend, opened(backend, customer), csr, "hello")
    drain()
    assert len(mailbox.mails) == 1


def test_a_nonsense_presence_is_none(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with redis.Redis.from_url(backend.redis_url) as client:
        client.hset(ticket_key(ticket_id), "alive", "soon")
    say(backend, ticket_id, csr, "hello")
    drain()
    assert len(mailbox.mails) == 1


def test_without_a_server_mails_are_files(
    backend: Backend, configure: Configure, tmp_path: Path, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    say(backend, opened(backend, customer, title="Füße"), csr, "häßlich")
    drain()
    (file,) = (tmp_path / ".data/mail").glob("*")
    mail = email.message_from_bytes(file.read_bytes(), policy=default)
    assert file.suffix == ".eml"
    assert "Füße" in mail["Subject"]
    assert "häßlich" in parts(mail)[0]


def test_one_refused_recipient_does_not_hold_up_the_others(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    (other,) = people(backend.settings, Role.USER)
    mailbox.answer = lambda address: "550 no" if address == customer.email else "250 OK"
    for person in (customer, other):
        say(backend, opened(backend, person), csr, "hello")
    drain()
    assert [mail["To"].addresses[0].addr_spec for mail in mailbox.mails] == [other.email]
    mailbox.answer = lambda _: "250 OK"
    drain()
    assert len(mailbox.mails) == 1, "it waits before it is tried again"
    let_time_pass(backend)
    drain()
    assert len(mailbox.mails) == 2


def test_a_mailer_that_dies_after_sending_repeats_the_very_same_mail(
    backend: Backend,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    pair: tuple[Person, Person],
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    say(backend, ticket_id, csr, "only once, please")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("desk.notifications.mail_queue.finished", die)
        with pytest.raises(KeyboardInterrupt):
            drain()
    say(backend, ticket_id, csr, "and something new")
    drain()
    assert len(mailbox.raw) == 3
    first, again, new = sorted(mailbox.raw, key=lambda raw: b"something new" in raw)
    assert first == again
    assert b"something new" in new


def test_a_very_long_conversation_makes_a_mail_of_bounded_size(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    say(backend, opened(backend, customer), csr, *["é" * 10_000] * 25)
    drain()
    (mail,) = mailbox.mails
    assert "and 5 more" in parts(mail)[0]
    assert len(mailbox.raw[0]) < 1_000_000


def test_the_link_of_the_mail_is_the_persons_own(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    say(backend, opened(backend, customer), csr, "hello")
    drain()
    (mail,) = mailbox.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(mail["List-Unsubscribe"]).strip("<>")
    token = link.removeprefix("https://desk.test/unsubscribe?token=")
    assert unsubscribe.reader([settings().jwt_secret_key], token) == customer.id


def test_a_status_is_mailed_in_words(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        change = routing.Change.model_validate({"status": "in_progress"})
        routing.change(session, csr.actor, ticket_id, change, now())
    let_time_pass(backend)
    drain()
    assert f"{csr.full_name}, support, set the status to in progress." in parts(mailbox.mails[0])[0]


def test_who_is_added_and_who_is_mentioned_is_told_so(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    copied, colleague = people(backend.settings, Role.USER, Role.CSR)
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        participants.put(session, csr.actor, ticket_id, copied.id, now())
        made = f"made.{ticket_id.hex}@example.com"
        customers.put_on_copy(session, csr.actor, ticket_id, made, now())
        new = NewMessage(content="@you", internal=True, mentions=(colleague.id,))
        messages.post(session, csr.actor, ticket_id, new, now())
    let_time_pass(backend)
    drain()
    said = {str(mail["To"].addresses[0].addr_spec): parts(mail)[0] for mail in mailbox.mails}
    assert f"{csr.full_name}, support, put you on copy of this ticket." in said[copied.email]
    assert "sign up with this address: https://desk.test/signup" in said[made]
    assert f"{csr.full_name}, support, mentioned you in a note:" in said[colleague.email]


def header(raw: bytes, name: str) -> str:
    """A header as it left, with its folds."""
    head = raw.split(b"\r\n\r\n", 1)[0].decode()
    found = re.search(rf"^{name}: ([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", head, re.MULTILINE)
    assert found, head
    return found[1]


def test_what_machines_read_in_a_header_is_neither_encoded_nor_folded(
    backend: Backend, mailbox: Mailbox, configure: Configure, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    domain = "a-domain-of-thirty-four-chars.test"
    url = "https://desk.example.com/support/at/a/rather/long/address"
    configure(SMTP_URL=mailbox.url, PUBLIC_URL=url, MAIL_FROM=f"Büro <support@{domain}>")
    say(backend, opened(backend, customer), csr, "hello")
    drain()
    (raw,) = mailbox.raw
    for name in ("Message-ID", "In-Reply-To", "References"):
        assert re.fullmatch(rf"<[a-z0-9.-]+@{domain}>", header(raw, name))
    link = header(raw, "List-Unsubscribe")
    assert re.fullmatch(rf"<{url}/unsubscribe\?token=[!-~]+>", link)
    assert header(raw, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert header(raw, "From").endswith(f"\r\n <support@{domain}>")


def test_a_mail_leads_to_its_ticket(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person]
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        number = session.get_one(Ticket, ticket_id).number
    say(backend, ticket_id, csr, "hello")
    drain()
    text, html = parts(mailbox.mails[0])
    assert f"https://desk.test/tickets/{number}\r\n" in text
    assert f'href="https://desk.test/tickets/{number}"' in html


@pytest.mark.parametrize(("allowed", "sent"), [("off", 0), ("on", 1)])
def test_a_password_does_not_go_in_clear_unless_that_was_allowed(
    backend: Backend, configure: Configure, pair: tuple[Person, Person], allowed: str, sent: int
) -> None:
    customer, csr = pair
    asked: list[object] = []

    def authenticate(*args: object) -> AuthResult:
        asked.append(args)
        return AuthResult(success=True)

    say(backend, opened(backend, customer), csr, "hello")
    with Mailbox(authenticator=authenticate, auth_require_tls=False) as mailbox:
        url = mailbox.url.replace("://", "://user:secret@")
        configure(SMTP_URL=url, SMTP_ALLOW_PLAINTEXT=allowed)
        drain()
        assert (len(mailbox.mails), len(asked)) == (sent, sent)


@pytest.mark.parametrize(("offered", "outcome"), [(True, Outcome.SENT), (False, Outcome.DEAD)])
def test_an_address_that_the_relay_cannot_take_is_tried_once(
    backend: Backend,
    configure: Configure,
    pair: tuple[Person, Person],
    offered: bool,
    outcome: Outcome,
) -> None:
    customer, csr = pair
    address = f"jörg-{customer.id.hex}@example.com"
    with database(backend.settings) as session:
        session.get_one(User, customer.id).email = address
    say(backend, opened(backend, customer), csr, "hello")
    with Mailbox(enable_SMTPUTF8=offered) as mailbox:
        configure(SMTP_URL=mailbox.url)
        drain()
        assert outcomes(backend) == [outcome]
        assert [header(raw, "To").endswith(f"<{address}>") for raw in mailbox.raw] == [
            True
        ] * offered
