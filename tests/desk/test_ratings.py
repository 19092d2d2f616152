"""Satisfaction: which tickets are rated, when their customers are asked, and who is told."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment, teams
from desk.assignment.assignment import Assign
from desk.assignment.teams import NewTeam
from desk.errors import Conflict, NotFound
from desk.events import Rated, StatusChanged
from desk.merging import merges
from desk.merging.merges import Merging
from desk.tickets import ratings, tickets, timeline
from desk.tickets.rating_asks import LIFETIME, PAUSE
from desk.tickets.ratings import Rate, RatingShown
from models import Event, Notification, NotificationKind, Rating, Role, Status, Ticket
from tests.desk.races import committing, overlapping
from tests.factories import a_ticket, an_actor, now

DAY = timedelta(days=1)


def resolved(
    session: Session, customer: Actor, csr: Actor | None, at: datetime | None = None
) -> UUID:
    ticket_id = a_ticket(session, customer).id
    set_status(session, csr, ticket_id, Status.RESOLVED, at)
    return ticket_id


def set_status(
    session: Session, by: Actor | None, ticket_id: UUID, to: Status, at: datetime | None = None
) -> None:
    ticket = session.get_one(Ticket, ticket_id)
    if by is None:  # As what acts by the clock does.
        ticket.status = to
        changed = StatusChanged(from_=Status.OPEN, to=to)
        timeline.record(session, ticket, changed, None, at)
    else:
        tickets.set_status(session, by, ticket, to, at)
    session.flush()


def rate(
    session: Session, customer: Actor, ticket_id: UUID, score: int, comment: str | None = None
) -> RatingShown:
    return ratings.rate(session, customer, ticket_id, Rate(score=score, comment=comment), None)


def shown(session: Session, customer: Actor, ticket_id: UUID) -> RatingShown:
    return ratings.show(session, customer, ticket_id)


def said(session: Session, ticket_id: UUID) -> list[dict[str, object]]:
    query = select(Event.data).where(Event.ticket_id == ticket_id, Event.kind == Rated.kind)
    return list(session.scalars(query.order_by(Event.seq)))


def told(session: Session) -> set[UUID]:
    kind = Notification.kind == NotificationKind.RATED
    return set(session.scalars(select(Notification.user_id).where(kind)))


def test_what_somebody_resolved_is_rated_and_rated_anew(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket_id = resolved(session, customer, csr)
    asked = shown(session, customer, ticket_id)
    assert (asked.score, asked.asked) == (None, True)
    assert asked.until is not None
    rated = rate(session, customer, ticket_id, 4, "Quick,\nand *good*")
    assert (rated.score, rated.comment, rated.asked) == (4, "Quick,\nand *good*", False)
    assert rate(session, customer, ticket_id, 4, "Quick,\nand *good*") == rated
    set_status(session, csr, ticket_id, Status.CLOSED)
    assert rate(session, customer, ticket_id, 5).comment is None
    assert [each["score"] for each in said(session, ticket_id)] == [4, 5]
    kept = session.get_one(Rating, ticket_id)
    assert (kept.agent_id, kept.score) == (csr.id, 5)
    assert timeline.after(session, ticket_id, 0, 10)[-1].actor_id == customer.id


def test_what_nobody_resolved_is_not_rated(session: Session, customer: Actor, csr: Actor) -> None:
    untouched = a_ticket(session, customer).id
    by_itself, by_customer = (resolved(session, customer, by) for by in (None, customer))
    reopened = resolved(session, customer, csr)
    set_status(session, customer, reopened, Status.OPEN)
    for ticket_id in (untouched, by_itself, by_customer, reopened):
        assert shown(session, customer, ticket_id).until is None
        with pytest.raises(Conflict) as refused:
            rate(session, customer, ticket_id, 1)
        assert refused.value.code == "not_resolved"


def test_after_a_while_it_is_too_late(session: Session, customer: Actor, csr: Actor) -> None:
    in_time = resolved(session, customer, csr, now() - LIFETIME + DAY)
    assert rate(session, customer, in_time, 3).score == 3
    late = resolved(session, customer, csr, now() - LIFETIME)
    with pytest.raises(Conflict) as refused:
        rate(session, customer, late, 3)
    assert refused.value.code == "rating_over"
    with pytest.raises(Conflict):
        ratings.show_linked(session, late)


def test_what_became_a_part_of_another_is_rated_no_more_by_its_link(
    session: Session, customer: Actor, csr: Actor
) -> None:
    source, target = resolved(session, customer, csr), a_ticket(session, customer)
    merges.merge(session, csr, source, Merging(into=target.id), None)
    for rating in (ratings.show_linked, partial(ratings.rate_linked, sent=Rate(score=1))):
        with pytest.raises(Conflict, match="part of another"):
            rating(session, source)


def test_a_customer_is_asked_once_in_a_week(session: Session, customer: Actor, csr: Actor) -> None:
    first, second = (resolved(session, customer, csr, now() - PAUSE + DAY) for _ in range(2))
    of_another = resolved(session, an_actor(session), csr)
    third = resolved(session, customer, csr, now() + DAY)
    asked = {
        ticket_id: session.get_one(Rating, ticket_id).asked_seq is not None
        for ticket_id in (first, second, of_another, third)
    }
    assert list(asked.values()) == [True, False, True, True]
    # Who is not asked may say it all the same.
    assert rate(session, customer, second, 2).score == 2


def test_what_is_resolved_again_asks_on_and_keeps_what_was_said(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket_id = resolved(session, customer, csr)
    colleague = an_actor(session, Role.CSR)
    set_status(session, csr, ticket_id, Status.OPEN)
    set_status(session, colleague, ticket_id, Status.RESOLVED)
    assert shown(session, customer, ticket_id).asked
    rate(session, customer, ticket_id, 5)
    set_status(session, csr, ticket_id, Status.OPEN)
    assert shown(session, customer, ticket_id).score == 5
    assert session.get_one(Rating, ticket_id).agent_id == colleague.id


def test_of_a_low_score_the_assignee_and_the_team_are_told(
    session: Session, customer: Actor, csr: Actor
) -> None:
    member, gone = (an_actor(session, Role.CSR) for _ in range(2))
    team = teams.add(session, NewTeam(name="Returns", members=[member.id, gone.id]))
    ticket_id = a_ticket(session, customer).id
    session.get_one(Ticket, ticket_id).team_id = team.id
    assignment.assign(session, csr, ticket_id, Assign(assignee_id=csr.id), None)
    set_status(session, csr, ticket_id, Status.RESOLVED)
    rate(session, customer, ticket_id, 3)
    assert told(session) == set()
    rate(session, customer, ticket_id, 2, "Too slow")
    assert told(session) == {csr.id, member.id, gone.id}


def test_a_rating_is_its_customers_alone(session: Session, customer: Actor, csr: Actor) -> None:
    ticket_id = resolved(session, customer, csr)
    for stranger in (an_actor(session), csr):
        with pytest.raises(NotFound):
            rate(session, stranger, ticket_id, 1)
        with pytest.raises(NotFound):
            shown(session, stranger, ticket_id)
    ratings.rate_linked(session, ticket_id, Rate(score=1))
    assert shown(session, customer, ticket_id).score == 1


def test_of_two_tickets_that_are_resolved_at_once_one_is_asked_for(own_engine: Engine) -> None:
    with committing(own_engine) as session:
        customer, csr = an_actor(session), an_actor(session, Role.CSR)
        one, other = (a_ticket(session, customer).id for _ in range(2))
    _, theirs = overlapping(
        own_engine,
        lambda s: set_status(s, csr, one, Status.RESOLVED),
        lambda s: set_status(s, csr, other, Status.RESOLVED),
    )
    theirs.result()
    with committing(own_engine) as session:
        asked = session.scalars(select(Rating.ticket_id).where(Rating.asked_seq.is_not(None)))
        assert list(asked) == [one]
