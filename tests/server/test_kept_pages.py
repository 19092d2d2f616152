"""Histories that are kept, encoded: whoever joins has what the database would give them."""

import re
from uuid import UUID

import pytest
from sqlalchemy import text

from desk.access import Actor, Audience
from desk.errors import NotFound
from models import Role
from server.live import kept_pages
from server.live.kept_pages import KeptPages
from server.transport.socket_server import encoded_event
from tests.conftest import ROOT, Backend
from tests.desk.erasing import erase
from tests.factories import an_actor, database
from tests.server.stage import Cast, Reader, Stage
from wire.server_events import TIMELINE


def falsify(backend: Backend, ticket_id: UUID) -> None:
    """Whoever reads the words in the database from now on is found by them."""
    with database(backend.settings) as session:
        changed = "update events set content = 'read anew' where ticket_id = :id and content > ''"
        session.execute(text(changed), {"id": ticket_id})


def words(reader: Reader) -> list[str]:
    return [event.data["content"] for event in reader.got if "content" in event.data]


async def joined(stage: Stage, actor: Actor, ticket_id: UUID, after: int = 0) -> Reader:
    reader = stage.reader(actor)
    await stage.sequencer.join(reader, actor, ticket_id, after)
    return reader


async def test_the_next_get_what_was_read_and_what_was_delivered_since(
    stage: Stage, cast: Cast, backend: Backend
) -> None:
    customer, csr, ticket = cast
    await stage.say(customer, ticket, "one")
    ann, bob = await joined(stage, customer, ticket), await joined(stage, csr, ticket)
    await stage.told(*await stage.say(csr, ticket, "two", "/note"))
    await stage.say(customer, ticket, "three")  # A gap, which the next hint has filled.
    await stage.told(*(await stage.say(customer, ticket, "four", "five"))[1:])
    falsify(backend, ticket)
    for first in (ann, bob):
        again = await joined(stage, first.actor, ticket)
        assert again.got == first.got
        assert again.numbers == await stage.truth(first.actor, ticket)
        late = await joined(stage, first.actor, ticket, after=4)
        assert late.got == first.got[4:]
    assert words(ann) == ["one", "two", "three", "four", "five"]
    assert words(bob) == ["one", "two", "/note", "three", "four", "five"]


async def test_what_is_kept_from_a_number_on_is_not_all_that_there_was(
    stage: Stage, cast: Cast
) -> None:
    customer, _, ticket = cast
    await stage.say(customer, ticket, "one", "two", "three")
    assert (await joined(stage, customer, ticket, after=2)).numbers == [3, 4]
    assert (await joined(stage, customer, ticket, after=2**62)).numbers == []
    assert (await joined(stage, customer, ticket)).numbers == [1, 2, 3, 4]
    assert (await joined(stage, customer, ticket, after=1)).numbers == [2, 3, 4]


async def test_a_room_that_was_empty_has_nothing_kept(
    stage: Stage, cast: Cast, backend: Backend
) -> None:
    customer, _, ticket = cast
    await stage.say(customer, ticket, "one")
    ann = await joined(stage, customer, ticket)
    assert stage.sequencer.pages.size
    await stage.sequencer.leave(ann, ticket)
    assert stage.sequencer.pages.size == 0
    falsify(backend, ticket)
    assert words(await joined(stage, customer, ticket)) == ["read anew"]


async def test_who_may_not_see_the_ticket_gets_nothing_that_is_kept(
    stage: Stage, cast: Cast, backend: Backend
) -> None:
    customer, _, ticket = cast
    await joined(stage, customer, ticket)
    with database(backend.settings) as session:
        eve = stage.reader(an_actor(session))
    with pytest.raises(NotFound):
        await stage.sequencer.join(eve, eve.actor, ticket, 0)
    assert eve.got == []


@pytest.mark.parametrize("told", [True, False])
async def test_what_was_erased_is_kept_for_nobody(
    stage: Stage, cast: Cast, backend: Backend, told: bool
) -> None:
    customer, csr, ticket = cast
    await stage.say(customer, ticket, "one")
    ann, bob = await joined(stage, customer, ticket), await joined(stage, csr, ticket)
    with database(backend.settings) as session:
        erase(session, an_actor(session, Role.ADMIN), customer)
    if told:
        await stage.sequencer.poll()
    for first in (bob, ann):
        again = await joined(stage, first.actor, ticket)
        assert words(again) == [""]
        assert again.got[-1] == first.got[-1]
        assert again.got[-1].kind == "erased"


def test_an_erasure_alone_changes_events_that_were_written() -> None:
    """What else did so would have to end the pages."""
    changing = re.compile(
        r"(update|delete from|merge into) events\b|(update|delete)\(Event\b", re.I
    )
    found = {
        str(path.relative_to(ROOT))
        for folder in ("desk", "server", "worker", "wire", "manage")
        for path in (ROOT / folder).rglob("*.py")
        if changing.search(path.read_text())
    }
    assert found == {"desk/erasure/words.py"}


async def test_a_talk_that_is_longer_than_a_page_is_read_where_it_is_not_kept(
    stage: Stage, cast: Cast, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_pages, "MOST_EVENTS", 3)
    customer, _, ticket = cast
    ann = await joined(stage, customer, ticket)
    await stage.told(*await stage.say(customer, ticket, "one", "two", "three", "four"))
    falsify(backend, ticket)
    late = await joined(stage, customer, ticket, after=2)
    assert words(late) == ["two", "three", "four"]
    assert late.got == ann.got[2:]
    early = await joined(stage, customer, ticket, after=1)
    assert words(early) == ["read anew"] * 4


def test_a_page_that_ends_before_the_timeline_does_is_no_answer() -> None:
    pages, ticket_id = KeptPages(), UUID(int=1)
    packet = encoded_event(TIMELINE, {})
    pages.keep(ticket_id, Audience.CUSTOMER, 2, [packet, packet])
    assert pages.after(ticket_id, Audience.CUSTOMER, 1, 2) == [packet]
    assert pages.after(ticket_id, Audience.CUSTOMER, 1, 3) is None
    assert pages.after(ticket_id, Audience.STAFF, 1, 2) is None


def test_pages_are_bounded_each_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    packet = encoded_event(TIMELINE, {"content": "x" * 1000})
    size = packet.length + kept_pages.BESIDE
    monkeypatch.setattr(kept_pages, "LONGEST_PAGE", 4 * size)
    monkeypatch.setattr(kept_pages, "MOST_BYTES", 10 * size)
    pages, tickets = KeptPages(), [UUID(int=n) for n in range(4)]

    def kept(ticket_id: UUID, after: int) -> int | None:
        events = pages.after(ticket_id, Audience.STAFF, after, 9)
        return None if events is None else len(events)

    for ticket_id in tickets[:2]:
        pages.keep(ticket_id, Audience.STAFF, 9, [packet] * 6)
    assert pages.size == 8 * size
    assert (kept(tickets[1], 4), kept(tickets[1], 5)) == (None, 4)
    assert kept(tickets[0], 7) == 2
    pages.keep(tickets[2], Audience.STAFF, 9, [packet] * 4)
    # The one that nobody joined by for longest had to go.
    assert [kept(ticket_id, 5) for ticket_id in tickets] == [4, None, 4, None]
    pages.keep(tickets[0], Audience.STAFF, 9, [packet])
    assert pages.size == 5 * size
    for ticket_id in tickets:
        pages.forget(ticket_id)
    assert pages.size == 0
