"""The statements of the fast path leave behind what the rules do, row by row, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import DeskError
from desk.outbox import Outbox, outbox
from desk.statements import SingleStatement
from desk.tickets import drafts, fast_path, messages, snooze, tickets
from desk.tickets.drafts import NewDraft
from desk.tickets.messages import NewMessage
from desk.tickets.snooze import Snooze
from desk.tickets.tickets import NewTicket
from desk.webhooks import webhooks
from models import ACTIVE_STATUSES, DraftKind, Role, Status, Ticket, Webhook
from tests.factories import an_actor, an_attachment, now

T = TypeVar("T")
People = dict[str, Actor]
NEW = NewTicket(
    title="""It "broke" \\ it's 100 %s {} 🦺""",
    description="Help, the *mixer* broke! 12 -5.3 a/b",
    category='"\\',
    type="日本",
)
# What differs from one run to the next.
RANDOM = {"id", "ticket_id"}
TABLES = (
    "tickets", "events", "notifications", "webhook_deliveries", "unindexed_events", "read_cursors",
    "users", "drafts",
)  # fmt: skip
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class Situation:
    """A ticket, and what somebody says on it."""

    actor: str
    assignee: str | None
    on_copy: tuple[str, ...]
    followers: tuple[str, ...]
    status: Status
    internal: bool
    client_id: str | None
    webhook: str | None
    has_answer: bool
    # Of the numbers that there are, how many the writer has not seen; None: that is no matter.
    unseen: int | None
    draft: bool
    has_draft: bool
    has_files: bool
    # Asleep, and whether its customer's words would wake it.
    wakes_on_reply: bool | None


PEOPLE = ("customer", "csr", "other", "admin", "leaver", "copied", "stranger")
SAID_BEFORE = ("customer", "csr", "other", "admin")
RARELY = st.sampled_from((False, False, False, True))
# Most are such that the statement does all of it.
SITUATIONS = st.builds(
    Situation,
    actor=st.sampled_from((*PEOPLE, "customer", "csr", "csr")),
    assignee=st.sampled_from((None, "customer", "csr", "admin", "leaver")),
    on_copy=st.sampled_from(((), ("copied",), ("copied", "leaver", "other"))),
    followers=st.sampled_from(((), ("other",), ("leaver", "csr", "admin", "copied"))),
    status=st.sampled_from((*Status, *ACTIVE_STATUSES, *ACTIVE_STATUSES)),
    internal=st.booleans(),
    client_id=st.sampled_from((None, "new", "old")),
    webhook=st.sampled_from((None, "ticket_created", "message_posted", "note_posted", "inactive")),
    has_answer=st.booleans(),
    unseen=st.sampled_from((None, None, None, 0, 0, 0, 1, 2, 3)),
    draft=st.booleans(),
    has_draft=st.booleans(),
    has_files=RARELY,
    wakes_on_reply=st.sampled_from((None, None, True, False)),
)


@pytest.fixture
def people(session: Session) -> People:
    """By what they are to the ticket; the leaver was of the staff."""
    roles = {"csr": Role.CSR, "other": Role.CSR, "admin": Role.ADMIN}
    return {name: an_actor(session, roles.get(name, Role.USER)) for name in PEOPLE}


@EXAMPLES
@given(SITUATIONS)
def test_a_message(session: Session, people: People, situation: Situation) -> None:
    with session.begin_nested() as example:
        ticket_id = _set_up(session, people, situation)
        actor = people[situation.actor]
        new = _said(session, actor, ticket_id, situation)
        at = now()
        by_statement = _left_by(
            session, _as_statement(fast_path.posting(actor, ticket_id, new, at))
        )
        by_rule = _left_by(session, lambda s: messages.post(s, actor, ticket_id, new, at).is_new)
        assert by_statement in (None, by_rule)
        assert (by_statement is not None) == _is_quiet(situation)
        example.rollback()


def _said(session: Session, actor: Actor, ticket_id: UUID, situation: Situation) -> NewMessage:
    ticket = session.get_one(Ticket, ticket_id)
    seen = ticket.last_seq if actor.is_staff else ticket.last_public_seq
    return NewMessage(
        content="Is *this* it?",
        client_id=situation.client_id,
        internal=situation.internal,
        expect_seq=None if situation.unseen is None else max(0, seen - situation.unseen),
        draft=situation.draft,
        attachment_ids=_uploaded(session, actor, ticket_id) if situation.has_files else (),
    )


def _uploaded(session: Session, actor: Actor, ticket_id: UUID) -> tuple[UUID, ...]:
    """A file, if the actor may upload one."""
    try:
        return (an_attachment(session, actor, ticket_id).id,)
    except DeskError:
        return (uuid4(),)


