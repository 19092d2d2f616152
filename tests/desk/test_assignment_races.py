"""Claims, assignments, drains and leaving at once, on real connections."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import administration
from desk.accounts.administration import UserChange
from desk.assignment import agents, assignment, departures, routing
from desk.assignment.agents import Availability
from desk.assignment.assignment import BATCH, Assign, Strategy
from desk.assignment.cursors import lock_cursor
from desk.assignment.routing import Change
from desk.errors import Conflict, Invalid, NotFound
from desk.tickets import messages, tickets
from desk.tickets.messages import NewMessage
from embedded.servers import Embedded
from models import Role, Status, Ticket
from tests import ledger
from tests.conftest import Backend, engine_of
from tests.desk.races import committing, overlapping, run
from tests.factories import a_ticket, an_actor, now

# What the storm does wrong by chance: two want the same ticket, or somebody has just left.
REFUSALS = (Conflict, Invalid, NotFound)

CAPACITY = 6
# Of those who had a ticket one after the other, where the next did not get it from the last; or it
# was claimed, or given by a drain, from somebody.
GIVEN_TWICE = """
    select ticket_id from (
        select e.*, d.strategy, lag(e.data ->> 'to') over (partition by ticket_id order by seq) last
        from events e join assignment_decisions d using (ticket_id, seq)
    ) given
    where last is distinct from data ->> 'from'
        or strategy in ('claim', 'round_robin') and data ->> 'from' is not null
