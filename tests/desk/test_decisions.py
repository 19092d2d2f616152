"""Why a ticket is assigned as it is."""

from random import Random

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import administration
from desk.accounts.administration import UserChange
from desk.assignment import assignment, decisions
from desk.assignment.assignment import Assign, Strategy
from desk.assignment.decisions import MOST_CANDIDATES, Considered, Outcome
from desk.errors import NotFound
from models import AssignmentDecision, Role, User
from tests.factories import a_ticket, an_actor, now

# In PostgreSQL, after its compression.
LARGEST_DECISION = 12_000


def drain(session: Session, strategy: Strategy = Strategy.ROUND_ROBIN) -> None:
    session.flush()
    assignment.drain(session, strategy, now(), Random(1))
    session.flush()


def test_the_desks_own_choice_names_everybody_and_why_they_were_passed_over(
    session: Session, customer: Actor
) -> None:
    first, second = (an_actor(session, Role.CSR, capacity=5) for _ in range(2))
    away = an_actor(session, Role.CSR, available=False)
    full = an_actor(session, Role.CSR, capacity=0)
    an_actor(session, Role.ADMIN)
    an_actor(session, Role.CSR, is_active=False)
    for _ in range(2):
        ticket_id = a_ticket(session, customer).id
    drain(session)
    why = decisions.newest(session, first, ticket_id)
    assert (why.ticket_id, why.strategy) == (ticket_id, "round_robin")
    assert (why.assigned_to_id, why.by) == (second.id, None)
    assert why.at == session.get_one(User, second.id).last_assigned_at
    assert why.candidates == [
        Considered(second.id, True, 0, 5, 0, Outcome.CHOSEN),
        Considered(first.id, True, 1, 5, 1, Outcome.NOT_THEIR_TURN),
        Considered(away.id, False, 0, 50, 0, Outcome.UNAVAILABLE),
        Considered(full.id, True, 0, 0, 0, Outcome.AT_CAPACITY),
    ]


@pytest.mark.parametrize("strategy", Strategy)
def test_the_strategy_is_named(session: Session, customer: Actor, strategy: Strategy) -> None:
    csr = an_actor(session, Role.CSR)
    ticket_id = a_ticket(session, customer).id
    drain(session, strategy)
    assert decisions.newest(session, csr, ticket_id).strategy == strategy


def test_by_hand_even_an_admin_and_who_is_away_or_full_is_the_chosen_one(
    session: Session, customer: Actor
) -> None:
    admin = an_actor(session, Role.ADMIN)
    csr = an_actor(session, Role.CSR, available=False, capacity=0)
    ticket_id = a_ticket(session, customer).id
    for chosen in (csr, admin):
        assignment.assign(session, admin, ticket_id, Assign(assignee_id=chosen.id), now())
        why = decisions.newest(session, admin, ticket_id)
        assert (why.strategy, why.assigned_to_id, why.by) == ("manual", chosen.id, admin.id)
        outcomes = {c.user_id: c.outcome for c in why.candidates}
        assert outcomes.pop(chosen.id) is Outcome.CHOSEN
        assert list(outcomes.values()) == ([] if chosen is csr else [Outcome.UNAVAILABLE])


def test_a_claim_is_named_so_and_takes_no_turn(session: Session, customer: Actor) -> None:
    csr, other = (an_actor(session, Role.CSR) for _ in range(2))
    ticket_id = a_ticket(session, customer).id
    assignment.claim(session, csr, ticket_id, now())
    why = decisions.newest(session, other, ticket_id)
    assert (why.strategy, why.assigned_to_id, why.by) == ("claim", csr.id, csr.id)
    assert [(c.user_id, c.outcome) for c in why.candidates] == [
        (csr.id, Outcome.CHOSEN),
        (other.id, Outcome.NOT_THEIR_TURN),
    ]
    assert session.get_one(User, csr.id).turn == 0
    assert session.get_one(User, csr.id).last_assigned_at == why.at


@pytest.mark.parametrize("how", ["by hand", "their holder left"])
def test_back_in_the_queue_says_who_put_it_there(
    session: Session, customer: Actor, how: str
) -> None:
    admin, csr = an_actor(session, Role.ADMIN), an_actor(session, Role.CSR)
    ticket_id = a_ticket(session, customer).id
    drain(session)
    if how == "by hand":
        assignment.assign(session, admin, ticket_id, Assign(assignee_id=None), now())
    else:
        administration.change(session, admin, csr.id, UserChange(is_active=False), now())
    session.flush()
    why = decisions.newest(session, admin, ticket_id)
    assert (why.strategy, why.assigned_to_id, why.by) == ("manual", None, admin.id)
    assert why.candidates == []


def test_before_the_first_decision_there_is_nothing_to_explain(
    session: Session, customer: Actor
) -> None:
    ticket_id = a_ticket(session, customer).id
    csr = an_actor(session, Role.CSR)
    with pytest.raises(NotFound) as refused:
        decisions.newest(session, csr, ticket_id)
    assert refused.value.code == "not_assigned_yet"
    with pytest.raises(NotFound) as refused:
        decisions.newest(session, csr, customer.id)
    assert refused.value.code == "ticket_not_found"


def test_every_decision_stays_and_is_small_even_in_a_large_house(
    session: Session, customer: Actor
) -> None:
    csrs = [an_actor(session, Role.CSR, capacity=9999) for _ in range(MOST_CANDIDATES + 10)]
    ticket_id = a_ticket(session, customer).id
    drain(session)
    last = csrs[-1]
    assignment.assign(session, last, ticket_id, Assign(assignee_id=last.id), now())
    sizes = session.scalars(select(func.pg_column_size(AssignmentDecision.candidates))).all()
    assert len(sizes) == 2
    assert all(size < LARGEST_DECISION for size in sizes)
    why = decisions.newest(session, last, ticket_id)
    assert len(why.candidates) == MOST_CANDIDATES
    assert why.candidates[0] == Considered(last.id, True, 0, 9999, 0, Outcome.CHOSEN)
