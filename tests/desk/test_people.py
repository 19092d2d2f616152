"""Whom somebody may meet, and how customers are found by their names."""

import pytest
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import customers
from desk.assignment import assignment, routing
from desk.assignment.assignment import Assign
from desk.assignment.routing import Change
from desk.errors import NotFound
from desk.tickets import messages, people
from desk.tickets.messages import NewMessage
from models import Role, Status
from tests.factories import a_ticket, an_actor, now


@pytest.fixture
def staff(session: Session) -> dict[str, Actor]:
    """By what they do: each something that the customer is shown, or not."""
    doings = ("answers", "assigns", "was given", "has it", "notes", "tags", "does nothing")
    return {doing: an_actor(session, Role.CSR) for doing in doings}


@pytest.fixture
def a_talk(session: Session, customer: Actor, staff: dict[str, Actor]) -> object:
    ticket = a_ticket(session, customer)
    for internal, doing in ((False, "answers"), (True, "notes")):
        new = NewMessage(content=doing, internal=internal)
        messages.post(session, staff[doing], ticket.id, new, now())
    for doing in ("was given", "has it"):
        to = Assign(assignee_id=staff[doing].id)
        assignment.assign(session, staff["assigns"], ticket.id, to, now())
    routing.change(session, staff["tags"], ticket.id, Change(tags=["vip"]), now())
    return ticket.id


PUBLIC = {"answers", "assigns", "was given", "has it"}


def test_customers_meet_who_is_in_their_timelines_and_staff_meet_everybody(
    session: Session, customer: Actor, staff: dict[str, Actor], a_talk: object
) -> None:
    stranger, admin = an_actor(session), an_actor(session, Role.ADMIN)
    names = {actor.id: doing for doing, actor in staff.items()}
    names |= {customer.id: "customer", stranger.id: "stranger", admin.id: "admin"}

    def met(actor: Actor) -> set[str]:
        return {names[person.id] for person in people.met(session, actor, list(names))}

    assert met(customer) == PUBLIC | {"customer"}
    assert met(stranger) == {"stranger"}
    assert met(admin) == {*names.values()}
    only = [staff["notes"].id, staff["answers"].id]
    assert [person.id for person in people.met(session, customer, only)] == [staff["answers"].id]
    assert people.met(session, customer, []) == []


def test_a_timeline_names_those_whom_its_reader_is_shown(
    session: Session, customer: Actor, staff: dict[str, Actor], a_talk: object
) -> None:
    names = {actor.id: doing for doing, actor in staff.items()} | {customer.id: "customer"}

    def named(actor: Actor) -> set[str]:
        found = people.in_timeline(session, actor, a_talk)  # type: ignore[arg-type]
        return {names[person.id] for person in found}

    assert named(customer) == PUBLIC | {"customer"}
    assert named(staff["does nothing"]) == PUBLIC | {"customer", "notes", "tags"}
    with pytest.raises(NotFound) as refused:
        named(an_actor(session))
    assert refused.value.code == "ticket_not_found"


@pytest.mark.parametrize(
    ("q", "finds"),
    [
        ("émile", True),
        ("EMILE", True),
        ("str", True),
        ("o'nei", True),
        ("neill strasse", False),
        ("Straß Émi", True),
        ("e.oneill@exam", True),
        ("mail.example", True),
        ("mile", False),
        ("xample", False),
        ("' & ! | ) :* \\", False),
        ("%", False),
    ],
)
def test_a_customer_is_found_by_how_words_begin(session: Session, q: str, finds: bool) -> None:
    name = "Émile O'Neill-Straße"
    customer = an_actor(session, full_name=name, email="e.oneill@mail.example.org")
    found = customers.page(session, q=q, limit=10, before=None)
    assert (customer.id in [each.id for each in found]) is finds
    assert customers.count(session, q=q) == len(found)


def test_staff_are_no_customers(session: Session) -> None:
    csr = an_actor(session, Role.CSR, full_name="Quintessa Q")
    assert customers.page(session, q="quintessa", limit=10, before=None) == []
    with pytest.raises(NotFound):
        customers.show(session, csr.id)


def test_who_has_opened_a_ticket_is_shown_as_its_customer_also_of_the_staff(
    session: Session,
) -> None:
    csr = an_actor(session, Role.CSR, full_name="Quintessa Q")
    a_ticket(session, csr)
    assert customers.show(session, csr.id).tickets == customers.TicketCounts(1, 1)


def test_a_customer_is_shown_with_the_number_of_their_tickets(
    session: Session, customer: Actor, staff: dict[str, Actor]
) -> None:
    assert customers.show(session, customer.id).tickets == customers.TicketCounts(0, 0)
    made = [a_ticket(session, customer) for _ in range(4)]
    for ticket, status in zip(made, (Status.IN_PROGRESS, Status.CLOSED), strict=False):
        routing.change(session, staff["answers"], ticket.id, Change(status=status), now())
    assert customers.show(session, customer.id).tickets == customers.TicketCounts(3, 4)