"""


@pytest.fixture
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    with engine_of(make_backend(), pool_size=12) as engine:
        yield engine


@pytest.fixture
def customer(engine: Engine) -> Actor:
    return run(engine, an_actor)


@pytest.fixture
def admin(engine: Engine) -> Actor:
    return run(engine, lambda session: an_actor(session, Role.ADMIN))


@pytest.fixture
def csr(engine: Engine) -> Actor:
    return run(engine, lambda session: an_actor(session, Role.CSR))


def drain(session: Session) -> int:
    ledger.act_as(session, "drain")
    return assignment.drain(session, Strategy.ROUND_ROBIN, now(), Random())


def opened(engine: Engine, customer: Actor) -> UUID:
    return run(engine, lambda session: a_ticket(session, customer).id)


def holder(engine: Engine, ticket_id: UUID) -> UUID | None:
    query = select(Ticket.assigned_to_id).where(Ticket.id == ticket_id)
    return run(engine, lambda session: session.scalar(query))


def going_away(csr: Actor) -> Callable[[Session], object]:
    return lambda s: agents.set_availability(s, csr, Availability(available=False))


def leaving(admin: Actor, csr: Actor) -> Callable[[Session], object]:
    return lambda s: administration.change(s, admin, csr.id, UserChange(is_active=False), now())


def test_who_goes_away_during_a_drain_gets_nothing_after_it(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    ticket_id = opened(engine, customer)
    _, drained = overlapping(engine, going_away(csr), drain)
    assert drained.result() == 0
    assert holder(engine, ticket_id) is None


def test_who_goes_away_just_after_a_drain_keeps_what_they_got(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    ticket_id = opened(engine, customer)
    _, gone = overlapping(engine, drain, going_away(csr))
    gone.result()
    assert holder(engine, ticket_id) == csr.id


@pytest.mark.parametrize("first", ["the drain", "the deactivation"])
def test_who_is_deactivated_during_a_drain_has_nothing_in_the_end(
    engine: Engine, customer: Actor, csr: Actor, admin: Actor, first: str
) -> None:
    ticket_id = opened(engine, customer)
    order: list[Callable[[Session], object]] = [drain, leaving(admin, csr)]
    if first == "the deactivation":
        order.reverse()
    _, second = overlapping(engine, *order)
    second.result()
    assert holder(engine, ticket_id) is None


def test_who_is_deactivated_at_that_moment_can_claim_nothing(
    engine: Engine, customer: Actor, csr: Actor, admin: Actor
) -> None:
    ticket_id = opened(engine, customer)

    def claim(session: Session) -> object:
        return assignment.claim(session, csr, ticket_id, now())

    _, claimed = overlapping(engine, leaving(admin, csr), claim)
    with pytest.raises(Invalid):
        claimed.result()
    assert holder(engine, ticket_id) is None


def test_a_claim_during_a_drain_finds_the_ticket_assigned(
    engine: Engine, customer: Actor, csr: Actor, admin: Actor
) -> None:
    ticket_id = opened(engine, customer)

    def claim(session: Session) -> object:
        return assignment.claim(session, admin, ticket_id, now())

    _, claimed = overlapping(engine, drain, claim)
    with pytest.raises(Conflict):
        claimed.result()
    assert holder(engine, ticket_id) == csr.id


BY_HAND: dict[str, Callable[[Session, Actor, UUID], object]] = {
    "claim": lambda s, to, ticket_id: assignment.claim(s, to, ticket_id, now()),
    "assign": lambda s, to, ticket_id: assignment.assign(
        s, to, ticket_id, Assign(assignee_id=to.id), now()
    ),
    "change": lambda s, to, ticket_id: routing.change(
        s, to, ticket_id, Change(assignee_id=to.id), now()
    ),
}


@pytest.mark.parametrize("how", BY_HAND)
def test_by_hand_nobody_waits_for_a_drain_that_is_at_other_tickets(
    engine: Engine, customer: Actor, csr: Actor, how: str
) -> None:
    ticket_id = opened(engine, customer)
    with committing(engine) as session:
        lock_cursor(session)

        def give(session: Session) -> None:
            session.execute(text("set local lock_timeout = '10s'"))
            BY_HAND[how](session, csr, ticket_id)

        run(engine, give)
    assert holder(engine, ticket_id) == csr.id


@pytest.mark.parametrize("how", BY_HAND)
def test_a_drain_counts_what_somebody_is_given_by_hand_at_that_moment(
    engine: Engine, customer: Actor, admin: Actor, how: str
) -> None:
    csr = run(engine, lambda s: an_actor(s, Role.CSR, capacity=1))
    by_hand, waiting = (opened(engine, customer) for _ in range(2))
    _, drained = overlapping(engine, lambda s: BY_HAND[how](s, csr, by_hand), drain)
    assert drained.result() == 0
    assert holder(engine, waiting) is None


def test_who_claims_while_they_are_deactivated_has_nothing_in_the_end(
    engine: Engine, customer: Actor, csr: Actor, admin: Actor
) -> None:
    before, claimed = (opened(engine, customer) for _ in range(2))
    run(engine, lambda s: assignment.claim(s, csr, before, now()))
    claim = lambda s: assignment.claim(s, csr, claimed, now())  # noqa: E731
    _, gone = overlapping(engine, claim, leaving(admin, csr))
    gone.result()
    assert [holder(engine, ticket_id) for ticket_id in (before, claimed)] == [None, None]


def test_who_goes_away_during_a_drain_and_has_it_reassigned_keeps_nothing(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    ticket_id = opened(engine, customer)
    _, gone = overlapping(engine, drain, lambda s: departures.release_waiting(s, csr.id))
    gone.result()
    assert holder(engine, ticket_id) is None


def test_tickets_that_somebody_has_locked_take_no_place_in_a_batch(
    engine: Engine, customer: Actor, csr: Actor
) -> None:
    ids = [opened(engine, customer) for _ in range(BATCH + 3)]
    with committing(engine) as session:
        for ticket_id in ids[:3]:
            tickets.held(session, customer, ticket_id)
        assert run(engine, drain) == BATCH
    assert [holder(engine, ticket_id) for ticket_id in ids] == [None] * 3 + [csr.id] * BATCH
    assert run(engine, drain) == 3


def test_a_ticket_that_is_reopened_while_its_holder_leaves_is_found(
    engine: Engine, customer: Actor, csr: Actor, admin: Actor
) -> None:
    ticket_id = opened(engine, customer)
    run(engine, drain)
    done = Change(status=Status.RESOLVED)
    run(engine, lambda s: routing.change(s, csr, ticket_id, done, now()))
    with committing(engine) as session:
        messages.post(session, customer, ticket_id, NewMessage(content="Still!"), now())
        session.flush()
        run(engine, leaving(admin, csr))
    assert holder(engine, ticket_id) == csr.id
    assert run(engine, departures.departed) == [csr.id]
    run(engine, lambda s: departures.reclaim(s, csr.id, now()))
    assert holder(engine, ticket_id) is None


def test_in_a_storm_nobody_gets_more_than_their_capacity_and_nothing_deadlocks(
    engine: Engine, customer: Actor, admin: Actor, embedded: Embedded
) -> None:
    csrs = [run(engine, lambda s: an_actor(s, Role.CSR, capacity=CAPACITY)) for _ in range(5)]
    run(engine, ledger.keep)
    ids = [opened(engine, customer) for _ in range(60)]
    log = embedded.postgres.log
    began = log.stat().st_size

    def act(seed: int) -> None:
        random = Random(seed)
        for _ in range(40):
            with suppress(*REFUSALS):
                run(engine, step(random, admin, csrs, random.choice(ids)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(8)))
    run(engine, drain)
    people = {csr.id for csr in csrs}
    assert 0 < run(engine, lambda s: ledger.most_held(s, people, by="drain")) <= CAPACITY
    assert run(engine, departures.departed) == []
    assert run(engine, lambda s: s.scalars(text(GIVEN_TWICE)).all()) == []
    assert b"deadlock" not in log.read_bytes()[began:]


def step(
    random: Random, admin: Actor, csrs: list[Actor], ticket_id: UUID
) -> Callable[[Session], object]:
    """Something that may happen to a desk at any time."""
    csr = random.choice(csrs)
    yes = random.random() < 0.7
    back = Assign(assignee_id=None)
    done = Change(status=Status.RESOLVED)
    steps: list[Callable[[Session], object]] = [
        drain,
        drain,
        lambda s: agents.set_availability(s, csr, Availability(available=yes)),
        lambda s: administration.change(s, admin, csr.id, UserChange(is_active=yes), now()),
        lambda s: assignment.assign(s, admin, ticket_id, back, now()),
        lambda s: assignment.assign(s, admin, ticket_id, Assign(assignee_id=admin.id), now()),
        lambda s: assignment.assign(s, admin, ticket_id, Assign(assignee_id=csr.id), now()),
        lambda s: assignment.claim(s, random.choice([admin, *csrs]), ticket_id, now()),
        lambda s: routing.change(s, admin, ticket_id, done, now()),
    ]
    return random.choice(steps)
