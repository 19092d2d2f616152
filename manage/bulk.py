"""Very many tickets: a few, made by the rules, are copied to other people, times and numbers."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, DateTime, Enum, String, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.tickets import search
from manage import templates
from manage.demo_stories import MAKES, THINGS
from manage.story_steps import define_fields
from manage.templates import PARTS, Templates, cursor, key
from models import Base, User

CHUNK = 20_000
YEARS = timedelta(days=2 * 365)
# All of it is over by then: no ticket takes as long from its first event to its last.
SETTLED = timedelta(days=10)
TICKETS_PER_CUSTOMER = 10
TICKETS_PER_CSR = 2_000
FEWEST_CSRS = 4
# Of the tickets, the newest part is work for somebody; of the older ones hardly any.
FRESH = 0.04
ACTIVE_IF_FRESH, ACTIVE_IF_OLD = 0.7, 0.002
SPAM = 0.03
# Words are indexed in large batches: ten times as fast as ticket by ticket.
BATCHES = "set local gin_pending_list_limit = '256MB'; set local work_mem = '256MB'"
# What is written refers to what was written before it: a superuser need not have it checked.
UNCHECKED, CHECKED = (f"set local session_replication_role = {r}" for r in ("replica", "origin"))
TABLES: list[type[Base]] = [User, *PARTS]
# A copy that is to be made: of which template, and who and what is in it.
PLANNED = "n bigint, id uuid, template uuid, at timestamptz, customer uuid, csr uuid, thing text"
Planned = tuple[int, UUID, UUID, datetime, UUID, UUID, str]
# Whose person is named without a foreign key.
PERSONAL = {"tickets.last_said_by"}
# A quarter of the tickets each, and a quarter without a team; of the CSRs, whoever made them last.
TEAM_IDS = "select n, md5('team ' || n)::uuid as id from generate_series(1, 3) n"
TEAMS = text(
    f"""
    insert into teams (id, name, description, turn)
    select id, 'Team ' || n, '', 0 from ({TEAM_IDS}) team on conflict do nothing
    """
)
MEMBERS = text(
    f"""
    insert into team_members (team_id, user_id, turn, catching_up)
    select team.id, u.id, 0, false
    from ({TEAM_IDS}) team
    join (select id, row_number() over (order by id) as place from users where role = 'csr') u
        on place % 3 + 1 = team.n
    on conflict do nothing
    """
)
# Some of the work sleeps for a few days.
ASLEEP = text(
    """
    insert into deadlines (id, kind, ticket_id, subject_id, due_at, data, attempts)
    select gen_random_uuid(), 'snooze', id, id, snoozed_until, '{}', 0
    from tickets where snoozed_until is not null on conflict do nothing
    """
)
TEAM = "case when n % 4 > 0 then md5('team ' || n % 4)::uuid end"
# Columns that do not follow from their type; ``{}`` is what does.
OWN = {
    "tickets.number": "n",
    "tickets.team_id": TEAM,
    "tickets.snoozed_until": "case when t.status in ('open', 'in_progress') and n % 40 = 0 "
    "then now() + (n % 13 + 1) * interval '1 day' end",
    "assignment_decisions.team_id": TEAM,
    "users.email": "'person' || n || '@example.com'",
    "users.full_name": "thing || ' ' || n",
    "notifications.data": "jsonb_set({}, '{{number}}', to_jsonb(n))",
}


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
    session.execute(text(BATCHES))
    define_fields(session, now)
    made = templates.make(session, random, now - SETTLED, password_hash)
    if is_superuser := session.scalar(text("show is_superuser")) == "on":
        session.execute(text(UNCHECKED))
    customers = [uuid7() for _ in range(max(1, count // TICKETS_PER_CUSTOMER))]
    csrs = [uuid7() for _ in range(max(FEWEST_CSRS, count // TICKETS_PER_CSR))]
    _copy(session, made, [User], _people(session, made, customers, csrs))
    session.execute(TEAMS)
    session.execute(MEMBERS)
    for first in range(0, count, CHUNK):
        numbers = _numbers(session, min(CHUNK, count - first))
        ages = (1 - (first + n) / count for n in range(len(numbers)))
        planned = [
            _ticket(random, made, customers, csrs, age, number)
            for age, number in zip(ages, numbers, strict=True)
        ]
        _copy(session, made, PARTS, planned)
        search.complete(session, planned[0][1], planned[-1][1])
        done(len(planned))
    session.execute(ASLEEP)
    if is_superuser:
        session.execute(text(CHECKED))


def settle(connection: Connection) -> None:
    """Does what autovacuum would do a minute later: statistics, and the words' indexes in order."""
    connection.commit()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    names = ", ".join(table.__tablename__ for table in TABLES)
    connection.execute(text(f"vacuum (analyze) {names}, ticket_search"))


