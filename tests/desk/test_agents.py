"""Availability and capacity, and what becomes of the tickets of who leaves."""

from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from desk.access import Actor
from desk.accounts import accounts, administration
from desk.accounts.administration import UserChange
from desk.assignment import agents, assignment, departures
from desk.assignment.agents import Agent, Availability
from desk.assignment.assignment import Assign, Strategy
from desk.errors import Invalid, NotFound
from desk.events import Assigned
from desk.jobs import Job
from desk.outbox import Outbox, outbox
from desk.tickets import tickets
from models import DEFAULT_CAPACITY, Event, Role, Status, Ticket, User
from tests.factories import a_ticket, an_actor, now


@pytest.fixture
def admin(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


def drain(session: Session) -> int:
    session.flush()
    assigned = assignment.drain(session, Strategy.ROUND_ROBIN, now(), Random(1))
    session.flush()
    return assigned


def holder(session: Session, ticket_id: object) -> object:
    return session.scalar(select(Ticket.assigned_to_id).where(Ticket.id == ticket_id))


def woken(session: Session) -> bool:
    """Whether the queue is to be drained; asked once, it is forgotten."""
    before, session.info["outbox"] = outbox(session), Outbox()
    return Job.DRAIN_ASSIGNMENT in before.wakes


def set_status(session: Session, actor: Actor, ticket_id: object, status: Status) -> None:
    ticket = session.scalars(select(Ticket).where(Ticket.id == ticket_id)).one()
    tickets.set_status(session, actor, ticket, status, now())
    session.flush()


def test_the_agents_are_the_active_staff_with_their_open_tickets(
    session: Session, customer: Actor, admin: Actor
) -> None:
    csr = an_actor(session, Role.CSR, capacity=3, available=False)
    an_actor(session, Role.CSR, is_active=False)
    for status in (None, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED):
        ticket_id = a_ticket(session, customer).id
        assignment.assign(session, admin, ticket_id, Assign(assignee_id=csr.id), now())
        if status:
            set_status(session, csr, ticket_id, status)
    last = session.get_one(User, csr.id).last_assigned_at
    assert last is not None
    assert agents.agents(session, limit=10, after=None) == [
        Agent(admin.id, session.get_one(User, admin.id).full_name, Role.ADMIN, True, 50, 0, None),
        Agent(csr.id, session.get_one(User, csr.id).full_name, Role.CSR, False, 3, 2, last),
    ]
    assert agents.count(session) == 2


def test_the_list_of_agents_goes_on_after_the_last_one(session: Session) -> None:
    csrs = [an_actor(session, Role.CSR).id for _ in range(3)]
    first = agents.agents(session, limit=2, after=None)
    rest = agents.agents(session, limit=2, after=first[-1].user_id)
    assert [agent.user_id for agent in (*first, *rest)] == csrs


def test_who_goes_away_keeps_their_tickets_and_gets_no_more(
    session: Session, customer: Actor
) -> None:
    csr = an_actor(session, Role.CSR)
    kept = a_ticket(session, customer).id
    drain(session)
    agent = agents.set_availability(session, csr, Availability(available=False))
    assert (agent.available, agent.open_tickets, agent.capacity) == (False, 1, DEFAULT_CAPACITY)
    a_ticket(session, customer)
    assert drain(session) == 0
    assert holder(session, kept) == csr.id


@pytest.mark.parametrize(
    ("before", "wanted", "drains"),
    [
        ({"available": False}, {"available": True}, True),
        ({"available": True, "capacity": 1}, {"available": True, "capacity": 2}, True),
        ({"available": True, "capacity": 2}, {"available": True, "capacity": 1}, False),
        ({"available": True}, {"available": True}, False),
        ({"available": True}, {"available": False}, False),
    ],
)
def test_room_for_more_drains_the_queue(
    session: Session, before: dict[str, object], wanted: dict[str, object], drains: bool
) -> None:
    csr = an_actor(session, Role.CSR, **before)
    woken(session)
    agent = agents.set_availability(session, csr, Availability.model_validate(wanted))
    assert woken(session) is drains
    assert agent.available is wanted["available"]
    assert agent.capacity == wanted.get("capacity", before.get("capacity", DEFAULT_CAPACITY))


def test_who_was_deactivated_a_moment_ago_cannot_be_available(session: Session) -> None:
    csr = an_actor(session, Role.CSR, is_active=False)
    with pytest.raises(NotFound):
        agents.set_availability(session, csr, Availability(available=True))


def test_what_gives_work_or_room_drains_the_queue(
    session: Session, customer: Actor, admin: Actor
) -> None:
    woken(session)
    ticket_id = a_ticket(session, customer).id
    assert woken(session), "opened"
    csr = an_actor(session, Role.CSR)
    assert woken(session), "a new CSR"
    assignment.assign(session, admin, ticket_id, Assign(assignee_id=csr.id), now())
    assert not woken(session)
    assignment.assign(session, admin, ticket_id, Assign(assignee_id=None), now())
    assert woken(session), "back to the queue"
    assignment.assign(session, admin, ticket_id, Assign(assignee_id=csr.id), now())
    woken(session)
    assignment.assign(session, admin, ticket_id, Assign(assignee_id=admin.id), now())
    assert woken(session), "the one who had it has room"
    for status in (Status.RESOLVED, Status.CLOSED, Status.OPEN):
        set_status(session, admin, ticket_id, status)
        assert woken(session), status
    change(session, admin, csr, is_active=False)
    woken(session)
    change(session, admin, csr, is_active=True)
    assert woken(session), "back in the house"
    change(session, admin, customer, role="csr")
    assert woken(session), "promoted"


def change(session: Session, admin: Actor, person: Actor, **wanted: object) -> None:
    administration.change(session, admin, person.id, UserChange.model_validate(wanted), now(), 7)


@pytest.mark.parametrize("wanted", [{"is_active": False}, {"role": "user"}])
def test_the_tickets_of_who_leaves_wait_again_in_the_same_transaction(
    session: Session, customer: Actor, admin: Actor, wanted: dict[str, object]
) -> None:
    csr = an_actor(session, Role.CSR)
    opened, done = (a_ticket(session, customer).id for _ in range(2))
    drain(session)
    set_status(session, csr, done, Status.RESOLVED)
    change(session, admin, csr, **wanted)
    assert (holder(session, opened), holder(session, done)) == (None, csr.id)
    event = session.scalars(
        select(Event).where(Event.ticket_id == opened).order_by(Event.seq.desc())
    ).first()
    assert event is not None
    assert (event.kind, event.actor_id) == (Assigned.kind, admin.id)
    assert event.data == {"from": str(csr.id), "to": None, "by": str(admin.id)}
    assert woken(session)
    other = an_actor(session, Role.CSR)
    assert drain(session) == 1
    assert holder(session, opened) == other.id


@pytest.mark.parametrize("wanted", [{"role": "admin"}, {"capacity": 0}, {"full_name": "New"}])
def test_who_stays_on_the_staff_keeps_their_tickets(
    session: Session, customer: Actor, admin: Actor, wanted: dict[str, object]
) -> None:
    csr = an_actor(session, Role.CSR)
    ticket_id = a_ticket(session, customer).id
    drain(session)
    change(session, admin, csr, **wanted)
    assert holder(session, ticket_id) == csr.id


def test_a_ticket_that_is_reopened_after_its_holder_left_is_not_forgotten(
    session: Session, customer: Actor, admin: Actor
) -> None:
    csr, other = (an_actor(session, Role.CSR) for _ in range(2))
    an_actor(session, Role.CSR)
    ticket_id = a_ticket(session, customer).id
    assignment.claim(session, csr, ticket_id, now())
    kept = a_ticket(session, customer).id
    assignment.claim(session, other, kept, now())
    set_status(session, csr, ticket_id, Status.RESOLVED)
    change(session, admin, csr, is_active=False)
    assert departures.departed(session) == []
    set_status(session, admin, ticket_id, Status.OPEN)
    assert departures.departed(session) == [csr.id]
    departures.reclaim(session, csr.id, now())
    session.flush()
    assert holder(session, ticket_id) is None
    departures.reclaim(session, other.id, now())
    assert holder(session, kept) == other.id
    assert drain(session) == 1


def test_who_is_out_can_claim_nothing(session: Session, customer: Actor) -> None:
    csr = an_actor(session, Role.CSR, is_active=False)
    ticket_id = a_ticket(session, customer).id
    with pytest.raises(Invalid):
        assignment.claim(session, csr, ticket_id, now())


def test_a_new_csr_begins_with_the_default_capacity(
    session: Session, customer: Actor, admin: Actor
) -> None:
    new = accounts.create(session, "new@desk.test", "New", "hash", Role.CSR, 7)
    assert session.get_one(User, new.id).capacity == 7
    change(session, admin, customer, role="csr")
    assert session.get_one(User, customer.id).capacity == 7
    change(session, admin, an_actor(session, Role.CSR), role="csr", capacity=9)
    assert Settings.model_fields["default_capacity"].default == DEFAULT_CAPACITY
