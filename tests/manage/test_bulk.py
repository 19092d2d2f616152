"""``manage demo --tickets`` with many of them: what is written in bulk is as the rules leave it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts
from desk.assignment import agents, routing
from desk.assignment.routing import Change
from desk.tickets import history, lists, messages, tickets, views
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.lists import ticket_list
from desk.tickets.messages import NewMessage
from manage import templates
from manage.templates import PARTS, key
from models import Base, Priority, Role, Status, Ticket, User
from server.identity.passwords import matches
from tests.conftest import Backend
from tests.factories import database, now
from tests.manage.conftest import Manage, command, environment, run_in
from tests.waiting import block_until

COUNT = 2_000


@pytest.fixture(scope="module")
def engine(
    make_backend: Callable[[], Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    backend = make_backend()
    manage = run_in(tmp_path_factory.mktemp("bulk"))
    done = manage("demo", "--tickets", str(COUNT), EMBEDDED="1", **backend.environment)
    assert done.returncode == 0, done.stderr
    engine = create_engine(backend.database_url, connect_args={"options": "-c timezone=UTC"})
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Rolled back at the end of each test."""
    with Session(engine) as session:
        yield session


def nobody(session: Session, query: str) -> None:
    """What breaks an invariant is found by the query."""
    assert session.execute(text(query)).all() == []


def test_both_numberings_are_dense_and_the_counters_right(session: Session) -> None:
    nobody(
        session,
        """
        select t.id from tickets t join events e on e.ticket_id = t.id group by t.id
        having max(seq) <> last_seq or count(*) <> last_seq or min(seq) <> 1
            or max(public_seq) <> last_public_seq or count(public_seq) <> last_public_seq
            or max(at) <> updated_at or max(at) filter (where public_seq > 0) <> public_updated_at
            or min(at) <> created_at
        """,
    )
    nobody(
        session,
        """
        select * from (
            select ticket_id, at - lag(at) over (partition by ticket_id order by seq) as passed,
                public_seq - max(public_seq) over (
                    partition by ticket_id order by seq
                    rows between unbounded preceding and 1 preceding) as step
            from events) e
        where passed < interval '0' or step <> 1
        """,
    )
    nobody(
        session,
        "select id from tickets where not exists (select from events where ticket_id = tickets.id)",
    )


def test_the_state_is_what_the_events_say(session: Session) -> None:
    for column, kind, first in (
        ("status", "status_changed", "'open'"),
        ("priority", "priority_changed", "null"),
    ):
        nobody(
            session,
            f"""
            select t.id from tickets t join lateral (
                select data ->> 'to' as last from events
                where ticket_id = t.id and kind = '{kind}' order by seq desc limit 1) e on true
            where t.{column} is distinct from e.last
            """,
        )
        nobody(
            session,
            f"""
            select * from (
                select data ->> 'from' as came, lag(data ->> 'to', 1, {first})
                    over (partition by ticket_id order by seq) as was
                from events where kind = '{kind}') e
            where came is distinct from was
            """,
        )
    nobody(
        session,
        """
        select t.id from tickets t
        left join events e on e.ticket_id = t.id and e.kind = 'assigned'
        left join assignment_decisions d on d.ticket_id = e.ticket_id and d.seq = e.seq
        where t.assigned_to_id::text is distinct from e.data ->> 'to'
            or (e.seq is not null and d.seq is null)
        """,
    )
    nobody(
        session,
        """
        select id from tickets where (status = 'closed') <> (closed_at is not null)
            or (status in ('open', 'in_progress') and resolved_at is not null)
            or (status = 'resolved' and resolved_at is null)
        """,
    )


# No copied ticket was closed by a macro, nor merged, as their people differ.
NOT_COPIED = {"cause", "client_id", "merged_into_id"}


def filled(session: Session, table: type[Base], condition: str) -> dict[str, bool]:
    """Whether a column is filled in any row of the tickets, but those that no copy has."""
    names = {column.name for column in table.__mapper__.columns} - NOT_COPIED
    columns = ", ".join(f"count({name}) > 0 as {name}" for name in names)
    tickets = f"select id from tickets where {condition}"
    query = f"select {columns} from {table.__tablename__} where {key(table)} in ({tickets})"
    return dict(session.execute(text(query)).mappings().one())


@pytest.mark.parametrize("table", PARTS, ids=lambda table: table.__tablename__)
def test_in_a_copy_those_columns_are_filled_that_the_rules_fill(
    session: Session, table: type[Base]
) -> None:
    copies, others = (f"description {like} '%case%'" for like in ("like", "not like"))
    assert filled(session, table, copies) == filled(session, table, others)


def test_no_copy_says_anything_of_its_template(session: Session) -> None:
    for table in PARTS:
        nobody(session, f"select from {table.__tablename__} t where t::text ~ '[{{](n|thing)[}}]'")
    nobody(session, "select from users where email like '%@example.org'")
    nobody(
        session,
        """
        select from notifications join tickets t on t.id = ticket_id
        where data ->> 'number' <> number::text or data ->> 'title' <> title
            or dedupe_key not like concat_ws(':', t.id, event_seq, '%', notifications.user_id)
        """,
    )


def test_every_reference_leads_somewhere(session: Session) -> None:
    for table in Base.metadata.tables.values():
        for constraint in table.foreign_key_constraints:
            if len(constraint.elements) == 1:
                here, there = constraint.elements[0].parent, constraint.elements[0].column
                nobody(
                    session,
                    f"select {here.name} from {table.name} where {here.name} is not null "
                    f"and {here.name} not in (select {there.name} from {there.table.name})",
                )


