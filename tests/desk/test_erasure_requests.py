"""Customers who ask for their data to be erased."""

from sqlalchemy.orm import Session

from desk.access import Actor
from desk.erasure import requests
from desk.tickets import participants, tickets
from tests.factories import an_actor, now


def test_a_customer_asks_for_it_with_one_ticket_at_a_time(
    session: Session, customer: Actor, csr: Actor
) -> None:
    asked = requests.ask(session, customer)
    assert (asked.user_id, asked.category, asked.type) == (customer.id, "Privacy", "Erasure")
    assert requests.ask(session, customer).id == asked.id
    tickets.close(session, customer, asked.id)
    another = requests.ask(session, customer)
    assert another.id != asked.id
    # Whoever is on copy of one asks for themselves.
    copied = an_actor(session)
    participants.put(session, csr, another.id, copied.id, now())
    assert requests.ask(session, copied).user_id == copied.id
