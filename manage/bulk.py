"""Very many tickets: written by COPY, past the rules but as these would have left them."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from desk.tickets import search
from manage.past import COLUMNS, MAKES, Cast, Row, chapter
from models import Role, User

CHUNK = 20_000
YEARS = timedelta(days=2 * 365)
# All of it is over by then: no ticket takes as long from its first event to its last.
SETTLED = timedelta(days=10)
TICKETS_PER_CUSTOMER = 10
TICKETS_PER_CSR = 2_000
CAPACITY = 100
FEWEST_CSRS = 4
# Words are indexed in large batches: ten times as fast as ticket by ticket.
BATCHES = "set local gin_pending_list_limit = '256MB'; set local work_mem = '256MB'"
# What is written refers to what was written before it: a superuser need not have it checked.
UNCHECKED, CHECKED = (f"set local session_replication_role = {r}" for r in ("replica", "origin"))
TABLES = (*COLUMNS, "users", "ticket_search", "notifications")

# Who was given a ticket was told so, and has read of it unless it is still work.
TOLD = text(
    """
    insert into notifications (id, user_id, kind, ticket_id, event_seq, data, created_at, read_at,
        due_at, attempts, done_at, outcome)
    select gen_random_uuid(), t.assigned_to_id, 'assigned', t.id, d.seq,
        jsonb_build_object('number', t.number, 'title', t.title), e.at,
        case when t.status in ('resolved', 'closed') then e.at end,
        e.at, 0, e.at, 'read'
    from tickets t
    join assignment_decisions d on d.ticket_id = t.id
    join events e on e.ticket_id = d.ticket_id and e.seq = d.seq
    where t.id between :first and :last
    """
)


def fill(
    session: Session,
    count: int,
    now: datetime,
    password_hash: str,
    done: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes ``count`` tickets with their people; calls ``done`` with how many, now and then.

    The CSRs among them are away, so that what comes goes to others.
    """
    random = Random(count)
    cast = _cast(session, count, password_hash, now)
    session.execute(text(BATCHES))
    if is_superuser := session.scalar(text("show is_superuser")) == "on":
        session.execute(text(UNCHECKED))
    end = now - SETTLED
    for first in range(0, count, CHUNK):
        numbers = range(first, min(first + CHUNK, count))
        rows = chapter(random, cast, numbers, count, end - YEARS, end)
        for table in fields(rows):
            _copy(session, table.name, COLUMNS[table.name], getattr(rows, table.name))
        first_id, last_id = (UUID(str(rows.tickets[n][0])) for n in (0, -1))
        session.execute(TOLD, {"first": first_id, "last": last_id})
        search.complete(session, first_id, last_id)
        done(len(numbers))
    if is_superuser:
        session.execute(text(CHECKED))


def settle(connection: Connection) -> None:
    """Does what autovacuum would do a minute later: statistics, and the words' indexes in order."""
    connection.commit()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text(f"vacuum (analyze) {', '.join(TABLES)}"))


def _cast(session: Session, tickets: int, password_hash: str, now: datetime) -> Cast:
    csrs = max(FEWEST_CSRS, tickets // TICKETS_PER_CSR)
    customers = max(1, tickets // TICKETS_PER_CUSTOMER)
    known = session.scalar(select(func.count()).select_from(User)) or 0
    people = [
        (
            str(uuid7()),
            f"person{known + n}@example.com",
            f"{MAKES[n % len(MAKES)]} {known + n}",
            password_hash,
            (Role.CSR if n < csrs else Role.USER).value,
            True,
            True,
            False,
            CAPACITY,
            0,
            False,
            now - SETTLED - YEARS,
            now - SETTLED - YEARS,
        )
        for n in range(csrs + customers)
    ]
    columns = (
        "id, email, full_name, password_hash, role, is_active, notify_email, available, capacity, "
        "turn, catching_up, created_at, email_verified_at"
    )
    _copy(session, "users", columns, people)
    ids = [str(person[0]) for person in people]
    return Cast(ids[csrs:], ids[:csrs], CAPACITY)


def _copy(session: Session, table: str, columns: str, rows: Sequence[Row]) -> None:
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns.split(", ")))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
