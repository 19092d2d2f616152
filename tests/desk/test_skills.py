"""Skills: a ticket that requires some is given to who has all of them, and holds up nothing."""

from collections.abc import Sequence
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import administration
from desk.accounts.administration import UserChange
from desk.assignment import agents, assignment, decisions, routing
from desk.assignment.assignment import BATCH, Strategy
from desk.assignment.decisions import WAITING, Outcome
from desk.errors import NotFound
from desk.events import SkillsRequired
from desk.jobs import Job
from desk.outbox import Outbox, outbox
from models import Event, Role, Ticket
from tests.factories import a_ticket, an_actor, now


@pytest.fixture
def admin(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


def with_skills(session: Session, *skills: str, **fields: object) -> Actor:
    return an_actor(session, Role.CSR, skills=[*skills], **fields)


def requiring(session: Session, customer: Actor, *skills: str) -> UUID:
    ticket = a_ticket(session, customer)
    session.get_one(Ticket, ticket.id).required_skills = [*skills]
    return ticket.id


def drain(session: Session) -> int:
    session.flush()
    done = assignment.drain(session, Strategy.ROUND_ROBIN, now(), Random(1))
    session.flush()
    return done


def holders(session: Session, ids: Sequence[UUID]) -> list[UUID | None]:
    return [session.get_one(Ticket, ticket_id).assigned_to_id for ticket_id in ids]


def test_only_who_has_all_of_the_skills_is_chosen(session: Session, customer: Actor) -> None:
    with_skills(session, "german")
    both = with_skills(session, "german", "billing", 'a, "quoted" {one}')
    ids = [requiring(session, customer, "billing", "german") for _ in range(3)]
    ids.append(requiring(session, customer, 'a, "quoted" {one}'))
    assert drain(session) == 4
    assert holders(session, ids) == [both.id] * 4


def test_what_nobody_can_waits_says_so_and_holds_up_nothing(
    session: Session, customer: Actor, admin: Actor
) -> None:
    csr = with_skills(session, "german", capacity=1_000)
    stuck = [requiring(session, customer, "latin") for _ in range(3 * BATCH)]
    behind = [requiring(session, customer) for _ in range(2)]
    behind.append(requiring(session, customer, "german"))
    assert drain(session) == 3
    assert holders(session, behind) == [csr.id] * 3
    assert not any(holders(session, stuck))
    explained = decisions.newest(session, admin, stuck[0])
    assert (explained.strategy, explained.assigned_to_id) == (WAITING, None)
    assert {each.outcome for each in explained.candidates} == {Outcome.LACKS_SKILL}
    session.info["outbox"] = Outbox()
    learns = UserChange(skills=["german", "latin"])
    assert administration.change(session, admin, csr.id, learns, now()).skills == learns.skills
    assert Job.DRAIN_ASSIGNMENT in outbox(session).wakes
    assert drain(session) == BATCH
    assert {agent.user_id: agent.skills for agent in agents.agents(session, limit=9, after=None)}[
        csr.id
    ] == ["german", "latin"]


def test_what_waits_for_a_full_expert_holds_up_nothing(session: Session, customer: Actor) -> None:
    with_skills(session, "latin", capacity=1)
    other = with_skills(session, capacity=1_000)
    experts = [requiring(session, customer, "latin") for _ in range(2 * BATCH)]
    plain = [requiring(session, customer) for _ in range(3)]
    assert drain(session) == 4
    assert holders(session, plain) == [other.id] * 3
    assert sum(holder is not None for holder in holders(session, experts)) == 1


def test_the_explanation_says_who_lacks_a_skill(
    session: Session, customer: Actor, admin: Actor
) -> None:
    able, unable = with_skills(session, "german"), with_skills(session)
    ticket_id = requiring(session, customer, "german")
    with pytest.raises(NotFound):
        decisions.newest(session, admin, ticket_id)
    drain(session)
    outcomes = {
        c.user_id: c.outcome for c in decisions.newest(session, admin, ticket_id).candidates
    }
    assert outcomes == {able.id: Outcome.CHOSEN, unable.id: Outcome.LACKS_SKILL}


def test_required_skills_are_set_by_the_staff_and_seen_by_them_alone(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket = a_ticket(session, customer)
    wanted = routing.Change(required_skills=["german", "german"])
    changed = routing.change(session, csr, ticket.id, wanted, now())
    assert changed.required_skills == ["german"]
    again = routing.change(session, csr, ticket.id, wanted, now())
    assert again.version == changed.version
    event = session.scalars(select(Event).where(Event.kind == SkillsRequired.kind)).one()
    assert (event.data, event.public_seq) == ({"from": [], "to": ["german"]}, None)
