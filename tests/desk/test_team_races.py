"""Teams that are drained, moved between and changed at once, on real connections."""

from collections import Counter
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
from desk.assignment import agents, assignment, routing, teams
from desk.assignment.agents import Availability
from desk.assignment.assignment import Assign, Strategy
from desk.assignment.cursors import lock_cursor
from desk.assignment.routing import Change
from desk.assignment.teams import NewTeam, TeamChange
from desk.errors import Conflict, Invalid, NotFound
from desk.tickets import tickets
from embedded.servers import Embedded
from models import Role, Status, Team, TeamMember, Ticket
from tests import ledger
from tests.conftest import Backend, engine_of
from tests.desk.races import committing, overlapping, run
from tests.factories import a_ticket, an_actor, now

REFUSALS = (Conflict, Invalid, NotFound)
CAPACITY = 6
Rule = Callable[[Session], object]


@pytest.fixture
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    with engine_of(make_backend(), pool_size=40) as engine:
        yield engine


@pytest.fixture
def customer(engine: Engine) -> Actor:
    return run(engine, an_actor)


@pytest.fixture
def admin(engine: Engine) -> Actor:
    return run(engine, lambda session: an_actor(session, Role.ADMIN))


def csrs(engine: Engine, count: int, **fields: object) -> list[Actor]:
    return [run(engine, lambda s: an_actor(s, Role.CSR, **fields)) for _ in range(count)]


def a_team(engine: Engine, name: str, *members: Actor) -> UUID:
    new = NewTeam(name=name, members=[member.id for member in members])
    return run(engine, lambda s: teams.add(s, new).id)


def opened(engine: Engine, customer: Actor, team_id: UUID | None) -> UUID:
    def rule(session: Session) -> UUID:
        ticket = session.get_one(Ticket, a_ticket(session, customer).id)
        ticket.team_id = team_id
        return ticket.id

    return run(engine, rule)


def draining(team_id: UUID | None) -> Callable[[Session], int]:
    strategy = Strategy.ROUND_ROBIN
    return lambda s: assignment.drain(s, strategy, now(), Random(), team_id=team_id)


def moving(admin: Actor, ticket_id: UUID, team_id: UUID | None) -> Rule:
    wanted = routing.Change(team_id=team_id)
    return lambda s: routing.change(s, admin, ticket_id, wanted, now())


def with_members(team_id: UUID, *members: Actor) -> Rule:
    wanted = TeamChange(members=[member.id for member in members])
    return lambda s: teams.change(s, team_id, wanted)


def holder(engine: Engine, ticket_id: UUID) -> UUID | None:
    query = select(Ticket.assigned_to_id).where(Ticket.id == ticket_id)
    return run(engine, lambda session: session.scalar(query))


def test_two_teams_with_no_member_in_common_do_not_wait_for_each_other(
    engine: Engine, customer: Actor
) -> None:
    one, two = csrs(engine, 2)
    first, second = a_team(engine, "one", one), a_team(engine, "two", two)
    ids = [opened(engine, customer, team_id) for team_id in (first, second)]
    with committing(engine) as session:
        assert draining(first)(session) == 1
        session.flush()
        assert run(engine, draining(second)) == 1
    assert [holder(engine, ticket_id) for ticket_id in ids] == [one.id, two.id]


def test_two_teams_with_a_member_in_common_do_not_exceed_their_capacity(
    engine: Engine, customer: Actor
) -> None:
    [both] = csrs(engine, 1, capacity=1)
    first, second = a_team(engine, "one", both), a_team(engine, "two", both)
    for team_id in (first, second):
        opened(engine, customer, team_id)
    mine, theirs = overlapping(engine, draining(first), draining(second))
    assert (mine, theirs.result()) == (1, 0)


def test_a_queue_at_which_somebody_is_can_be_left_out(engine: Engine) -> None:
    team_id = a_team(engine, "one")
    with committing(engine) as session:
        assert isinstance(lock_cursor(session, team_id), Team)
        assert run(engine, lambda s: lock_cursor(s, team_id, skip=True)) is None
        assert run(engine, lambda s: lock_cursor(s, skip=True)) is not None


def test_a_ticket_that_is_moved_during_a_drain_is_not_with_somebody_outside_its_team(
    engine: Engine, customer: Actor, admin: Actor
) -> None:
    one, two = csrs(engine, 2)
    first, second = a_team(engine, "one", one), a_team(engine, "two", two)
    ticket_id = opened(engine, customer, first)
    _, moved = overlapping(engine, draining(first), moving(admin, ticket_id, second))
    moved.result()
    assert holder(engine, ticket_id) is None
    run(engine, draining(second))
    assert holder(engine, ticket_id) == two.id


def test_a_drain_leaves_out_what_is_being_moved_away(
    engine: Engine, customer: Actor, admin: Actor
) -> None:
    one, two = csrs(engine, 2)
    first, second = a_team(engine, "one", one), a_team(engine, "two", two)
    ticket_id = opened(engine, customer, first)
    with committing(engine) as session:
        moving(admin, ticket_id, second)(session)
        session.flush()
        assert run(engine, draining(first)) == 0
    assert run(engine, draining(first)) == 0
    assert holder(engine, ticket_id) is None


