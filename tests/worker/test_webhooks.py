"""Webhooks, as a real receiver sees them."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from desk.assignment import routing
from desk.webhooks import webhook_queue, webhooks
from desk.webhooks.webhook_queue import GIVE_UP, LONGEST_ASKED
from desk.webhooks.webhooks import WebhookChange
from models import Disabled, Role, Webhook, WebhookAttempt, WebhookDelivery
from tests.conftest import Backend
from tests.factories import Person, a_ticket, database, now, people
from tests.receiver import Receiver, Told
from tests.worker.hooks import a_secret, attempts, hooked, let_time_pass, pending
from tests.worker.talk import opened, say
from worker.webhooks.drain import drain

Pair = tuple[Person, Person]


@pytest.fixture
def receiver(backend: Backend, configure: Callable[..., None]) -> Iterator[Receiver]:
    configure(WEBHOOK_ALLOW_PRIVATE="on")
    with database(backend.settings) as session:
        session.execute(delete(Webhook))
    with Receiver() as receiver:
        yield receiver
    with database(backend.settings) as session:
        session.execute(delete(Webhook))


@pytest.fixture
def admin(backend: Backend) -> Person:
    return people(backend.settings, Role.ADMIN)[0]


def test_an_event_is_told_signed_with_its_ticket(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    secret = a_secret()
    hooked(backend, admin, receiver.url, ["message_posted"], secret)
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    ticket_id = opened(backend, customer)
    say(backend, ticket_id, csr, "häßlich")
    drain()
    (told,) = receiver.told
    assert told.path == "/hook?a=b"
    assert told.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert told.headers["content-type"] == "application/json"
    assert told.is_signed_with(secret)
    assert not told.is_signed_with(a_secret())
    assert told.json["type"] == "message_posted"
    event, ticket = told.json["data"]["event"], told.json["data"]["ticket"]
    assert told.json["timestamp"] == event["at"]
    assert event["seq"] == 2
    assert event["actor_id"] == str(csr.id)
    assert event["data"]["content"] == "häßlich"
    assert ticket["id"] == str(ticket_id)
    assert ticket["status"] == "open"
    assert set(ticket) == {
        *("id", "number", "title", "category", "type", "status", "priority", "tags"),
        *("user_id", "assigned_to_id", "team_id", "required_skills", "fields"),
    }
    assert attempts(backend) == [(204, None)]
    drain()
    assert len(receiver.told) == 1


def test_a_ticket_is_told_as_the_event_left_it(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    hooked(backend, admin, receiver.url, ["status_changed"])
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    ticket_id = opened(backend, customer)
    for status in ("in_progress", "resolved"):
        with database(backend.settings) as session:
            change = routing.Change.model_validate({"status": status})
            routing.change(session, csr.actor, ticket_id, change, now())
    drain()
    assert [told.json["data"]["ticket"]["status"] for told in receiver.told] == [
        "in_progress",
        "resolved",
    ]


def test_only_active_webhooks_that_asked_for_the_kind_are_told(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    hooked(backend, admin, receiver.url, ["assigned", "note_posted"])
    inactive = hooked(backend, admin, receiver.url)
    with database(backend.settings) as session:
        webhooks.change(session, inactive, WebhookChange(is_active=False))
    (customer,) = people(backend.settings, Role.USER)
    say(backend, opened(backend, customer), customer, "hello")
    assert pending(backend) == 0


def test_a_rolled_back_event_is_told_to_nobody(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    hooked(backend, admin, receiver.url)
    (customer,) = people(backend.settings, Role.USER)
    with database(backend.settings) as session, session.begin_nested() as savepoint:
        a_ticket(session, customer.actor)
        savepoint.rollback()
    drain()
    assert receiver.told == []


def test_a_failing_event_holds_up_its_ticket_and_no_other(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    hooked(backend, admin, receiver.url)
    (customer,) = people(backend.settings, Role.USER)
    stuck, other = (opened(backend, customer) for _ in range(2))

    def answer(told: Told) -> int:
        return 500 if told.ticket_and_seq == (str(stuck), 2) else 200

    receiver.answer = answer
    for ticket_id in (stuck, other):
        say(backend, ticket_id, customer, "one", "two", "three")
    drain()
    assert receiver.of(stuck) == [1, 2]
    assert receiver.of(other) == [1, 2, 3, 4]
    drain()
    assert receiver.of(stuck) == [1, 2], "it waits before it is tried again"
    receiver.answer = lambda _: 200
    let_time_pass(backend)
    drain()
    assert receiver.of(stuck) == [1, 2, 2, 3, 4]
    first, again = (told for told in receiver.told if told.ticket_and_seq == (str(stuck), 2))
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert (500, "refused_by_receiver") in attempts(backend)
    assert pending(backend) == 0


def test_a_redirect_is_not_followed(backend: Backend, receiver: Receiver, admin: Person) -> None:
    hooked(backend, admin, receiver.url)
    receiver.answer = lambda _: 307
    receiver.headers = {"Location": receiver.url}
    opened(backend, people(backend.settings, Role.USER)[0])
    drain()
    assert len(receiver.told) == 1
    assert attempts(backend) == [(307, "redirect_not_followed")]


@pytest.mark.parametrize(
    ("asked", "waited"), [(120, 120), (1, 5), (30 * 24 * 3600, LONGEST_ASKED.total_seconds())]
)
def test_who_asks_to_be_left_alone_is_within_a_bound(
    backend: Backend, receiver: Receiver, admin: Person, asked: int, waited: float
) -> None:
    hooked(backend, admin, receiver.url)
    receiver.answer = lambda _: 429
    receiver.headers = {"Retry-After": str(asked)}
    (customer,) = people(backend.settings, Role.USER)
    opened(backend, customer)
    drain()
    opened(backend, customer)
    drain()
    with database(backend.settings) as session:
        first = session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)).first()
        webhook = session.scalars(select(Webhook)).one()
        at = session.scalars(select(WebhookAttempt.at).order_by(WebhookAttempt.id)).first()
        assert first is not None
        assert at is not None
        assert (first.due_at - at).total_seconds() == waited
        assert webhook.resting_until is not None
        assert (webhook.resting_until - at).total_seconds() == min(asked, waited)
    if asked > 1:
        assert len(receiver.told) == 1, "other tickets' events wait with it"


def test_waits_grow_and_an_event_is_given_up_after_days(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    hooked(backend, admin, receiver.url)
    (customer,) = people(backend.settings, Role.USER)
    ticket_id = opened(backend, customer)
    # Others get through, so the webhook as a whole is not failing.
    receiver.answer = lambda told: 500 if told.ticket_and_seq[0] == str(ticket_id) else 200
    say(backend, ticket_id, customer, "second")
    waits = []
    for _ in range(5):
        drain()
        with database(backend.settings) as session:
            due, at = session.execute(
                select(WebhookDelivery.due_at, WebhookAttempt.at)
                .join(WebhookAttempt, WebhookAttempt.delivery_id == WebhookDelivery.id)
                .order_by(WebhookAttempt.id.desc())
                .limit(1)
            ).one()
            waits.append((due - at).total_seconds())
        let_time_pass(backend, timedelta(hours=1))
    assert waits == [5, 10, 20, 40, 80]
    let_time_pass(backend, GIVE_UP)
    opened(backend, customer)
    with database(backend.settings) as session:
        session.execute(update(Webhook).values(failing_since=None))
    drain()
    drain()
    assert receiver.of(ticket_id) == [1] * 6 + [2]


def test_a_webhook_that_fails_for_days_is_disabled_and_goes_on_when_made_active_again(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    webhook_id = hooked(backend, admin, receiver.url)
    receiver.answer = lambda _: 503
    (customer,) = people(backend.settings, Role.USER)
    opened(backend, customer)
    drain()
    let_time_pass(backend, GIVE_UP)
    late = opened(backend, customer)
    drain()
    with database(backend.settings) as session:
        webhook = session.get_one(Webhook, webhook_id)
        assert (webhook.is_active, webhook.disabled_because) == (False, Disabled.FAILING)
    receiver.answer = lambda _: 200
    let_time_pass(backend)
    receiver.told.clear()
    drain()
    assert receiver.told == []
    with database(backend.settings) as session:
        shown = webhooks.change(session, webhook_id, WebhookChange(is_active=True))
        assert (shown.disabled_because, shown.failing_since) == (None, None)
    drain()
    assert receiver.of(late) == [1]


def test_a_receiver_that_is_gone_is_disabled_at_once(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    webhook_id = hooked(backend, admin, receiver.url)
    receiver.answer = lambda _: 410
    opened(backend, people(backend.settings, Role.USER)[0])
    drain()
    with database(backend.settings) as session:
        assert session.get_one(Webhook, webhook_id).disabled_because is Disabled.GONE


def test_who_does_not_answer_is_left_alone_while_others_are_told(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    hooked(backend, admin, "http://127.0.0.1:1/")
    hooked(backend, admin, receiver.url)
    (customer,) = people(backend.settings, Role.USER)
    for _ in range(20):
        opened(backend, customer)
    drain()
    assert len(receiver.told) == 20
    failed = [attempt for attempt in attempts(backend) if attempt == (None, "not_connected")]
    assert 1 <= len(failed) <= 8


def test_an_admin_has_an_event_told_again(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    webhook_id = hooked(backend, admin, receiver.url)
    opened(backend, people(backend.settings, Role.USER)[0])
    drain()
    with database(backend.settings) as session:
        (attempt,) = webhooks.attempts(session, webhook_id, 10, None)
        webhooks.redeliver(session, webhook_id, attempt.id, now())
    drain()
    first, again = receiver.told
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert attempts(backend) == [(204, None)] * 2


def test_a_removed_webhook_takes_all_of_it_along(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    webhook_id = hooked(backend, admin, receiver.url)
    customer = people(backend.settings, Role.USER)[0]
    opened(backend, customer)
    drain()
    opened(backend, customer)
    with database(backend.settings) as session:
        webhooks.remove(session, webhook_id)
    drain()
    assert len(receiver.told) == 1
    assert attempts(backend) == []
    assert pending(backend) == 0


def test_what_was_over_for_long_is_pruned(
    backend: Backend, receiver: Receiver, admin: Person
) -> None:
    hooked(backend, admin, receiver.url)
    customer = people(backend.settings, Role.USER)[0]
    opened(backend, customer)
    drain()
    let_time_pass(backend, timedelta(days=34))
    opened(backend, customer)
    drain()
    with database(backend.settings) as session:
        assert webhook_queue.prune(session, now(), 1_000) == 1
    assert attempts(backend) == [(204, None)]
