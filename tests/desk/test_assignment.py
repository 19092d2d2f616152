"""Who gets a ticket."""

from collections import Counter
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import administration
from desk.accounts.administration import UserChange
from desk.assignment import agents, assignment, routing
from desk.assignment.agents import Availability
from desk.assignment.assignment import Assign, Strategy
from desk.errors import Conflict, Invalid
from desk.events import Assigned
from desk.outbox import outbox
from desk.tickets import tickets
from models import Event, Notification, Role, Status, Ticket
from tests.factories import a_ticket, an_actor, now
from tests.statements import statements


def drain(session: Session, strategy: Strategy = Strategy.ROUND_ROBIN) -> int:
    session.flush()
    assigned = assignment.drain(session, strategy, now(), Random(1))
    session.flush()
    return assigned


def assignees(session: Session) -> list[object]:
    query = select(Ticket.assigned_to_id).order_by(Ticket.created_at, Ticket.id)
    return list(session.scalars(query))


def test_tickets_go_round(session: Session, customer: Actor) -> None:
    csrs = [an_actor(session, Role.CSR) for _ in range(3)]
    for _ in range(7):
        a_ticket(session, customer)
    assert drain(session) == 7
    assert assignees(session) == [csrs[n % 3].id for n in range(7)]


def test_a_batch_takes_as_many_statements_as_two_tickets(session: Session, customer: Actor) -> None:
    for _ in range(2):
        an_actor(session, Role.CSR)
    asked = []
    for count in (2, 2, 12):
        for _ in range(count):
            a_ticket(session, customer)
        with statements(session.connection()) as seen:
            assert drain(session) == count
        asked.append(len(seen))
    assert asked[1] == asked[2]


def test_who_is_away_inactive_full_or_no_csr_gets_nothing(
    session: Session, customer: Actor
) -> None:
    an_actor(session, Role.CSR, available=False)
    an_actor(session, Role.CSR, is_active=False)
    an_actor(session, Role.ADMIN)
    full = an_actor(session, Role.CSR, capacity=1)
    for _ in range(3):
        a_ticket(session, customer)
    assert drain(session) == 1
    assert assignees(session) == [full.id, None, None]


def test_a_resolved_ticket_makes_room(session: Session, customer: Actor) -> None:
    csr = an_actor(session, Role.CSR, capacity=1)
    first = a_ticket(session, customer)
    a_ticket(session, customer)
    drain(session)
    routing.change(
        session, csr, first.id, routing.Change.model_validate({"status": "resolved"}), now()
    )
    assert drain(session) == 1
    assert assignees(session) == [csr.id, csr.id]


def test_the_least_loaded_comes_first(session: Session, customer: Actor) -> None:
    busy, idle = (an_actor(session, Role.CSR) for _ in range(2))
    for _ in range(2):
        held = a_ticket(session, customer)
        assignment.assign(session, busy, held.id, Assign(assignee_id=busy.id), now())
    a_ticket(session, customer)
    drain(session, Strategy.LEAST_LOADED)
    assert assignees(session)[-1] == idle.id


def test_a_new_csr_is_not_flooded(session: Session, customer: Actor) -> None:
    old = an_actor(session, Role.CSR)
    for _ in range(4):
        a_ticket(session, customer)
    drain(session)
    new = an_actor(session, Role.CSR)
    for _ in range(4):
        a_ticket(session, customer)
    drain(session)
    assert assignees(session)[4:] == [new.id, old.id, new.id, old.id]


