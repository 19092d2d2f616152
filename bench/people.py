"""Who is on the desk: accounts that are signed in and their tickets, the same for all servers."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from bench.house import House
from models import Role
from tests.factories import Person, people

TICKETS = """
insert into tickets (id, title, description, category, type, status, user_id, assigned_to_id,
    created_at, updated_at, public_updated_at, last_seq, last_public_seq, last_message_seq,
    last_message_from_staff, last_said_seq, last_said_by)
select uuidv7(), 'Ticket ' || n, repeat('It does not work, and I tried it twice. ', 5), 'billing',
    'bug', 'in_progress', customer, %(csr)s, at, at, at, 3, 3, 3, false, 3, customer
from unnest(%(customers)s::uuid[]) customer, generate_series(1, %(each)s) n,
    lateral (select now() - n * interval '1 hour' as at)
where true returning id, user_id
"""
EVENTS = """
insert into events (ticket_id, seq, public_seq, id, kind, actor_id, at, content, data)
select t.id, e.seq, e.seq, uuidv7(), e.kind, case e.seq when 2 then %(csr)s else t.user_id end,
    t.created_at, e.content, '{}'
from tickets t, (values (1, 'ticket_created', null), (2, 'message_posted', 'Which one is it?'),
    (3, 'message_posted', 'The one in the hall.')) e (seq, kind, content)
where t.id = any(%(tickets)s)
"""
SHARED = {
    "users": "id, email, full_name, password_hash, role, is_active",
    "tickets": "id, number, title, description, category, type, status, priority, tags, user_id, "
    "assigned_to_id, created_at, updated_at, first_response_at, resolved_at, closed_at, last_seq, "
    "last_message_seq, last_message_from_staff",
    "events": "ticket_id, seq, id, kind, actor_id, at, client_id, content",
}


@dataclass(frozen=True)
class Customers:
    people: list[Person]
    # Each one's tickets, in no order.
    tickets: dict[str, list[str]]


def staff(house: House, count: int) -> list[Person]:
    return people(house.settings, *[Role.CSR] * count, capacity=10_000)


def customers(house: House, count: int, tickets_each: int, csr: Person) -> Customers:
    """Customers whose tickets are the CSR's, with a short talk on each."""
    found = people(house.settings, *[Role.USER] * count)
    tickets: dict[str, list[str]] = {}
    with psycopg.connect(house.database) as connection:
        given = {"customers": [p.id for p in found], "each": tickets_each, "csr": csr.id}
        rows = connection.execute(TICKETS, given).fetchall()
        connection.execute(EVENTS, {"csr": csr.id, "tickets": [row[0] for row in rows]})
    for ticket_id, user_id in rows:
        tickets.setdefault(str(user_id), []).append(str(ticket_id))
    return Customers(found, tickets)


def share(house: House) -> None:
    """Gives the peers all that the product has, and both databases statistics as after a while."""
    with psycopg.connect(house.database) as ours, psycopg.connect(house.peers) as theirs:
        for table in reversed(SHARED):
            theirs.execute(sql.SQL("truncate {} cascade").format(sql.Identifier(table)))
        for table, columns in SHARED.items():
            _copy(ours, theirs, table, columns)
        theirs.execute(
            "select setval(pg_get_serial_sequence('tickets', 'number'), max(number)) from tickets"
        )
    for url in (house.database, house.peers):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("vacuum analyze")


def _copy(
    ours: psycopg.Connection[tuple[object, ...]],
    theirs: psycopg.Connection[tuple[object, ...]],
    table: str,
    columns: str,
) -> None:
    names = sql.SQL(columns)
    source = sql.SQL("copy (select {} from {}) to stdout").format(names, sql.Identifier(table))
    target = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), names)
    with ours.cursor().copy(source) as out, theirs.cursor().copy(target) as into:
        for block in out:
            into.write(block)


def tokens(persons: Sequence[Person]) -> list[str]:
    return [person.token for person in persons]
