"""How lists and searches of a large desk are answered: from indexes alone.

The numbers do not depend on how large; `PLANS_TICKETS` says how many tickets it has.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from desk.accounts import customers
from desk.tickets import labels
from desk.tickets.lists import REACHES
from manage import bulk
from models import Role, Status
from server.database.transaction import OPTIONS
from tests.conftest import Backend
from tests.factories import PASSWORD_HASH, an_actor, now
from tests.pages import COPY, LABEL, LIMIT, OWN, Case, cases, people
from tests.statements import Plan, plans

pytestmark = pytest.mark.timeout(600)  # Making them takes its time beside others.
TICKETS = int(os.environ.get("PLANS_TICKETS", "60000"))
LARGE = {
    "tickets",
    "events",
    "ticket_search",
    "read_cursors",
    "notifications",
    "users",
    "field_values",
}
# What a page of twenty may go through, however large the desk is: led by an index,
FEW_ROWS, FEW_BUFFERS = 1_000, 1_100
# and where the words are looked for along the list, and then in all that has them: some 6,000
# tickets of which one in 300 has them, until there is a page.
NEAR_ROWS, NEAR_BUFFERS = 3 * REACHES[0], 12 * REACHES[0]


@pytest.fixture(scope="module")
def engine(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    url = make_backend().database_url
    writer = create_engine(url, poolclass=NullPool)  # May take its time between two statements.
    with Session(writer) as session, session.begin():
        bulk.fill(session, TICKETS, now(), PASSWORD_HASH)
        session.execute(LABEL)
        an_actor(session, Role.ADMIN)
        session.execute(COPY, {"who": people(session).customer.id})
    with writer.connect() as connection:
        bulk.settle(connection)
    engine = create_engine(url, connect_args={"options": OPTIONS})
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def every(engine: Engine) -> list[Case]:
    with Session(engine) as session:
        return list(cases(people(session), TICKETS))


def complaints(session: Session, asked: Iterable[Case], *, later: bool) -> list[str]:
    """What is wrong with the plans of the cases, for a person to read."""
    found = []
    for case in asked:
        cursor = case.later(session) if later else None
        if later and cursor is None:
            continue
        for plan in plans(session, partial(case.run, cursor=cursor)):
            if wrong := _wrong(case, plan):
                found.append(f"{case.label}: {wrong}: {plan.steps}")
    return found


def _wrong(case: Case, plan: Plan) -> str:
    rows, buffers = (NEAR_ROWS, NEAR_BUFFERS) if case.is_search else (FEW_ROWS, FEW_BUFFERS)
    if case.is_skewed:
        return ""
    if plan.seq_scans & LARGE:
        return f"goes through all of {plan.seq_scans}"
    if plan.rows > rows:
        return f"{plan.rows} rows"
    return f"{plan.buffers} buffers" if plan.buffers > buffers else ""


@pytest.mark.parametrize("later", [False, True], ids=["first", "later"])
def test_a_page_of_a_list_takes_the_same_few_rows_of_any_number(
    session: Session, every: list[Case], later: bool
) -> None:
    asked = [case for case in every if not case.is_search]
    assert len(asked) > 100
    assert not complaints(session, asked, later=later)


@pytest.mark.parametrize("later", [False, True], ids=["first", "later"])
def test_a_search_looks_near_by_and_then_at_what_has_the_words(
    session: Session, every: list[Case], later: bool
) -> None:
    asked = [case for case in every if case.is_search]
    assert len(asked) > 30
    assert not complaints(session, asked, later=later)


def test_customers_and_labels_are_found_by_indexes(session: Session) -> None:
    for q in ("person77", "kettle 7", "nobody"):
        found = partial(customers.page, q=q, limit=LIMIT, before=None)
        for plan in (*plans(session, found), *plans(session, partial(customers.count, q=q))):
            assert "ix_users_called" in plan.steps
            assert not plan.seq_scans & LARGE
    for plan in plans(session, labels.labels):
        assert not plan.seq_scans & LARGE, plan.steps
        # Each with the few tags that it has.
        assert plan.rows <= 4 * (2 * labels.COUNTED + labels.NEWEST), plan.steps


@pytest.mark.parametrize("status", [*([status] for status in Status), ["open", "in_progress"]])
def test_what_a_customer_searches_for_by_status_is_not_looked_up_among_others_tickets(
    session: Session, every: list[Case], status: list[str]
) -> None:
    asked = [case for case in every if case.path == OWN and "q" in case.params]
    few = session.scalar(
        text("select count(*) from events join tickets t on t.id = ticket_id where user_id = :me"),
        {"me": asked[0].actor.id},
    )
    assert few
    assert few < TICKETS / 20
    for case in (case.with_status(status) for case in asked):
        for plan in (*plans(session, partial(case.run, cursor=None)), *plans(session, case.count)):
            # A number is of one ticket, whichever index leads to it.
            others = re.findall(r"ix_tickets_(?!user_|participants)\w+ (?![01]\b)\d+", plan.steps)
            assert not others, f"{case.label}: {plan.steps}"
            assert plan.rows <= 2 * few, f"{case.label}: {plan.steps}"


def test_what_a_customer_searches_for_is_not_looked_up_among_others_words(
    session: Session, every: list[Case]
) -> None:
    asked = [case for case in every if case.path == OWN and "q" in case.params]
    assert asked
    for case in asked:
        for plan in (*plans(session, partial(case.run, cursor=None)), *plans(session, case.count)):
            assert "ix_ticket_search" not in plan.steps, case.label
            assert plan.rows <= NEAR_ROWS, case.label