def _people(
    session: Session, made: Templates, customers: Sequence[UUID], csrs: Sequence[UUID]
) -> Sequence[Planned]:
    known = session.scalar(select(func.count()).select_from(User)) or 0
    people = [(made.csr, csrs), (made.customer, customers)]
    named = ((template, id) for template, ids in people for id in ids)
    return [
        (n, id, template, made.at - YEARS - SETTLED, id, id, MAKES[n % len(MAKES)])
        for n, (template, id) in enumerate(named, known)
    ]


def _numbers(session: Session, count: int) -> Sequence[int]:
    """The numbers of the next tickets, as if they were opened now."""
    sequence = "pg_get_serial_sequence('tickets', 'number')"
    query = text(f"select nextval({sequence}) from generate_series(1, :count)")
    return session.scalars(query, {"count": count}).all()


def _ticket(
    random: Random,
    made: Templates,
    customers: Sequence[UUID],
    csrs: Sequence[UUID],
    age: float,
    number: int,
) -> Planned:
    """``age``: 1 is the oldest, 0 the newest. There are ever more tickets towards the end."""
    if random.random() < (ACTIVE_IF_FRESH if age < FRESH else ACTIVE_IF_OLD):
        like = made.active
    else:
        like = made.spam if random.random() < SPAM else made.over
    at = made.at - YEARS * age**1.5
    # A few customers write much, most of them little.
    customer = customers[int(len(customers) * random.random() ** 2)]
    # In turns, so that the active ones, which follow each other, are shared out evenly.
    csr = csrs[number % len(csrs)]
    thing = f"{random.choice(MAKES)} {random.choice(THINGS)}"
    return number, uuid7(), random.choice(like), at, customer, csr, thing


def _copy(
    session: Session, made: Templates, tables: Sequence[type[Base]], planned: Sequence[Planned]
) -> None:
    with cursor(session) as writer:
        writer.execute(f"create temp table planned ({PLANNED}) on commit drop")
        with writer.copy("copy planned from stdin") as copy:
            for row in planned:
                copy.write_row(row)
        for table in tables:
            writer.execute(_copying(table, made))
        writer.execute("drop table planned")


def _copying(table: type[Base], made: Templates) -> str:
    columns = [column for column in table.__mapper__.columns if column.computed is None]
    values = [OWN.get(str(c), "{}").format(_copied(c, key(table), made)) for c in columns]
    return f"""
        insert into {table.__tablename__} ({", ".join(column.name for column in columns)})
        overriding system value
        select {", ".join(values)}
        from planned p join template_{table.__tablename__} t on t.{key(table)} = p.template
        order by n
    """


def _copied(column: Column[Any], its_id: str, made: Templates) -> str:
    """A column of the template ``t`` as it is in the copy ``p``."""
    value = f"t.{column.name}"
    if column.name == its_id:
        return "p.id"
    if column.name == "id":
        return "gen_random_uuid()"
    refers_to = {foreign.column.table for foreign in column.foreign_keys}
    if User.__table__ in refers_to or str(column) in PERSONAL:
        return f"case {value} when '{made.customer}' then customer when '{made.csr}' then csr end"
    if isinstance(column.type, DateTime):
        return f"{value} + (p.at - '{made.at}')"
    if isinstance(column.type, JSONB):
        return f"({_said(value, made)})::jsonb"
    is_text = isinstance(column.type, String) and not isinstance(column.type, Enum)
    return _said(value, made) if is_text else value


def _said(value: str, made: Templates) -> str:
    """A text with what there is in place of the template's."""
    others = {
        "p.template::text": "p.id::text",
        f"'{made.customer}'": "customer::text",
        f"'{made.csr}'": "csr::text",
        "'{n}'": "n::text",
        "'{thing}'": "thing",
    }
    said = f"{value}::text"
    for old, new in others.items():
        said = f"replace({said}, {old}, {new})"
    return said