@settings(EXAMPLES, max_examples=15)
@given(st.sampled_from(("customer", "csr")), SITUATIONS)
def test_an_opening(session: Session, people: People, actor: str, situation: Situation) -> None:
    with session.begin_nested() as example:
        _set_up(session, people, situation)
        at = now()
        single = fast_path.opening(people[actor], NEW, at)
        by_statement = _left_by(session, _as_statement(single))
        by_rule = _left_by(session, lambda s: tickets.open_ticket(s, people[actor], NEW, at))
        assert by_statement is not None
        assert by_statement == by_rule
        example.rollback()


def _set_up(session: Session, people: People, situation: Situation) -> UUID:
    customer, csr = people["customer"], people["csr"]
    ticket_id = tickets.open_ticket(session, customer, NEW, now()).id
    if situation.has_answer:
        messages.post(session, csr, ticket_id, NewMessage(content="Hello"), now())
    old = NewMessage(content="Before", client_id="old")
    if situation.actor in SAID_BEFORE:
        messages.post(session, people[situation.actor], ticket_id, old, now())
    ticket = session.get_one(Ticket, ticket_id)
    assignee = situation.assignee
    ticket.assigned_to_id = people[assignee].id if assignee else None
    ticket.participant_ids = [people[name].id for name in situation.on_copy]
    ticket.follower_ids = [people[name].id for name in situation.followers]
    tickets.set_status(session, csr, ticket, situation.status, now())
    if situation.wakes_on_reply is not None and tickets.is_active(ticket):
        until = now() + timedelta(hours=1)
        asleep = Snooze(until=until, wake_on_reply=situation.wakes_on_reply)
        snooze.set_snooze(session, csr, ticket, asleep, now())
    if situation.webhook:
        kind = "message_posted" if situation.webhook == "inactive" else situation.webhook
        sent = webhooks.NewWebhook.model_validate(
            {"url": "https://8.8.8.8/", "events": [kind, "assigned"]}
        )
        webhooks.add(session, people["admin"], sent, "whsec_", now())
        session.query(Webhook).update({"is_active": situation.webhook != "inactive"})
    if situation.has_draft:
        for kind in DraftKind:
            kept = NewDraft(kind=kind, content="Is *this*", base_seq=1)
            for person in ("customer", "csr", "other", "admin"):
                if kind is DraftKind.REPLY or person != "customer":
                    drafts.keep(session, people[person], ticket_id, kept)
    session.flush()
    return ticket_id


def _is_quiet(situation: Situation) -> bool:
    """Whether the statement can do all that is to be done."""
    is_staff = situation.actor in ("csr", "other", "admin")
    is_own = situation.actor in ("customer", *situation.on_copy)
    may_write = is_staff or (is_own and not situation.internal)
    is_answer = is_own and not situation.internal
    reopens = is_answer and situation.status is Status.RESOLVED
    is_work = situation.status in ACTIVE_STATUSES
    wakes = is_answer and is_work and situation.wakes_on_reply
    is_new = situation.client_id != "old" or situation.actor not in SAID_BEFORE
    is_open = situation.status is not Status.CLOSED
    has_seen_all = situation.unseen in (None, 0)
    # The rule alone takes files.
    is_plain = not reopens and not wakes and not situation.has_files
    return may_write and is_open and is_new and has_seen_all and is_plain


def _as_statement(single: SingleStatement[T]) -> Callable[[Session], T | None]:
    def run(session: Session) -> T | None:
        rows = single.statement.all(session, **single.values)
        return single.result(rows, outbox(session))

    return run


def _left_by(session: Session, work: Callable[[Session], Any]) -> dict[str, Any] | None:
    """All that a rule leaves behind, before it's undone; None if it refuses or does nothing."""
    session.info["outbox"] = Outbox()
    session.expire_all()
    # No rollback takes a number back.
    number = "pg_get_serial_sequence('tickets', 'number')"
    session.execute(text(f"select setval({number}, (select max(number) from tickets))"))
    savepoint = session.begin_nested()
    try:
        result = work(session)
        session.flush()
    except DeskError:
        savepoint.rollback()
        return None
    left = {table: _rows(session, table) for table in TABLES} | _leaving(outbox(session))
    savepoint.rollback()
    return left if result else None


def _rows(session: Session, table: str) -> list[dict[str, Any]]:
    query = f"select to_jsonb(each) from {table} each"
    rows = [_kept(row) for row in session.scalars(text(query))]
    return sorted(rows, key=repr)


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in row.items() if name not in RANDOM}
    if isinstance(ticket := values.get("ticket"), dict):  # What a webhook is told.
        values["ticket"] = _kept(ticket)
    return values


def _leaving(recorded: Outbox) -> dict[str, Any]:
    event = ("seq", "public_seq", "kind", "actor_id", "at", "client_id", "content", "data")
    told = ("user_id", "kind", "actor_id", "actor_name", "data", "created_at", "read_at")
    return {
        "events that leave": [[getattr(row, n) for n in event] for row in recorded.events],
        "notifications that leave": sorted(
            ([getattr(row, n) for n in told] for row in recorded.notifications), key=repr
        ),
        "other": (recorded.reads, recorded.ended, recorded.wakes, recorded.drafts),
    }
