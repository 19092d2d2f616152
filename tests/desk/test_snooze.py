"""Snoozed tickets: no work until they wake, by the clock, their customer or one of the staff."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import Actor, Audience
from desk.assignment import agents, assignment, by_clock, decisions
from desk.assignment.agents import Availability
from desk.assignment.assignment import Assign, Strategy
from desk.assignment.decisions import ByClock
from desk.errors import Conflict, Invalid, NotFound, Stale
from desk.events import NotePosted, StatusChanged
from desk.jobs import Job
from desk.outbox import Outbox, outbox
from desk.snooze_events import Snoozed, Woke
from desk.tickets import matching, messages, saved_views, snooze, tickets, timeline, views
from desk.tickets.filters import Filters, asked_of
from desk.tickets.keyset import SORT_NAMES, Sort
from desk.tickets.lists import count, ticket_list
from desk.tickets.matching import Turn
from desk.tickets.messages import NewMessage
from desk.tickets.snooze import Snooze
from desk.tickets.views import TicketView
from models import Deadline, Event, Notification, NotificationKind, Role, Status, Ticket
from tests.desk.races import committing, overlapping, run
from tests.factories import a_ticket, an_actor, now

HOUR = timedelta(hours=1)
KINDS = {snooze.DEADLINE: snooze.wake_by_clock, **by_clock.KINDS}


def sleep(
    session: Session, actor: Actor, ticket_id: UUID, after: timedelta = HOUR, **more: Any
) -> TicketView:
    sent = Snooze.model_validate({"until": now() + after, **more})
    return snooze.snooze(session, actor, ticket_id, sent, now())


def tick(session: Session, at: datetime | None = None) -> None:
    """Does what is due an hour from now."""
    session.flush()
    while deadlines.drain(session, KINDS, at or now() + HOUR).tried:
        session.flush()


def happened(session: Session, ticket_id: UUID) -> list[tuple[str, Any]]:
    """What became of its sleep."""
    query = select(Event.kind, Event.data).where(Event.ticket_id == ticket_id)
    kinds = (Snoozed.kind, Woke.kind)
    rows = session.execute(query.where(Event.kind.in_(kinds)).order_by(Event.seq))
    return [(kind, data.get("by")) for kind, data in rows]


def load(session: Session, person: Actor) -> int:
    session.flush()
    [load] = agents.LOADS.all(session, user_ids=f"{{{person.id}}}")
    return load.open_tickets


def drain(session: Session) -> int:
    session.flush()
    return assignment.drain(session, Strategy.ROUND_ROBIN, None, Random(1))


def given(session: Session, customer: Actor, csr: Actor) -> UUID:
    ticket_id = a_ticket(session, customer).id
    assignment.assign(session, csr, ticket_id, Assign(assignee_id=csr.id), None)
    session.flush()
    return ticket_id


def armed(session: Session, ticket_id: UUID) -> datetime | None:
    of_ticket = (Deadline.ticket_id == ticket_id, Deadline.kind == snooze.DEADLINE)
    return session.scalar(select(Deadline.due_at).where(*of_ticket))


def test_it_is_nobodys_load_until_it_wakes(session: Session, customer: Actor, csr: Actor) -> None:
    ticket_id = given(session, customer, csr)
    assert load(session, csr) == 1
    session.info["outbox"] = Outbox()
    shown = sleep(session, csr, ticket_id)
    assert (shown.snoozed_until, load(session, csr)) == (armed(session, ticket_id), 0)
    assert Job.DRAIN_ASSIGNMENT in outbox(session).wakes  # There is room for another one.
    tick(session, now())
    assert load(session, csr) == 0
    tick(session)
    assert load(session, csr) == 1
    assert happened(session, ticket_id) == [(Snoozed.kind, None), (Woke.kind, "clock")]
    tick(session)
    assert len(happened(session, ticket_id)) == 2
    assert views.show(session, csr, ticket_id).snoozed_until is None


def test_it_does_not_wait_in_the_queue(session: Session, customer: Actor, csr: Actor) -> None:
    ticket_id = a_ticket(session, customer).id
    sleep(session, csr, ticket_id)
    assert drain(session) == 0
    tick(session)
    assert Job.DRAIN_ASSIGNMENT in outbox(session).wakes
    assert drain(session) == 1


def test_a_message_of_its_customer_wakes_it(session: Session, customer: Actor, csr: Actor) -> None:
    ticket_id = given(session, customer, csr)
    sleep(session, csr, ticket_id)
    for actor, internal in ((csr, False), (csr, True)):
        messages.post(session, actor, ticket_id, NewMessage(content="Hm", internal=internal), None)
    assert views.show(session, csr, ticket_id).snoozed_until is not None
    messages.post(session, customer, ticket_id, NewMessage(content="Well?"), None)
    assert happened(session, ticket_id)[-1] == (Woke.kind, "customer")
    assert armed(session, ticket_id) is None
    # Of the message the assignee is told, and not of the waking as well.
    told = select(Notification.kind).where(Notification.user_id == csr.id)
    assert NotificationKind.WOKE not in session.scalars(told).all()


def test_it_may_sleep_on_while_its_customer_writes(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket_id = given(session, customer, csr)
    sleep(session, csr, ticket_id, wake_on_reply=False)
    messages.post(session, customer, ticket_id, NewMessage(content="Thanks"), None)
    shown = views.show(session, csr, ticket_id)
    assert (shown.snoozed_until is not None, shown.unread) == (True, 1)
    tick(session)
    assert happened(session, ticket_id)[-1] == (Woke.kind, "clock")


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_what_is_over_does_not_sleep(
    session: Session, customer: Actor, csr: Actor, status: Status
) -> None:
    ticket_id = given(session, customer, csr)
    sleep(session, csr, ticket_id)
    ticket = tickets.held(session, csr, ticket_id)
    tickets.set_status(session, csr, ticket, status, None)
    assert (ticket.snoozed_until, armed(session, ticket_id)) == (None, None)
    tickets.set_status(session, csr, ticket, Status.OPEN, None)
    tick(session)
    assert happened(session, ticket_id) == [(Snoozed.kind, None)]


def test_between_the_two_ways_of_work_it_sleeps_on(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket_id = given(session, customer, csr)
    sleep(session, csr, ticket_id)
    ticket = tickets.held(session, csr, ticket_id)
    tickets.set_status(session, csr, ticket, Status.IN_PROGRESS, None)
    assert ticket.snoozed_until is not None


def test_it_is_woken_by_hand_and_its_assignee_told(
    session: Session, customer: Actor, csr: Actor
) -> None:
    ticket_id = given(session, customer, csr)
    sleep(session, csr, ticket_id)
    colleague = an_actor(session, csr.role)
    assert snooze.end_snooze(session, colleague, ticket_id).snoozed_until is None
    assert happened(session, ticket_id)[-1] == (Woke.kind, str(colleague.id))
    told = select(Notification.user_id).where(Notification.kind == NotificationKind.WOKE)
    assert session.scalars(told).all() == [csr.id]
    version = views.show(session, csr, ticket_id).version
    assert snooze.end_snooze(session, csr, ticket_id).version == version


def test_to_snooze_it_again_moves_it(session: Session, customer: Actor, csr: Actor) -> None:
    ticket_id = given(session, customer, csr)
    sleep(session, csr, ticket_id)
    later = Snooze(until=now() + 3 * HOUR, note="Their holidays")
    shown = snooze.snooze(session, csr, ticket_id, later, now())
    assert shown.snoozed_until == later.until == armed(session, ticket_id)
    tick(session)
    assert views.show(session, csr, ticket_id).snoozed_until == later.until
    assert snooze.snooze(session, csr, ticket_id, Snooze(until=later.until), now()) == shown
    kinds = [event.kind for event in timeline.after(session, ticket_id, 2, 10)]
    assert kinds == [Snoozed.kind, NotePosted.kind, Snoozed.kind]


@pytest.mark.parametrize(
    ("after", "code"), [(-HOUR, "in_the_past"), (timedelta(days=400), "too_long")]
)
def test_the_time_is_to_come_and_near_enough(
    session: Session, ticket: TicketView, csr: Actor, after: timedelta, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        sleep(session, csr, ticket.id, after)
    assert (refused.value.code, refused.value.pointer) == (code, "/until")


def test_only_work_sleeps(session: Session, ticket: TicketView, csr: Actor) -> None:
    held = tickets.held(session, csr, ticket.id)
    tickets.set_status(session, csr, held, Status.RESOLVED, None)
    with pytest.raises(Conflict) as refused:
        sleep(session, csr, ticket.id)
    assert refused.value.code == "not_active"


def test_who_saw_an_older_state_does_not_snooze(
    session: Session, ticket: TicketView, csr: Actor
) -> None:
    sent = Snooze(until=now() + HOUR)
    with pytest.raises(Stale):
        snooze.snooze(session, csr, ticket.id, sent, now(), {ticket.version + 1})
    with pytest.raises(Stale):
        snooze.end_snooze(session, csr, ticket.id, {ticket.version + 1})


def test_what_wakes_is_with_nobody_who_is_not_there(
    session: Session, customer: Actor, csr: Actor
) -> None:
    away, there = (given(session, customer, csr) for _ in range(2))
    sleep(session, csr, there)
    tick(session)
    assert views.show(session, csr, there).assigned_to_id == csr.id
    sleep(session, csr, away)
    agents.set_availability(session, csr, Availability(available=False))
    tick(session)
    assert views.show(session, csr, away).assigned_to_id is None
    assert decisions.newest(session, csr, away).strategy == ByClock.WOKE


def test_customers_know_nothing_of_it(session: Session, customer: Actor, csr: Actor) -> None:
    ticket_id = given(session, customer, csr)
    before = views.show(session, customer, ticket_id)
    sleep(session, csr, ticket_id)
    session.flush()
    assert views.show(session, customer, ticket_id) == before
    assert not timeline.after(session, ticket_id, before.version, 10, Audience.CUSTOMER)
    with pytest.raises(NotFound):
        snooze.end_snooze(session, an_actor(session), ticket_id)


@pytest.mark.parametrize("more", [{}, {"status": ["open", "in_progress"]}, {"assigned_to": "csr"}])
def test_lists_have_what_sleeps_or_what_does_not(
    session: Session, customer: Actor, csr: Actor, more: dict[str, Any]
) -> None:
    awake, asleep = ({given(session, customer, csr) for _ in range(3)} for _ in range(2))
    for ticket_id in asleep:
        sleep(session, csr, ticket_id)
    asked = more | ({"assigned_to": csr.id} if "assigned_to" in more else {})

    def listed(sort: str, **filters: Any) -> set[UUID]:
        """Page by page; none comes twice."""
        wanted = Filters.model_validate(asked | filters)
        page = ticket_list(session, csr, wanted, Sort.of(sort), 2, None)
        found = [ticket.id for ticket in page.tickets]
        while page.after is not None:
            page = ticket_list(session, csr, wanted, Sort.of(sort), 2, page.after)
            found += [ticket.id for ticket in page.tickets]
        assert count(session, csr, wanted) == len(found) == len(set(found))
        return set(found)

    for sort in SORT_NAMES:
        assert listed(sort, snoozed=True) == asleep
        assert listed(sort, snoozed=False) == awake
        assert listed(sort) == awake | asleep


def test_views_of_work_count_what_is_awake(session: Session, customer: Actor, csr: Actor) -> None:
    given(session, customer, csr)
    sleep(session, csr, given(session, customer, csr))
    counted = {view.id: view.count for view in saved_views.views(session, csr)}
    assert (counted["mine"], counted["open"], counted["snoozed"]) == (1, 1, 1)


def test_a_list_that_may_have_lost_it_is_known_without_the_database(
    session: Session, ticket: TicketView, csr: Actor
) -> None:
    awake, asleep = (
        asked_of(Filters(snoozed=value, status=status), csr.id)
        for value, status in ((False, [Status.OPEN]), (True, None))
    )
    turns: dict[str, dict[str, Any]] = {
        Snoozed.kind: {"until": "", "wake_on_reply": True},
        Woke.kind: {"by": "clock"},
        StatusChanged.kind: {"from": "resolved", "to": "open"},
    }
    facts = matching.facts_of(ticket)
    assert facts
    assert (matching.may_hold(awake, facts), matching.may_hold(asleep, facts)) == (True, False)
    for kind, data in turns.items():
        facts = matching.facts_of(ticket, [Turn(ticket.id, kind, data)])
        assert facts
        assert matching.may_hold(awake, facts)
        assert matching.may_hold(asleep, facts)


def test_two_drains_and_a_message_wake_it_once(own_engine: Engine) -> None:
    with committing(own_engine) as session:
        customer, csr = an_actor(session), an_actor(session, Role.CSR)
        slept = [a_ticket(session, customer).id for _ in range(8)]
        for ticket_id in slept:
            sleep(session, csr, ticket_id)
    soon = now() + 2 * HOUR

    def wakes(work: Callable[[Session], Any]) -> None:
        for _ in range(6):
            run(own_engine, work)

    def says(ticket_id: UUID, session: Session) -> None:
        messages.post(session, customer, ticket_id, NewMessage(content="Hello?"), None)

    with ThreadPoolExecutor(3) as pool:
        drains = [pool.submit(wakes, lambda s: deadlines.drain(s, KINDS, soon)) for _ in range(2)]
        for ticket_id in slept:
            run(own_engine, partial(says, ticket_id))
        for each in drains:
            each.result()
    with committing(own_engine) as session:
        for ticket_id in slept:
            assert [kind for kind, _ in happened(session, ticket_id)] == [Snoozed.kind, Woke.kind]
        assert not session.scalar(select(text("1")).where(Deadline.kind == snooze.DEADLINE))


def test_who_moves_it_in_the_minute_in_which_it_wakes_is_heeded(own_engine: Engine) -> None:
    """A drain that found it due waits for it, and looks again."""
    with committing(own_engine) as session:
        customer, csr = an_actor(session), an_actor(session, Role.CSR)
        ticket_id = a_ticket(session, customer).id
        sleep(session, csr, ticket_id)
    later = Snooze(until=now() + 5 * HOUR)
    soon = now() + 2 * HOUR
    _, drained = overlapping(
        own_engine,
        lambda s: snooze.snooze(s, csr, ticket_id, later, now()),
        lambda s: deadlines.drain_ticket(s, KINDS, ticket_id, soon),
    )
    assert drained.result() == 0
    with committing(own_engine) as session:
        assert session.get_one(Ticket, ticket_id).snoozed_until == later.until
