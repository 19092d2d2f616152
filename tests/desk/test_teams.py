"""Teams: their queues, their members, and the tickets that are moved between them."""

from collections import Counter
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import administration
from desk.accounts.administration import UserChange
from desk.assignment import agents, assignment, decisions, fairness, queue, routing, teams
from desk.assignment.agents import Availability
from desk.assignment.assignment import Assign, Strategy
from desk.assignment.teams import NewTeam, TeamChange
from desk.errors import Conflict, Invalid, NotFound
from desk.events import Assigned, TeamChanged
from desk.jobs import Job
from desk.outbox import Outbox, outbox
from desk.tickets import tickets
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.lists import count, ticket_list
from models import Event, Role, Status, Ticket
from tests.factories import a_ticket, an_actor, now


@pytest.fixture
def admin(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


def a_team(session: Session, *members: Actor, name: str = "", **fields: object) -> UUID:
    ids = [member.id for member in members]
    new = {"name": name or f"Team {uuid4()}"[:30], "members": ids, **fields}
    return teams.add(session, NewTeam.model_validate(new)).id


def move(session: Session, actor: Actor, ticket_id: UUID, **sent: object) -> UUID | None:
    """Who has it then."""
    wanted = routing.Change.model_validate(sent)
    return routing.change(session, actor, ticket_id, wanted, now()).assigned_to_id


def in_team(session: Session, customer: Actor, team_id: UUID | None) -> UUID:
    ticket = a_ticket(session, customer)
    session.get_one(Ticket, ticket.id).team_id = team_id
    return ticket.id


def drain(session: Session, team_id: UUID | None = None) -> int:
    session.flush()
    strategy = Strategy.ROUND_ROBIN
    assigned = assignment.drain(session, strategy, now(), Random(1), team_id=team_id)
    session.flush()
    return assigned


def holder(session: Session, ticket_id: UUID) -> UUID | None:
    return session.scalar(select(Ticket.assigned_to_id).where(Ticket.id == ticket_id))


def woken(session: Session) -> bool:
    before, session.info["outbox"] = outbox(session), Outbox()
    return Job.DRAIN_ASSIGNMENT in before.wakes


def test_a_teams_queue_is_served_by_its_members_alone(session: Session, customer: Actor) -> None:
    inside, outside = (an_actor(session, Role.CSR) for _ in range(2))
    team_id = a_team(session, inside)
    theirs = [in_team(session, customer, team_id) for _ in range(3)]
    nobodys = in_team(session, customer, None)
    assert drain(session, team_id) == 3
    assert [holder(session, ticket_id) for ticket_id in theirs] == [inside.id] * 3
    assert holder(session, nobodys) is None
    assert drain(session) == 1
    assert outside.id in {holder(session, nobodys), outside.id}


def test_members_take_turns_in_each_of_their_teams(session: Session, customer: Actor) -> None:
    one, both, two = (an_actor(session, Role.CSR) for _ in range(3))
    first, second = a_team(session, one, both), a_team(session, both, two)
    for team_id in (first, second, first, second):
        tickets_ = [in_team(session, customer, team_id) for _ in range(4)]
        drain(session, team_id)
        shares = Counter(holder(session, ticket_id) for ticket_id in tickets_)
        assert set(shares.values()) == {2}


def test_capacity_counts_over_all_teams(session: Session, customer: Actor) -> None:
    csr = an_actor(session, Role.CSR, capacity=3)
    first, second = a_team(session, csr), a_team(session, csr)
    for team_id in (first, second):
        for _ in range(2):
            in_team(session, customer, team_id)
    assert (drain(session, first), drain(session, second)) == (2, 1)


def test_a_team_has_a_strategy_of_its_own(session: Session, customer: Actor, admin: Actor) -> None:
    busy, idle = (an_actor(session, Role.CSR, catching_up=False) for _ in range(2))
    team_id = a_team(session, busy, idle, strategy="least_loaded")
    held = in_team(session, customer, None)
    assignment.assign(session, admin, held, Assign(assignee_id=busy.id), now())
    ticket_id = in_team(session, customer, team_id)
    drain(session, team_id)
    assert holder(session, ticket_id) == idle.id
    assert decisions.newest(session, admin, ticket_id).strategy == Strategy.LEAST_LOADED


def test_the_explanation_names_who_is_not_in_the_team(
    session: Session, customer: Actor, admin: Actor
) -> None:
    inside, outside = (an_actor(session, Role.CSR) for _ in range(2))
    team_id = a_team(session, inside)
    ticket_id = in_team(session, customer, team_id)
    drain(session, team_id)
    for _ in range(2):
        explained = decisions.newest(session, admin, ticket_id)
        outcomes = {each.user_id: each.outcome.value for each in explained.candidates}
        assert outcomes == {inside.id: "chosen", outside.id: "not_in_team"}
        # By hand it is the same.
        assignment.assign(session, admin, ticket_id, Assign(assignee_id=None), now())
        assignment.claim(session, inside, ticket_id, now())


def test_queues_in_which_something_waits(session: Session, customer: Actor, csr: Actor) -> None:
    waits, idle = a_team(session, csr), a_team(session, csr)
    in_team(session, customer, waits)
    session.flush()
    assert queue.busy(session) == [waits]
    in_team(session, customer, None)
    session.flush()
    assert queue.busy(session) == [None, waits]
    drain(session, waits)
    in_team(session, customer, idle)
    session.flush()
    assert queue.busy(session) == [None, idle]


def test_who_comes_back_is_not_flooded_in_a_team_either(session: Session, customer: Actor) -> None:
    back, there = (an_actor(session, Role.CSR) for _ in range(2))
    team_id = a_team(session, back, there, strategy="least_loaded")
    agents.set_availability(session, back, Availability(available=False))
    for _ in range(10):
        in_team(session, customer, team_id)
    drain(session, team_id)
    agents.set_availability(session, back, Availability(available=True))
    later = [in_team(session, customer, team_id) for _ in range(4)]
    drain(session, team_id)
    assert Counter(holder(session, each) for each in later) == {back.id: 2, there.id: 2}


def test_moving_takes_the_ticket_from_who_is_not_in_the_team(
    session: Session, customer: Actor, admin: Actor
) -> None:
    one, two = (an_actor(session, Role.CSR) for _ in range(2))
    first, second = a_team(session, one), a_team(session, one, two)
    third = a_team(session, two)
    ticket_id = in_team(session, customer, first)
    drain(session, first)
    assert move(session, admin, ticket_id, team_id=second) == one.id
    woken(session)
    assert move(session, admin, ticket_id, team_id=third) is None
    assert woken(session)
    events = session.scalars(
        select(Event).where(Event.ticket_id == ticket_id).order_by(Event.seq.desc()).limit(2)
    ).all()
    assert [event.kind for event in events] == [Assigned.kind, TeamChanged.kind]
    assert events[1].data == {"from": str(second), "to": str(third)}
    assert events[1].public_seq is None
    drain(session, third)
    assert holder(session, ticket_id) == two.id
    assert move(session, admin, ticket_id, team_id=None) == two.id
    # Whoever is named in the same request has it, in the team or not.
    assert move(session, admin, ticket_id, team_id=first, assignee_id=two.id) == two.id
    assert move(session, admin, ticket_id, team_id=first) == two.id, "nothing changed"


def test_a_resolved_ticket_keeps_who_had_it_in_another_team(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket_id = in_team(session, customer, None)
    assignment.claim(session, csr, ticket_id, now())
    tickets.set_status(session, csr, session.get_one(Ticket, ticket_id), Status.RESOLVED, now())
    assert move(session, csr, ticket_id, team_id=a_team(session)) == csr.id


def test_there_is_no_such_team_to_move_to(session: Session, customer: Actor, csr: Actor) -> None:
    ticket_id = in_team(session, customer, None)
    with pytest.raises(Invalid) as refused:
        move(session, csr, ticket_id, team_id=uuid4())
    assert (refused.value.code, refused.value.pointer) == ("no_such_team", "/team_id")


def test_members_are_staff_and_keep_their_place(
    session: Session, customer: Actor, admin: Actor
) -> None:
    stays, leaves, joins = (an_actor(session, Role.CSR) for _ in range(3))
    team_id = a_team(session, stays, leaves, name="Billing", description="Money")
    for _ in range(2):
        in_team(session, customer, team_id)
    drain(session, team_id)
    kept = [stays.id, joins.id, admin.id]
    woken(session)
    shown = teams.change(session, team_id, TeamChange.model_validate({"members": kept}))
    assert woken(session), "who joins has room"
    assert (shown.name, shown.description, shown.strategy) == ("Billing", "Money", None)
    assert sorted(shown.members) == sorted(kept)
    later = [in_team(session, customer, team_id) for _ in range(4)]
    drain(session, team_id)
    # Who joins is next once, and then waits like all.
    assert Counter(holder(session, each) for each in later) == {stays.id: 2, joins.id: 2}
    for stranger in (customer.id, uuid4()):
        wanted = TeamChange(members=[stays.id, stranger])
        with pytest.raises(Invalid) as refused:
            teams.change(session, team_id, wanted)
        assert refused.value.pointer == "/members/1"


def test_who_is_no_staff_any_more_is_in_no_team(session: Session, admin: Actor, csr: Actor) -> None:
    team_id = a_team(session, csr)
    administration.change(session, admin, csr.id, UserChange(is_active=False), now())
    assert teams.show(session, team_id).members == [csr.id], "may come back"
    administration.change(session, admin, csr.id, UserChange(role=Role.USER), now())
    assert teams.show(session, team_id).members == []


def test_a_team_with_tickets_stays(session: Session, customer: Actor, csr: Actor) -> None:
    team_id = a_team(session, csr)
    ticket_id = in_team(session, customer, team_id)
    session.flush()
    with pytest.raises(Conflict) as refused:
        teams.remove(session, team_id)
    assert refused.value.code == "team_in_use"
    move(session, csr, ticket_id, team_id=None)
    teams.remove(session, team_id)
    session.flush()
    for rule in (teams.show, teams.remove):
        with pytest.raises(NotFound):
            rule(session, team_id)


def test_two_teams_of_one_name_are_refused(session: Session) -> None:
    first, _ = a_team(session, name="Billing"), a_team(session, name="Returns")
    with pytest.raises(Conflict) as refused:
        teams.add(session, NewTeam(name="billing"))
    assert refused.value.code == "team_name_taken"
    with pytest.raises(Conflict):
        teams.change(session, first, TeamChange(name="RETURNS"))
    assert teams.change(session, first, TeamChange(name="BILLING")).name == "BILLING"


def test_there_is_an_end_to_teams(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teams, "MOST_TEAMS", 1)
    a_team(session)
    with pytest.raises(Conflict) as refused:
        a_team(session)
    assert refused.value.code == "too_many_teams"


def test_lists_by_team(session: Session, customer: Actor, csr: Actor) -> None:
    mine, others = a_team(session, csr), a_team(session)
    ids = {team: in_team(session, customer, team) for team in (mine, others, None)}
    session.flush()

    def listed(team: object, **more: object) -> set[UUID]:
        filters = Filters.model_validate({"team": team, **more})
        page = ticket_list(session, csr, filters, Sort(), 10, None)
        assert count(session, csr, filters) == len(page.tickets)
        return {ticket.id for ticket in page.tickets}

    assert listed(mine) == listed("mine") == {ids[mine]}
    assert listed(others) == {ids[others]}
    assert listed("none") == {ids[None]}
    assert listed("mine", status=["open"], unassigned=True) == {ids[mine]}
    page = ticket_list(session, csr, Filters(), Sort(), 10, None)
    assert {(ticket.id, ticket.team_id) for ticket in page.tickets} == {
        (ticket_id, team) for team, ticket_id in ids.items()
    }
    own = ticket_list(session, customer, Filters(), Sort(), 10, None)
    assert {ticket.team_id for ticket in own.tickets} == {None}


def test_the_report_says_what_was_fair(session: Session, customer: Actor, admin: Actor) -> None:
    full, roomy, gone = (an_actor(session, Role.CSR) for _ in range(3))
    agents.set_availability(session, full, Availability(available=True, capacity=1))
    agents.set_availability(session, gone, Availability(available=False))
    team_id = a_team(session, full, roomy, gone)
    ids = [in_team(session, customer, team_id) for _ in range(4)]
    drain(session, team_id)
    [taken] = [each for each in ids if holder(session, each) == full.id]
    assignment.assign(session, admin, taken, Assign(assignee_id=admin.id), now())
    later = now() + timedelta(hours=2)
    shares = {each.user_id: each for each in fairness.report(session, team_id, 1, later)}
    assert [(shares[c.id].given, shares[c.id].taken_away) for c in (full, roomy, gone)] == [
        (1, 1),
        (3, 0),
        (0, 0),
    ]
    # The first was shared by two; the other three only one could take, or both until one was full.
    assert shares[full.id].share == 0.25
    assert shares[full.id].fair_share + shares[roomy.id].fair_share == pytest.approx(1)
    assert shares[full.id].fair_share in (0.125, 0.25)
    assert shares[gone.id].fair_share == shares[gone.id].available_hours == 0
    assert 1.9 < shares[full.id].available_hours < 2.1
