"""Drafts: one's own, a reply and a note apart, and never overwritten unseen."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Forbidden, NotFound, Stale
from desk.outbox import DraftChanged, Outbox, outbox
from desk.tickets import drafts, fast_path, messages
from desk.tickets.drafts import DraftView, NewDraft
from desk.tickets.messages import AnsweredMeanwhile, NewMessage
from desk.tickets.views import TicketView
from models import Draft, DraftKind, Event, Role, User
from tests.conftest import Backend, engine_of
from tests.desk.races import committing, overlapping, run
from tests.factories import a_ticket, an_actor, now


def keep(
    session: Session, actor: Actor, ticket_id: UUID, content: str = "hello", **more: Any
) -> DraftView:
    versions = more.pop("versions", None)
    new = NewDraft.model_validate({"kind": "reply", "base_seq": 1, "content": content} | more)
    return drafts.keep(session, actor, ticket_id, new, versions)


def kept(session: Session, actor: Actor, ticket: TicketView) -> list[tuple[DraftKind, str]]:
    return [(one.kind, one.content) for one in drafts.of_ticket(session, actor, ticket.id)]


def changes(session: Session) -> list[DraftChanged]:
    """What has left since the last call."""
    last: Outbox = outbox(session)
    session.info["outbox"] = Outbox()
    return last.drafts


def test_a_reply_and_a_note_are_two_drafts_of_their_person(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    reply = keep(session, csr, ticket.id, "a reply")
    note = keep(session, csr, ticket.id, "a note", kind="note")
    assert changes(session) == [
        DraftChanged(csr.id, ticket.id, DraftKind.REPLY, reply.version),
        DraftChanged(csr.id, ticket.id, DraftKind.NOTE, note.version),
    ]
    keep(session, customer, ticket.id, "mine")
    again = keep(session, csr, ticket.id, "another reply", base_seq=2)
    assert again.version > reply.version
    assert (again.base_seq, again.updated_at >= reply.updated_at) == (2, True)
    assert kept(session, csr, ticket) == [
        (DraftKind.REPLY, "another reply"),
        (DraftKind.NOTE, "a note"),
    ]
    assert kept(session, customer, ticket) == [(DraftKind.REPLY, "mine")]
    assert kept(session, an_actor(session, Role.ADMIN), ticket) == []


def test_what_another_device_wrote_is_not_overwritten_unseen(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    first = keep(session, csr, ticket.id, "one", versions={0})
    second = keep(session, csr, ticket.id, "two", versions={first.version})
    for versions in ({0}, {first.version}, set[int]()):
        with pytest.raises(Stale) as refused:
            keep(session, csr, ticket.id, "three", versions=versions)
        assert refused.value.code == "draft_changed"
        assert refused.value.members["current"] == second
        with pytest.raises(Stale):
            drafts.discard(session, csr, ticket.id, None, versions)
    drafts.discard(session, csr, ticket.id, DraftKind.REPLY, {second.version})
    drafts.discard(session, csr, ticket.id, DraftKind.REPLY, {second.version})
    with pytest.raises(Stale) as gone:
        keep(session, csr, ticket.id, "three", versions={second.version})
    assert gone.value.members["current"] is None
    # Begun anew, it has no version that there was before.
    anew = keep(session, csr, ticket.id, "three", versions={0})
    assert anew.version > second.version
    assert [change.version for change in changes(session)] == [
        first.version, second.version, 0, anew.version
    ]  # fmt: skip


def test_only_who_sees_a_ticket_keeps_a_draft_and_customers_no_note(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    stranger = an_actor(session)
    for rule in (
        lambda: keep(session, stranger, ticket.id),
        lambda: drafts.of_ticket(session, stranger, ticket.id),
        lambda: drafts.discard(session, stranger, ticket.id, None),
    ):
        with pytest.raises(NotFound):
            rule()
    with pytest.raises(Forbidden):
        keep(session, customer, ticket.id, kind="note")
    assert session.scalars(select(Draft)).all() == []


def test_who_left_the_staff_is_shown_no_more_of_their_drafts_than_of_tickets(
    session: Session, csr: Actor, ticket: TicketView
) -> None:
    own = a_ticket(session, csr)
    for each in (own, ticket):
        keep(session, csr, each.id, "a reply")
        keep(session, csr, each.id, "a note", kind="note")
    session.get_one(User, csr.id).role = Role.USER
    left = Actor(csr.id, Role.USER)
    assert drafts.count(session, csr) == 4
    shown = drafts.page(session, left, 10, None)
    assert [(one.ticket_id, one.content) for one in shown] == [(own.id, "a reply")]
    with pytest.raises(NotFound):
        drafts.of_ticket(session, left, ticket.id)


def test_the_list_is_the_last_written_first_page_by_page(
    session: Session, customer: Actor, csr: Actor
) -> None:
    tickets = [a_ticket(session, customer).id for _ in range(4)]
    for ticket_id in tickets:
        for kind in ("reply", "note"):
            keep(session, csr, ticket_id, kind=kind)
    keep(session, csr, tickets[0], kind="note")
    expected = [(ticket_id, kind) for ticket_id in tickets for kind in ("reply", "note")]
    expected = [(tickets[0], "note"), *reversed([e for e in expected if e != expected[1]])]
    seen: list[tuple[UUID, str]] = []
    before = None
    while page := drafts.page(session, csr, 3, before):
        seen += [(one.ticket_id, one.kind) for one in page]
        before = (page[-1].updated_at, page[-1].ticket_id, page[-1].kind)
    assert seen == expected


@pytest.mark.parametrize("internal", [False, True])
def test_a_message_takes_the_draft_of_its_kind_with_it(
    session: Session, csr: Actor, ticket: TicketView, internal: bool
) -> None:
    for kind in ("reply", "note"):
        keep(session, csr, ticket.id, kind=kind)
    changes(session)
    said = {"content": "hello", "internal": internal, "client_id": "a"}
    post = NewMessage.model_validate(said | {"draft": True})
    messages.post(session, csr, ticket.id, NewMessage(content="other"), now())
    assert len(kept(session, csr, ticket)) == 2
    messages.post(session, csr, ticket.id, post, now())
    gone, left = (DraftKind.NOTE, DraftKind.REPLY) if internal else tuple(DraftKind)
    assert kept(session, csr, ticket) == [(left, "hello")]
    assert changes(session) == [DraftChanged(csr.id, ticket.id, gone, 0)]
    # What was begun since is no matter of a retry.
    keep(session, csr, ticket.id, kind=gone)
    messages.post(session, csr, ticket.id, post, now())
    assert len(kept(session, csr, ticket)) == 2


def test_a_refused_message_leaves_its_draft(
    session: Session, customer: Actor, csr: Actor, ticket: TicketView
) -> None:
    keep(session, csr, ticket.id)
    messages.post(session, customer, ticket.id, NewMessage(content="hello"), now())
    new = NewMessage(content="hello", expect_seq=1, draft=True)
    with pytest.raises(AnsweredMeanwhile):
        messages.post(session, csr, ticket.id, new, now())
    assert len(kept(session, csr, ticket)) == 1


# On two real connections.


@pytest.fixture(scope="module")
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    """A database of its own: what is committed here stays."""
    with engine_of(make_backend()) as engine:
        yield engine


@pytest.fixture
def pair(engine: Engine) -> tuple[Actor, Actor, UUID]:
    """A customer, a CSR and a ticket."""
    with committing(engine) as session:
        ann, bob = an_actor(session), an_actor(session, Role.CSR)
        return ann, bob, a_ticket(session, ann).id


@pytest.mark.parametrize("is_there", [False, True])
def test_of_two_devices_at_once_the_second_is_shown_what_the_first_wrote(
    engine: Engine, pair: tuple[Actor, Actor, UUID], is_there: bool
) -> None:
    _, csr, ticket_id = pair
    version = run(engine, lambda s: keep(s, csr, ticket_id)).version if is_there else 0

    def writing(content: str) -> Callable[[Session], DraftView]:
        return lambda s: keep(s, csr, ticket_id, content, versions={version})

    first, second = overlapping(engine, writing("one"), writing("two"))
    refused = second.exception()
    assert isinstance(refused, Stale)
    assert refused.members["current"] == first
    # Without a condition the last one counts.
    any_time = [lambda s, c=c: keep(s, csr, ticket_id, c) for c in ("three", "four")]
    overlapping(engine, *any_time)[1].result()
    with committing(engine) as session:
        assert [one.content for one in drafts.of_ticket(session, csr, ticket_id)] == ["four"]


@pytest.mark.parametrize("way", ["rule", "statement"])
def test_an_answer_that_is_committed_while_one_waits_is_not_answered_over(
    engine: Engine, pair: tuple[Actor, Actor, UUID], way: str
) -> None:
    """The second waits for the ticket, and had begun before the first was there to be seen."""
    ann, csr, ticket_id = pair
    new = NewMessage(content="over it", expect_seq=1, client_id="a")

    def answer(session: Session) -> object:
        single = fast_path.posting(csr, ticket_id, new)
        if way == "statement":
            rows = single.statement.all(session, **single.values)
            if rows:
                return rows
        return single.otherwise(session)

    def ask(session: Session) -> object:
        return messages.post(session, ann, ticket_id, NewMessage(content="hello"), None)

    _, second = overlapping(engine, ask, answer)
    refused = second.exception()
    assert isinstance(refused, AnsweredMeanwhile)
    assert [event.content for event in refused.events] == ["hello"]
    with committing(engine) as session:
        said = session.scalars(select(Event.content).where(Event.ticket_id == ticket_id)).all()
        assert "over it" not in said