@pytest.mark.parametrize("first", ["the drain", "the change"])
def test_who_leaves_a_team_is_chosen_no_more(engine: Engine, customer: Actor, first: str) -> None:
    leaves, stays = csrs(engine, 2)
    team_id = a_team(engine, "one", leaves, stays)
    opened(engine, customer, team_id)
    order: list[Rule] = [draining(team_id), with_members(team_id, stays)]
    if first == "the change":
        order.reverse()
    _, second = overlapping(engine, *order)
    second.result()
    later = [opened(engine, customer, team_id) for _ in range(2)]
    run(engine, draining(team_id))
    assert {holder(engine, ticket_id) for ticket_id in later} == {stays.id}


def test_a_team_that_is_removed_while_a_ticket_is_moved_into_it(
    engine: Engine, customer: Actor, admin: Actor
) -> None:
    team_id = a_team(engine, "one")
    ticket_id = opened(engine, customer, None)
    _, removed = overlapping(
        engine, moving(admin, ticket_id, team_id), lambda s: teams.remove(s, team_id)
    )
    with pytest.raises(Conflict, match="has tickets"):
        removed.result()
    run(engine, moving(admin, ticket_id, None))
    _, moved = overlapping(
        engine, lambda s: teams.remove(s, team_id), moving(admin, ticket_id, team_id)
    )
    with pytest.raises(Invalid, match="no such team"):
        moved.result()


def test_in_a_storm_over_three_teams_shares_are_even_and_nothing_deadlocks(
    engine: Engine, customer: Actor, admin: Actor, embedded: Embedded
) -> None:
    """Thirty threads, 600 tickets, two members of all three teams; some come, go and are full."""
    steady = csrs(engine, 6, capacity=1_000)
    fickle = csrs(engine, 3, capacity=CAPACITY)
    shared = csrs(engine, 2, capacity=1_000)
    run(engine, ledger.keep)
    members = [[*steady[n : n + 2], *fickle[n // 2 : n // 2 + 1], *shared] for n in (0, 2, 4)]
    team_ids = [a_team(engine, f"Team {n}", *each) for n, each in enumerate(members)]
    log = embedded.postgres.log
    began = log.stat().st_size

    def act(seed: int) -> None:
        random = Random(seed)
        mine = [opened(engine, customer, team_ids[n % 3]) for n in range(20)]
        for _ in range(15):
            with suppress(*REFUSALS):
                rule = step(
                    random, admin, fickle, random.choice(shared), team_ids, random.choice(mine)
                )
                run(engine, rule)

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(act, range(30)))
    for team_id in team_ids:
        while run(engine, draining(team_id)):
            pass
    assert 0 < run(engine, lambda s: ledger.most_held(s, {csr.id for csr in fickle})) <= CAPACITY
    for team_id, each in zip(team_ids, members, strict=True):
        shares = given_by(engine, team_id)
        even = [shares[csr.id] for csr in each if csr not in fickle]
        assert max(even) - min(even) <= 1, even
    assert b"deadlock" not in log.read_bytes()[began:]
    in_team = select(TeamMember).where(
        TeamMember.team_id == Ticket.team_id, TeamMember.user_id == Ticket.assigned_to_id
    )
    # What is resolved keeps who had it, wherever it is moved.
    held = select(Ticket.id).where(Ticket.assigned_to_id.is_not(None), tickets.ACTIVE)
    assert run(engine, lambda s: s.scalars(held.where(~in_team.exists())).all()) == []


def given_by(engine: Engine, team_id: UUID) -> Counter[UUID]:
    """How many tickets each was given from a team's queue, by the desk itself."""
    query = """
        select e.data ->> 'to' from assignment_decisions d
        join events e using (ticket_id, seq)
        where d.strategy = 'round_robin' and (
            select coalesce((
                select t.data ->> 'to' from events t
                where t.ticket_id = e.ticket_id and t.kind = 'team_changed' and t.seq < e.seq
                order by t.seq desc limit 1
            ), (
                select t.data ->> 'from' from events t
                where t.ticket_id = e.ticket_id and t.kind = 'team_changed' and t.seq > e.seq
                order by t.seq limit 1
            ), (select team_id::text from tickets where id = e.ticket_id))
        ) = :team
    """
    found = run(engine, lambda s: s.scalars(text(query), {"team": str(team_id)}).all())
    return Counter(UUID(each) for each in found)


def step(
    random: Random,
    admin: Actor,
    fickle: list[Actor],
    member: Actor,
    team_ids: list[UUID],
    ticket_id: UUID,
) -> Rule:
    """``member``: of all teams, so that by hand, too, what they have is in a team of theirs."""
    csr, team_id, yes = random.choice(fickle), random.choice(team_ids), random.random() < 0.7
    done = Change(status=Status.RESOLVED)
    steps: list[Rule] = [
        lambda s: assignment.claim(s, member, ticket_id, now()),
        lambda s: assignment.assign(s, admin, ticket_id, Assign(assignee_id=member.id), now()),
        draining(team_id),
        draining(team_id),
        draining(random.choice(team_ids)),
        moving(admin, ticket_id, team_id),
        lambda s: agents.set_availability(s, csr, Availability(available=yes)),
        lambda s: administration.change(s, admin, csr.id, UserChange(is_active=yes), now()),
        lambda s: routing.change(s, admin, ticket_id, done, now()),
    ]
    return random.choice(steps)