@pytest.mark.parametrize("strategy", [Strategy.ROUND_ROBIN, Strategy.LEAST_LOADED])
@pytest.mark.parametrize("how", ["available again", "reactivated", "more capacity", "new"])
def test_who_comes_back_is_not_flooded_to_make_up_for_it(
    session: Session, customer: Actor, strategy: Strategy, how: str
) -> None:
    admin = an_actor(session, Role.ADMIN)
    for _ in range(2):
        an_actor(session, Role.CSR)
    back = None if how == "new" else an_actor(session, Role.CSR, catching_up=False)
    if back and how == "available again":
        agents.set_availability(session, back, Availability(available=False))
    elif back and how == "reactivated":
        administration.change(session, admin, back.id, UserChange(is_active=False), now())
    elif back:
        agents.set_availability(session, back, Availability(available=True, capacity=1))
    for _ in range(20):
        a_ticket(session, customer)
    drain(session, strategy)
    if back is None:
        back = an_actor(session, Role.CSR)
    elif how == "reactivated":
        administration.change(session, admin, back.id, UserChange(is_active=True), now())
    else:
        agents.set_availability(session, back, Availability(available=True, capacity=50))
    for _ in range(12):
        a_ticket(session, customer)
    drain(session, strategy)
    assert Counter(assignees(session)[20:])[back.id] in (4, 5)


def test_the_assigned_csr_is_notified_and_the_event_is_the_desks_own(
    session: Session, customer: Actor
) -> None:
    csr = an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer)
    drain(session)
    event = session.scalars(select(Event).where(Event.kind == Assigned.kind)).one()
    assert (event.actor_id, event.data) == (None, {"from": None, "to": str(csr.id), "by": None})
    notification = session.scalars(select(Notification)).one()
    assert (notification.user_id, notification.ticket_id) == (csr.id, ticket.id)
    (told,) = outbox(session).notifications
    assert (told.id, told.actor) == (notification.id, None)


def test_a_claim_is_refused_once_somebody_has_the_ticket(session: Session, customer: Actor) -> None:
    first, second = (an_actor(session, Role.CSR) for _ in range(2))
    ticket = a_ticket(session, customer)
    assert assignment.claim(session, first, ticket.id, now()).assigned_to_id == first.id
    with pytest.raises(Conflict) as refused:
        assignment.claim(session, second, ticket.id, now())
    assert refused.value.code == "already_assigned"


@pytest.mark.parametrize(
    ("role", "is_active"), [(Role.USER, True), (Role.CSR, False), (Role.ADMIN, False)]
)
def test_only_active_staff_can_be_given_tickets(
    session: Session, customer: Actor, role: Role, is_active: bool
) -> None:
    csr = an_actor(session, Role.CSR)
    unfit = an_actor(session, role, is_active=is_active)
    ticket = a_ticket(session, customer)
    with pytest.raises(Invalid) as refused:
        assignment.assign(session, csr, ticket.id, Assign(assignee_id=unfit.id), now())
    assert refused.value.code == "not_assignable"


def test_back_to_the_queue_means_waiting_again(session: Session, customer: Actor) -> None:
    csr = an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer)
    drain(session)
    view = assignment.assign(session, csr, ticket.id, Assign(assignee_id=None), now())
    assert view.assigned_to_id is None
    assert drain(session) == 1


def test_nobody_is_given_their_own_ticket_while_somebody_else_can_take_it(
    session: Session,
) -> None:
    asking, other = (an_actor(session, Role.CSR, capacity=2) for _ in range(2))
    own = [a_ticket(session, asking).id for _ in range(3)]
    assert drain(session) == 3
    given = [session.get_one(Ticket, id).assigned_to_id for id in own]
    assert given == [other.id, other.id, asking.id]


def test_a_closed_ticket_is_given_to_nobody(session: Session, customer: Actor) -> None:
    csr = an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer)
    tickets.set_status(session, csr, session.get_one(Ticket, ticket.id), Status.CLOSED, now())
    with pytest.raises(Conflict, match="closed"):
        assignment.claim(session, csr, ticket.id, now())
    with pytest.raises(Conflict, match="closed"):
        assignment.assign(session, csr, ticket.id, Assign(assignee_id=csr.id), now())


def test_closed_tickets_do_not_wait(session: Session, customer: Actor) -> None:
    csr = an_actor(session, Role.CSR)
    ticket = a_ticket(session, customer)
    tickets.set_status(session, csr, session.get_one(Ticket, ticket.id), Status.CLOSED, now())
    assert drain(session) == 0
