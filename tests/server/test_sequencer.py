"""The sequencer alone: whatever becomes of the hints, readers get each event once, in order."""

import asyncio
from uuid import UUID

import pytest
import structlog
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import NotFound
from server.live import histories
from server.live.hints import MOST_HINTS
from tests.conftest import Backend
from tests.factories import a_ticket, an_actor, database
from tests.server.stage import Cast, Stage
from tests.waiting import PATIENCE
from wire.messages import DESK, topics_inside


async def test_a_dropped_hint_is_found_by_the_poll(stage: Stage, cast: Cast) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    await stage.say(csr, ticket, "one", "two")
    assert ann.numbers == bob.numbers == [1]
    await stage.sequencer.poll()
    assert ann.numbers == bob.numbers == [1, 2, 3]
    await stage.sequencer.poll()
    assert ann.numbers == bob.numbers == [1, 2, 3]


async def test_a_dropped_hint_is_found_by_the_next_one(stage: Stage, cast: Cast) -> None:
    customer, _, ticket = cast
    ann = stage.reader(customer)
    await stage.sequencer.join(ann, customer, ticket, 0)
    *_, last = await stage.say(customer, ticket, "one", "two", "three")
    await stage.told(last)
    assert ann.numbers == [1, 2, 3, 4]


async def test_a_hint_that_comes_twice_or_late_is_dropped(stage: Stage, cast: Cast) -> None:
    customer, _, ticket = cast
    ann = stage.reader(customer)
    await stage.sequencer.join(ann, customer, ticket, 0)
    one, two, three = await stage.say(customer, ticket, "one", "two", "three")
    await stage.told(one, one, two, one, three, two, one, three)
    assert ann.numbers == [1, 2, 3, 4]


async def test_hints_in_the_wrong_order_are_put_right(stage: Stage, cast: Cast) -> None:
    customer, _, ticket = cast
    ann = stage.reader(customer)
    await stage.sequencer.join(ann, customer, ticket, 0)
    hints = await stage.say(customer, ticket, *"abcdef")
    await stage.told(*reversed(hints))
    assert ann.numbers == [1, 2, 3, 4, 5, 6, 7]


