"""Tickets that are merged, unmerged and written to at once, on real connections."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Merged
from desk.merging import merges
from desk.merging.merges import Merging
from desk.outbox import Outbox
from desk.tickets import fast_path, messages, tickets
from desk.tickets.messages import NewMessage
from models import Event, Merge, Role, Status, Ticket
from tests.conftest import Backend, engine_of
from tests.desk.races import committing, overlapping, run
from tests.factories import a_ticket, an_actor

THREADS = 8
Rule = Callable[[Session], object]


@pytest.fixture(scope="module")
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    with engine_of(make_backend(), pool_size=THREADS + 2) as engine:
        yield engine


@pytest.fixture(scope="module")
def customer(engine: Engine) -> Actor:
    return run(engine, an_actor)


@pytest.fixture(scope="module")
def csr(engine: Engine) -> Actor:
    return run(engine, lambda session: an_actor(session, Role.CSR))


def opened(engine: Engine, customer: Actor, count: int) -> list[UUID]:
    return run(engine, lambda s: [a_ticket(s, customer).id for _ in range(count)])


def merging(csr: Actor, source: UUID, into: UUID) -> Rule:
    return lambda s: merges.merge(s, csr, source, Merging(into=into), None)


def posting(actor: Actor, ticket_id: UUID, content: str = "Meanwhile") -> Callable[[Session], int]:
    """As a web process does it: the statement. How many messages it stored."""
    single = fast_path.posting(actor, ticket_id, NewMessage(content=content))
    return lambda s: bool(single.result(single.statement.all(s, **single.values), Outbox()))


def ends(engine: Engine, *ticket_ids: UUID) -> list[UUID | None]:
    query = select(Ticket.merged_into_id).where(Ticket.id.in_(ticket_ids)).order_by(Ticket.id)
    return list(run(engine, lambda s: s.scalars(query).all()))


def post(engine: Engine, actor: Actor, ticket_id: UUID, content: str) -> None:
    """By the statement, else by the rule; to where that leads."""
    new = NewMessage(content=content)
    while not run(engine, posting(actor, ticket_id, content)):
        try:
            run(engine, lambda s, to=ticket_id: messages.post(s, actor, to, new, None))  # type: ignore[misc]
            return
        except Merged as led:
            ticket_id = led.into


def test_a_message_that_waits_for_a_merge_is_led_to_the_target(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    source, target = opened(engine, customer, 2)
    _, posted = overlapping(engine, merging(csr, source, target), posting(customer, source))
    assert posted.result() == 0
    with pytest.raises(Merged), committing(engine) as session:
        messages.post(session, customer, source, NewMessage(content="?"), None)


def test_a_merge_that_waits_for_a_message_has_it_in_the_source(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    source, target = opened(engine, customer, 2)
    _, merged = overlapping(engine, posting(customer, source), merging(csr, source, target))
    merged.result()
    newest = select(Event.data).where(Event.ticket_id == target, Event.kind == "merged_from")
    assert run(engine, lambda s: s.scalars(newest).one())["messages"] == 1


def test_of_two_that_are_merged_into_each_other_one_is(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    one, two = opened(engine, customer, 2)
    _, other = overlapping(engine, merging(csr, one, two), merging(csr, two, one))
    with pytest.raises(Conflict) as refused:
        other.result()
    assert refused.value.code == "merge_circle"


def test_a_target_that_is_merged_meanwhile_is_followed(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    first, second, third = opened(engine, customer, 3)
    _, merged = overlapping(engine, merging(csr, second, third), merging(csr, first, second))
    merged.result()
    assert ends(engine, first, second, third) == [third, third, None]


def test_a_source_that_gets_a_part_meanwhile_takes_it_along(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    part, source, target = opened(engine, customer, 3)
    _, merged = overlapping(engine, merging(csr, part, source), merging(csr, source, target))
    merged.result()
    assert ends(engine, part, source, target) == [target, target, None]


def test_what_was_merged_into_another_meanwhile_is_taken_out_of_that(
    engine: Engine, customer: Actor, csr: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, first, second = opened(engine, customer, 3)
    run(engine, merging(csr, source, first))
    held = tickets.all_held

    def late(session: Session, ticket_ids: Collection[UUID]) -> Mapping[UUID, Ticket]:
        monkeypatch.setattr(tickets, "all_held", held)
        run(engine, lambda s: merges.unmerge(s, csr, source, None))
        run(engine, merging(csr, source, second))
        return held(session, ticket_ids)

    monkeypatch.setattr(tickets, "all_held", late)
    assert run(engine, lambda s: merges.unmerge(s, csr, source, None)).merged_into_id is None
    with Session(engine) as session:
        assert session.scalar(select(Merge).where(Merge.source_id == source)) is None


def test_in_a_storm_nothing_deadlocks_each_source_has_one_target_and_no_message_is_lost(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    ticket_ids = opened(engine, customer, 12)
    each_writes = 10

    def act(seed: int) -> None:
        random = Random(seed)
        for n in range(each_writes):
            source, into = random.sample(ticket_ids, 2)
            with suppress(Conflict):
                run(engine, merging(csr, source, into))
            post(engine, random.choice((customer, csr)), random.choice(ticket_ids), f"{seed} {n}")
            if not n % 3:
                undone = random.choice(ticket_ids)
                with suppress(Conflict):
                    run(engine, lambda s, id_=undone: merges.unmerge(s, csr, id_, None))  # type: ignore[misc]

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, range(THREADS)))
    mine = Event.ticket_id.in_(ticket_ids)
    with committing(engine) as session:
        said = select(Event.content).where(mine, Event.kind == "message_posted")
        written = [f"{seed} {n}" for seed in range(THREADS) for n in range(each_writes)]
        assert Counter(session.scalars(said)) == Counter(written)
        steps = {each.source_id: each.into_id for each in session.scalars(select(Merge))}
        assert steps
        for ticket in session.scalars(select(Ticket).where(Ticket.id.in_(ticket_ids))):
            assert ticket.merged_into_id == end_of(steps, ticket.id)
            assert ticket.merged_into_id is None or ticket.status is Status.CLOSED
            kinds = select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.seq)
            assert_silent_while_merged(session.scalars(kinds))


def end_of(steps: Mapping[UUID, UUID], ticket_id: UUID) -> UUID | None:
    """Where a chain ends; None for what is merged into nothing. It may be no circle."""
    chain = [ticket_id]
    while chain[-1] in steps:
        assert steps[chain[-1]] not in chain
        chain.append(steps[chain[-1]])
    return chain[-1] if len(chain) > 1 else None


def assert_silent_while_merged(kinds: Iterable[str]) -> None:
    is_merged = False
    for kind in kinds:
        assert not (is_merged and kind in {"message_posted", "merged_from", "merged_into"})
        if kind == "merged_into":
            is_merged = True
        elif kind == "status_changed" and is_merged:
            is_merged = False
