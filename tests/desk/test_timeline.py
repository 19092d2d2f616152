"""The timeline and its two numberings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.events import KINDS, MessagePosted, NotePosted
from desk.rows import EventRow
from desk.tickets import history, messages, timeline
from desk.tickets.messages import NewMessage
from models import Role, Ticket
from tests.factories import a_past, a_ticket, an_actor, now
from wire.shapes import TimelineEvent, timeline_event

ALL = 1000
# What may happen to a ticket, by whom: (is it the customer?, message or change).
ACTS = st.sampled_from(
    [
        (True, {"content": "hello?"}),
        (False, {"content": "hello!"}),
        (False, {"content": "he is angry", "internal": True}),
        (False, {"tags": ["vip"]}),
        (False, {"tags": []}),
        (False, {"priority": "high"}),
        (False, {"priority": None}),
        (False, {"status": "resolved"}),
        (False, {"status": "open"}),
        (False, {"category": "shipping"}),
        (False, {"category": "billing"}),
    ]
)


def act(session: Session, actor: Actor, ticket_id: UUID, fields: dict[str, object]) -> None:
    if "content" in fields:
        messages.post(session, actor, ticket_id, NewMessage.model_validate(fields), now())
    else:
        routing.change(session, actor, ticket_id, Change.model_validate(fields), now())
    session.flush()


def shown(session: Session, actor: Actor, ticket_id: UUID, after: int = 0) -> list[TimelineEvent]:
    events = history.read(session, actor, ticket_id, after, ALL).events
    return [timeline_event(event, actor.audience) for event in events]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(ACTS, max_size=15))
def test_both_numberings_are_dense_whatever_happens(
    session: Session, acts: list[tuple[bool, dict[str, object]]]
) -> None:
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer)
    for is_customer, fields in acts:
        act(session, customer if is_customer else csr, ticket.id, fields)
    staff, public = (shown(session, who, ticket.id) for who in (csr, customer))
    assert [e.seq for e in staff] == list(range(1, len(staff) + 1))
    assert [e.seq for e in public] == list(range(1, len(public) + 1))
    assert [e.at for e in public] == [e.at for e in staff if not KINDS[e.kind].is_internal]
    assert not [e for e in public if KINDS[e.kind].is_internal]
    row = session.get_one(Ticket, ticket.id)
    assert (row.last_seq, row.last_public_seq) == (len(staff), len(public))


def a_story(session: Session) -> tuple[Actor, Actor, UUID]:
    """Six events, of which the third and the fifth are for staff alone."""
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer)
    act(session, customer, ticket.id, {"content": "one"})
    act(session, csr, ticket.id, {"content": "hm", "internal": True})
    act(session, csr, ticket.id, {"content": "two"})
    act(session, csr, ticket.id, {"tags": ["vip"]})
    act(session, customer, ticket.id, {"content": "three"})
    return customer, csr, ticket.id


def test_each_audience_reads_on_from_its_own_number(session: Session) -> None:
    customer, csr, ticket_id = a_story(session)
    for who, length in ((customer, 4), (csr, 6)):
        everything = shown(session, who, ticket_id)
        assert len(everything) == length
        for after in range(length + 2):
            assert shown(session, who, ticket_id, after) == everything[after:]


def test_a_page_ends_where_it_was_told(session: Session) -> None:
    customer, _, ticket_id = a_story(session)
    page = history.read(session, customer, ticket_id, 1, 2)
    assert [e.public_seq for e in page.events] == [2, 3]
    assert page.head == 6


def test_messages_are_the_talk_without_the_rest(session: Session) -> None:
    customer, csr, ticket_id = a_story(session)
    seen = {
        who.role: [(e.content, e.kind) for e in history.messages(session, who, ticket_id, 0, ALL)]
        for who in (customer, csr)
    }
    talk = [(content, MessagePosted.kind) for content in ("one", "two", "three")]
    assert seen[Role.USER] == talk
    assert seen[Role.CSR] == [talk[0], ("hm", NotePosted.kind), *talk[1:]]
    rest = history.messages(session, customer, ticket_id, 2, 1)
    assert [e.content for e in rest] == ["two"]


@pytest.mark.parametrize("role", [Role.USER, Role.CSR])
def test_a_read_of_long_texts_ends_early_and_goes_on_without_a_hole(
    session: Session, role: Role
) -> None:
    customer, csr = an_actor(session), an_actor(session, Role.CSR)
    reader = customer if role is Role.USER else csr
    ticket_id, longest = a_ticket(session, customer).id, "\N{PILE OF POO}" * 10_000
    a_past(session, csr.id, ticket_id, 40, longest)
    session.flush()
    most = timeline.LONGEST_READ // len(longest.encode()) + 2
    for read in (timeline_page, history.messages):
        numbers: list[int] = []
        while page := read(session, reader, ticket_id, numbers[-1] if numbers else 0, ALL):
            assert len(page) <= most
            numbers += [timeline_event(event, reader.audience).seq for event in page]
        assert numbers == list(range(42 - len(numbers), 42))
        assert len(numbers) >= 40


def timeline_page(
    session: Session, actor: Actor, ticket_id: UUID, after: int, limit: int
) -> Sequence[EventRow]:
    return history.read(session, actor, ticket_id, after, limit).events


@pytest.mark.parametrize("role", [Role.USER, Role.CSR])
def test_an_event_that_was_committed_after_the_ticket_was_read_waits(
    session: Session, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    customer, csr, ticket_id = a_story(session)
    reader = customer if role is Role.USER else csr
    read_events = timeline.after

    def interrupted(*given: Any) -> Sequence[EventRow]:
        act(session, csr, ticket_id, {"content": "too late"})
        return read_events(*given)

    monkeypatch.setattr(timeline, "after", interrupted)
    late = history.read(session, reader, ticket_id, 0, ALL)
    assert late.head == 6
    assert "too late" not in [event.content for event in late.events]
    assert late.ticket.seq == timeline_event(late.events[-1], reader.audience).seq
