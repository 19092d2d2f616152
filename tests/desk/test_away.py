"""What the assignment does by the clock: absences, offers that expire, tickets opened again."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import Actor
from desk.assignment import absences, agents, assignment, by_clock, decisions, teams
from desk.assignment.absences import Away
from desk.assignment.agents import Availability
from desk.assignment.assignment import Assign, Strategy
from desk.assignment.decisions import ByClock, Outcome
from desk.assignment.teams import NewTeam
from desk.errors import Invalid, NotFound
from desk.jobs import Job
from desk.outbox import Outbox, outbox
from desk.tickets import messages, reading, tickets
from desk.tickets.messages import NewMessage
from models import Absence, Deadline, Role, Status, Ticket
from tests.factories import a_ticket, an_actor, now

HOUR = timedelta(hours=1)


def away(until: datetime, **more: object) -> Away:
    return Away.model_validate({"until": until, **more})


def goes_away(session: Session, person: Actor, **more: object) -> None:
    absences.set_away(session, person.id, away(now() + HOUR, **more), now())
    session.flush()


def tick(session: Session, at: datetime | None = None) -> None:
    """Does what is due by then."""
    session.flush()
    at = at or now()
    while deadlines.drain(session, by_clock.KINDS, at).tried:
        session.flush()
    while deadlines.drain_other(session, by_clock.KINDS, at):
        session.flush()
    session.flush()


def drain(session: Session, team_id: UUID | None = None) -> int:
    session.flush()
    strategy = Strategy.ROUND_ROBIN
    done = assignment.drain(session, strategy, None, Random(1), team_id=team_id)
    session.flush()
    return done


def holder(session: Session, ticket_id: UUID) -> UUID | None:
    return session.scalar(select(Ticket.assigned_to_id).where(Ticket.id == ticket_id))


def is_available(session: Session, person: Actor) -> bool:
    rows = agents.agents(session, limit=100, after=None)
    [load] = agents.LOADS.all(session, user_ids=f"{{{person.id}}}")
    [agent] = [each for each in rows if each.user_id == person.id]
    assert load.available is agent.available
    assert (agent.away_until is None) is agent.available
    return agent.available


def test_who_is_away_is_given_nothing_until_then(session: Session, customer: Actor) -> None:
    gone, there = (an_actor(session, Role.CSR) for _ in range(2))
    goes_away(session, gone, reason="Lunch")
    assert not is_available(session, gone)
    assert absences.show(session, gone.id).reason == "Lunch"
    ids = [a_ticket(session, customer).id for _ in range(2)]
    assert drain(session) == 2
    assert [holder(session, each) for each in ids] == [there.id] * 2
    outcomes = {c.user_id: c.outcome for c in decisions.newest(session, there, ids[0]).candidates}
    assert outcomes == {there.id: Outcome.CHOSEN, gone.id: Outcome.AWAY}
    session.execute(update(Absence).values(ends_at=func.clock_timestamp()))
    session.info["outbox"] = Outbox()
    tick(session, now() + HOUR)
    assert is_available(session, gone)
    assert Job.DRAIN_ASSIGNMENT in outbox(session).wakes
    assert outbox(session).agents
    with pytest.raises(NotFound):
        absences.show(session, gone.id)
    assert not session.scalars(select(Deadline).where(Deadline.kind.in_(by_clock.KINDS))).all()


def test_an_absence_to_come_does_not_count_yet(session: Session, csr: Actor) -> None:
    absences.set_away(session, csr.id, away(now() + 2 * HOUR, **{"from": now() + HOUR}), now())
    assert is_available(session, csr)
    absences.come_back(session, csr.id)
    with pytest.raises(NotFound):
        absences.show(session, csr.id)


def test_who_says_that_they_are_there_is_back(session: Session, csr: Actor) -> None:
    goes_away(session, csr)
    agents.set_availability(session, csr, Availability(available=True))
    assert is_available(session, csr)


def test_what_waits_for_an_answer_goes_back_if_it_is_said(
    session: Session, customer: Actor
) -> None:
    gone = an_actor(session, Role.CSR)
    waits, answered = (a_ticket(session, customer).id for _ in range(2))
    drain(session)
    messages.post(session, gone, answered, NewMessage(content="Try again"), None)
    goes_away(session, gone)
    tick(session)
    assert (holder(session, waits), holder(session, answered)) == (gone.id, gone.id)
    goes_away(session, gone, reassign=True)
    tick(session)
    assert (holder(session, waits), holder(session, answered)) == (None, gone.id)
    explained = decisions.newest(session, gone, waits)
    assert (explained.strategy, explained.by) == (ByClock.AWAY, None)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"until": -HOUR}, "in_the_past"),
        ({"from": 2 * HOUR, "until": HOUR}, "in_the_past"),
        ({"until": timedelta(days=400)}, "too_long"),
    ],
)
def test_an_absence_ends_after_it_begins_and_soon_enough(
    session: Session, csr: Actor, sent: dict[str, timedelta], code: str
) -> None:
    wanted = Away.model_validate({name: now() + after for name, after in sent.items()})
    with pytest.raises(Invalid) as refused:
        absences.set_away(session, csr.id, wanted, now())
    assert (refused.value.code, refused.value.pointer) == (code, "/until")


def test_customers_are_not_away(session: Session, customer: Actor) -> None:
    with pytest.raises(NotFound):
        absences.set_away(session, customer.id, away(now() + HOUR), now())


@pytest.mark.parametrize("how", ["away", "unavailable", "there"])
def test_a_ticket_that_is_opened_again_is_with_nobody_who_is_not_there(
    session: Session, customer: Actor, how: str
) -> None:
    csr = an_actor(session, Role.CSR)
    ticket_id = a_ticket(session, customer).id
    drain(session)
    tickets.set_status(session, csr, session.get_one(Ticket, ticket_id), Status.RESOLVED, None)
    if how == "away":
        goes_away(session, csr)
    elif how == "unavailable":
        agents.set_availability(session, csr, Availability(available=False))
    session.flush()
    messages.post(session, customer, ticket_id, NewMessage(content="Not yet"), None)
    tick(session)
    assert holder(session, ticket_id) == (csr.id if how == "there" else None)


def a_team(session: Session, *members: Actor) -> UUID:
    ids = [each.id for each in members]
    return teams.add(session, NewTeam(name="Fast", members=ids, answer_within_minutes=5)).id


def in_team(session: Session, customer: Actor, team_id: UUID) -> UUID:
    ticket_id = a_ticket(session, customer).id
    session.get_one(Ticket, ticket_id).team_id = team_id
    return ticket_id


def test_a_ticket_that_is_left_lying_goes_on_three_times(session: Session, customer: Actor) -> None:
    csrs = [an_actor(session, Role.CSR) for _ in range(5)]
    team_id = a_team(session, *csrs)
    ticket_id = in_team(session, customer, team_id)
    had = []
    for _ in range(5):
        drain(session, team_id)
        had.append(holder(session, ticket_id))
        tick(session, now() + timedelta(minutes=4))
        assert holder(session, ticket_id) == had[-1], "too early"
        tick(session, now() + timedelta(minutes=6))
    assert len(set(had)) == 4
    assert had[3] == had[4] == holder(session, ticket_id)


def test_who_had_it_has_it_again_where_there_is_nobody_else(
    session: Session, customer: Actor, csr: Actor
) -> None:
    team_id = a_team(session, csr)
    ticket_id = in_team(session, customer, team_id)
    drain(session, team_id)
    tick(session, now() + HOUR)
    assert holder(session, ticket_id) is None
    assert decisions.newest(session, csr, ticket_id).strategy == ByClock.OFFER_EXPIRED
    drain(session, team_id)
    assert holder(session, ticket_id) == csr.id


@pytest.mark.parametrize("how", ["reads", "answers", "notes", "is given it", "resolves"])
def test_who_cares_for_a_ticket_keeps_it(session: Session, customer: Actor, how: str) -> None:
    csr, other = (an_actor(session, Role.CSR) for _ in range(2))
    team_id = a_team(session, csr)
    ticket_id = in_team(session, customer, team_id)
    drain(session, team_id)
    ticket = session.get_one(Ticket, ticket_id)
    match how:
        case "reads":
            reading.mark_read(session, csr, ticket_id, ticket.last_seq)
        case "answers":
            messages.post(session, csr, ticket_id, NewMessage(content="Hello"), None)
        case "notes":
            note = NewMessage(content="Hm", internal=True)
            messages.post(session, csr, ticket_id, note, None)
        case "is given it":
            assignment.assign(session, csr, ticket_id, Assign(assignee_id=other.id), None)
        case "resolves":
            tickets.set_status(session, csr, ticket, Status.RESOLVED, None)
    before = holder(session, ticket_id)
    tick(session, now() + HOUR)
    assert holder(session, ticket_id) == before