async def test_hints_without_end_for_a_busy_room_cost_a_reading_and_no_event(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST_EVENTS", 3)
    customer, _, ticket = cast
    ann = stage.reader(customer)
    await stage.sequencer.join(ann, customer, ticket, 0)
    hints = await stage.say(customer, ticket, *"abcdefghij")
    await stage.told(*hints[-2:] * MOST_HINTS)
    assert ann.numbers == list(range(1, 12))


async def test_nobody_waits_for_a_lively_talk_to_end(stage: Stage, cast: Cast) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    carol = stage.reader(csr)
    carol.may_take.clear()
    joining = asyncio.ensure_future(stage.sequencer.join(carol, csr, ticket, 0))
    await carol.is_asked.wait()
    for hint in await stage.say(customer, ticket, *"abcdefghijklmnopqrstuvwxyz"):
        stage.sequencer.offer(hint)
    await asyncio.sleep(0)
    leaving = asyncio.ensure_future(stage.sequencer.leave(bob, ticket))
    carol.may_take.set()
    await asyncio.gather(joining, leaving)
    assert len(bob.got) < 5
    await stage.settled()
    assert ann.numbers == list(range(1, 28))


async def test_a_note_reaches_the_staff_and_leaves_no_hole_for_the_customer(
    stage: Stage, cast: Cast
) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    one, note, two = await stage.say(csr, ticket, "one", "/note", "two")
    await stage.told(one, note, two)
    assert bob.numbers == [1, 2, 3, 4]
    assert ann.numbers == [1, 2, 3]
    again = stage.reader(customer)
    await stage.sequencer.join(again, customer, ticket, 0)
    assert again.got == ann.got
    assert "/note" not in repr(ann.got)


@pytest.mark.parametrize("told", [True, False])
async def test_what_is_committed_while_somebody_joins_comes_once_and_after_the_history(
    stage: Stage, cast: Cast, told: bool
) -> None:
    customer, _, ticket = cast
    await stage.say(customer, ticket, "one", "two")
    ann = stage.reader(customer)
    ann.may_take.clear()
    joining = asyncio.create_task(stage.sequencer.join(ann, customer, ticket, 0))
    await ann.is_asked.wait()
    # The history was read, the room is not entered yet.
    hints = await stage.say(customer, ticket, "three", "four")
    if told:
        for hint in hints:
            stage.sequencer.offer(hint)
    ann.may_take.set()
    joined = await joining
    assert (joined.seq, joined.more) == (3, False)
    await stage.settled()
    await stage.sequencer.poll()
    assert ann.numbers == [1, 2, 3, 4, 5]


async def test_joining_in_the_midst_of_a_lively_talk_has_no_seam(stage: Stage, cast: Cast) -> None:
    customer, csr, ticket = cast
    readers = [stage.reader(actor) for actor in (customer, csr) for _ in range(10)]

    said = 0

    async def talk(actor: Actor) -> None:
        nonlocal said
        for number in range(15):
            note = actor.is_staff and number % 3 == 0
            for hint in await stage.say(actor, ticket, "/note" if note else "hello"):
                stage.sequencer.offer(hint)
            said += 1

    async def listen(number: int) -> None:
        while said < number:
            await asyncio.sleep(0)
        reader = readers[number]
        await stage.sequencer.join(reader, reader.actor, ticket, 0)

    await asyncio.gather(talk(customer), talk(csr), *(listen(n) for n in range(len(readers))))
    await stage.settled()
    await stage.sequencer.poll()
    for reader in readers:
        assert reader.numbers == await stage.truth(reader.actor, ticket)


async def test_a_long_history_takes_several_joins_without_a_seam(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST_EVENTS", 3)
    customer, _, ticket = cast
    await stage.say(customer, ticket, *"abcdef")
    ann = stage.reader(customer)
    first = await stage.sequencer.join(ann, customer, ticket, 0)
    assert (first.seq, first.more, ann.inside) == (3, True, set())
    await stage.told(*await stage.say(customer, ticket, "g"))
    assert ann.numbers == [1, 2, 3]
    second = await stage.sequencer.join(ann, customer, ticket, first.seq)
    assert (second.seq, second.more, ann.inside) == (6, True, set())
    third = await stage.sequencer.join(ann, customer, ticket, second.seq)
    assert (third.seq, third.more, ann.inside) == (8, False, {ticket})
    await stage.told(*await stage.say(customer, ticket, "h"))
    assert ann.numbers == list(range(1, 10))


async def test_a_history_of_exactly_one_page_takes_one_join(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST_EVENTS", 3)
    customer, _, ticket = cast
    await stage.say(customer, ticket, *"ab")
    ann = stage.reader(customer)
    joined = await stage.sequencer.join(ann, customer, ticket, 0)
    assert (joined.seq, joined.more, ann.numbers) == (3, False, [1, 2, 3])


async def test_joining_again_while_inside_repeats_nothing_to_the_others(
    stage: Stage, cast: Cast
) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    await stage.told(*await stage.say(customer, ticket, "one"))
    await stage.say(customer, ticket, "two")  # Nobody is told.
    again = await stage.sequencer.join(ann, customer, ticket, 1)
    assert again.seq == 3
    assert ann.numbers == [1, 2, 2, 3]
    assert bob.numbers == [1, 2, 3]
    await stage.told(*await stage.say(customer, ticket, "three"))
    assert ann.numbers == [1, 2, 2, 3, 4]
    assert bob.numbers == [1, 2, 3, 4]


@pytest.mark.parametrize("after", [1, 2, 1000, 2**31])
async def test_joining_from_now_on_or_from_the_future_replays_nothing(
    stage: Stage, cast: Cast, after: int
) -> None:
    customer, _, ticket = cast
    ann = stage.reader(customer)
    joined = await stage.sequencer.join(ann, customer, ticket, after)
    assert (joined.seq, ann.got) == (1, [])
    await stage.told(*await stage.say(customer, ticket, "one"))
    assert ann.numbers == [2]


async def test_who_left_gets_nothing_more(stage: Stage, cast: Cast) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    await stage.sequencer.leave(ann, ticket)
    await stage.sequencer.leave(ann, ticket)
    await stage.told(*await stage.say(customer, ticket, "one"))
    assert ann.numbers == [1]
    assert bob.numbers == [1, 2]
    assert stage.sequencer.joined_by(ann) == frozenset()


async def test_who_is_gone_during_a_join_is_not_left_in_the_room(stage: Stage, cast: Cast) -> None:
    customer, _, ticket = cast
    ann = stage.reader(customer)
    ann.may_take.clear()
    joining = asyncio.create_task(stage.sequencer.join(ann, customer, ticket, 0))
    await ann.is_asked.wait()
    ann.is_gone = True
    await stage.sequencer.leave_all(ann)
    ann.may_take.set()
    await joining
    assert ann.inside == set()
    assert not stage.sequencer._rooms
    assert not stage.sequencer._joined


async def test_who_is_found_dead_by_a_broadcast_does_not_hold_it_up(
    stage: Stage, cast: Cast
) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    stage.dies_of_the_next(ann)
    async with asyncio.timeout(PATIENCE):
        await stage.told(*await stage.say(customer, ticket, "one"))
        await stage.told(*await stage.say(customer, ticket, "two"))
    assert ann.inside == set()
    assert bob.numbers == [1, 2, 3]


async def test_what_happens_inside_and_who_writes_is_followed_for_whoever_is_inside(
    stage: Stage, cast: Cast
) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    followed = stage.sequencer._bus._followed
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    await stage.sequencer.leave(ann, ticket)
    assert followed == dict.fromkeys((DESK, *topics_inside(ticket)), 1)
    await stage.sequencer.leave_all(bob)
    assert followed == {DESK: 1}


async def test_who_joins_a_room_that_is_heard_does_not_wait_for_redis(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, csr, ticket = cast
    waited = 0

    async def settled() -> None:
        nonlocal waited
        waited += 1

    monkeypatch.setattr(stage.sequencer._bus, "settled", settled)
    for actor in (customer, csr, csr):
        await stage.sequencer.join(stage.reader(actor), actor, ticket, 0)
    assert waited == 1


async def test_an_empty_room_is_forgotten(stage: Stage, cast: Cast) -> None:
    customer, csr, ticket = cast
    ann, bob = stage.reader(customer), stage.reader(csr)
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.join(bob, csr, ticket, 0)
    await stage.sequencer.leave(ann, ticket)
    assert list(stage.sequencer._rooms) == [ticket]
    bob.is_gone = True
    await stage.sequencer.leave_all(bob)
    assert not stage.sequencer._rooms
    await stage.told(*await stage.say(customer, ticket, "one"))
    await stage.sequencer.poll()
    assert not stage.sequencer._rooms
    assert not any(stage.sequencer._joined.values())


async def test_who_may_not_see_the_ticket_joins_nothing(
    stage: Stage, cast: Cast, session: Session
) -> None:
    _, _, ticket = cast
    stranger = an_actor(session)
    eve = stage.reader(stranger)
    with pytest.raises(NotFound):
        await stage.sequencer.join(eve, stranger, ticket, 0)
    assert not stage.sequencer._rooms
    assert (eve.got, eve.inside) == ([], set())


async def test_a_ticket_that_cannot_be_read_does_not_end_the_poll_of_the_others(
    stage: Stage, cast: Cast, backend: Backend
) -> None:
    customer, _, broken = cast
    with database(backend.settings) as session:
        others = [a_ticket(session, customer).id for _ in range(3)]
    readers = [stage.reader(customer) for _ in range(4)]
    for reader, ticket in zip(readers, [broken, *others], strict=True):
        await stage.sequencer.join(reader, customer, ticket, 0)
        await stage.say(customer, ticket, "one")
    stage.cannot_show = broken
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            await stage.sequencer.poll()
    assert [reader.numbers for reader in readers] == [[1], [1, 2], [1, 2], [1, 2]]
    assert [line["ticket_id"] for line in logs if "ticket_id" in line] == [str(broken)]
    stage.cannot_show = None
    await stage.sequencer.poll()
    assert readers[0].numbers == [1, 2]


async def test_a_room_that_is_left_slowly_is_not_forgotten_in_the_place_of_its_successor(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, _, ticket = cast
    slow, ann, bob = (stage.reader(customer) for _ in range(3))
    await stage.sequencer.join(slow, customer, ticket, 0)
    may_leave, is_leaving = asyncio.Event(), asyncio.Event()

    async def leave(_: UUID) -> None:
        is_leaving.set()
        await may_leave.wait()

    monkeypatch.setattr(slow, "leave", leave)
    leaving = asyncio.create_task(stage.sequencer.leave_all(slow))
    await is_leaving.wait()
    # Who comes and goes meanwhile has the empty room forgotten; the next one has a new room.
    await stage.sequencer.join(ann, customer, ticket, 0)
    await stage.sequencer.leave(ann, ticket)
    await stage.sequencer.join(bob, customer, ticket, 0)
    may_leave.set()
    await leaving
    await stage.told(*await stage.say(customer, ticket, "one"))
    assert bob.numbers == [1, 2]