def test_times_and_numbers_go_together_and_all_of_it_is_past(session: Session) -> None:
    found = session.scalars(select(Ticket).order_by(Ticket.number)).all()
    numbers = [t.number for t in found]
    assert len(numbers) == len(set(numbers)) == COUNT
    assert [t.created_at for t in found] == sorted(t.created_at for t in found)
    assert max(t.updated_at for t in found) < now()
    assert {t.status for t in found} == set(Status)
    assert {t.priority for t in found} == {None, *Priority}
    assert len({t.user_id for t in found}) > COUNT / 20


def test_nobody_has_more_than_their_capacity_and_nothing_waits(session: Session) -> None:
    staff = agents.agents(session, limit=100, after=None)
    assert all(agent.open_tickets <= agent.capacity for agent in staff)
    assert sum(agent.open_tickets for agent in staff) > COUNT / 100
    assert session.scalar(select(func.count()).where(tickets.WAITING)) == 0
    away = {agent.full_name for agent in staff if agent.role is Role.CSR and not agent.available}
    assert len(away) == 4


def a_bulk_ticket(session: Session) -> Ticket:
    """Somebody's who works on it."""
    query = select(Ticket).where(tickets.ACTIVE, Ticket.description.contains("case"))
    return session.scalars(query.order_by(Ticket.number).limit(1)).one()


def test_a_ticket_is_found_read_and_talked_on_by_the_rules(session: Session) -> None:
    ticket = a_bulk_ticket(session)
    assert ticket.assigned_to_id
    customer, csr = Actor(ticket.user_id, Role.USER), Actor(ticket.assigned_to_id, Role.CSR)
    words = f'"{" ".join(ticket.description.split()[-4:])}"'
    for actor in (customer, csr):
        page = ticket_list(session, actor, Filters(q=words), Sort(), 20, None)
        assert [found.id for found in page.tickets] == [ticket.id]
        seen = views.show(session, actor, ticket.id)
        read = history.read(session, actor, ticket.id, 0, 200)
        assert len(read.events) == seen.seq
        new = NewMessage(content="zygote", client_id="1")
        assert messages.post(session, actor, ticket.id, new, now()).is_new
        page = ticket_list(session, actor, Filters(q="zygote"), Sort(), 20, None)
        assert [found.id for found in page.tickets] == [ticket.id]
    routing.change(session, csr, ticket.id, Change(status=Status.CLOSED), now())


def test_every_ticket_is_in_the_search_and_notes_are_for_the_staff(session: Session) -> None:
    nobody(
        session,
        """
        select id from tickets
        where id not in (select ticket_id from ticket_search)
            and id not in (select ticket_id from unindexed_events)
        """,
    )
    note = session.execute(
        text("select ticket_id, content from events where kind = 'note_posted' limit 1")
    ).one()
    words = f'"{note.content}"'
    ada = accounts.credentials(session, "ada@example.com")
    assert ada
    staff = Actor(ada.user_id, Role.ADMIN)
    assert lists.count(session, staff, Filters(q=words)) > 0
    owner = session.get_one(Ticket, note.ticket_id).user_id
    assert lists.count(session, Actor(owner, Role.USER), Filters(q=words)) == 0


def test_people_have_read_what_is_over_and_can_sign_in(session: Session) -> None:
    nobody(
        session,
        """
        select t.id from tickets t join events e on e.ticket_id = t.id
        left join read_cursors r on r.ticket_id = t.id and r.user_id = t.user_id
        where t.status in ('resolved', 'closed') and e.kind = 'message_posted'
            and t.description like '%case%' and e.seq > coalesce(r.seq, 0)
        """,
    )
    nobody(
        session,
        "select id from read_cursors join tickets on id = ticket_id where seq > last_seq",
    )
    person = session.scalars(select(User).where(User.email.like("person%")).limit(1)).one()
    assert matches("demo-password", person.password_hash)


def test_a_second_run_adds_what_is_missing(
    manage: Manage, make_backend: Callable[[], Backend]
) -> None:
    backend = make_backend()
    embedded = {**backend.environment, "EMBEDDED": "1"}
    for wanted, made in (
        ("5", "5 tickets and 10 accounts"),
        ("105", "100 tickets and 14 accounts"),
    ):
        done = manage("demo", "--tickets", wanted, **embedded)
        assert f"Made {made} in" in done.stdout, done
    again = manage("demo", "--tickets", "105", **embedded)
    assert again.stdout == "The demo data is there already; nothing was changed\n"


def test_a_run_that_is_killed_leaves_nothing_behind(
    manage: Manage, make_backend: Callable[[], Backend], tmp_path: Path
) -> None:
    backend = make_backend()
    embedded = {**backend.environment, "EMBEDDED": "1"}
    argv = command("demo", "--tickets", "200000")
    killed = subprocess.Popen(argv, cwd=tmp_path, env=environment(embedded), stdout=subprocess.PIPE)
    try:
        with database(backend.settings) as session:
            block_until(lambda: written(session) > 0)
    finally:
        killed.kill()
        killed.communicate()
    done = manage("demo", "--tickets", "5", **embedded)
    assert "Made 5 tickets and 10 accounts in" in done.stdout, done


def written(session: Session) -> int:
    """Bytes of tickets, also of those that are not committed."""
    return session.scalar(text("select pg_relation_size('tickets')")) or 0


def test_the_people_of_the_templates_take_nobodys_address(session: Session) -> None:
    for name in ("user", "csr"):
        accounts.create(session, f"{name}@example.org", "Somebody", "hash", Role.USER)
    assert templates.make(session, Random(1), now(), "hash").over
