"""Migrations: they go up, down and up again, and end where the models are."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from tests.conftest import ROOT
from tests.locks import until_one_waits
from tests.waiting import PATIENCE

REVISIONS = [
    script.revision
    for script in ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).walk_revisions()
][::-1]


# At the first revision, so many rows each.
FILLINGS = [
    """
    insert into users (id, email, full_name, password_hash, role, is_active, notify_email,
        available, capacity, turn)
    select gen_random_uuid(), 'person' || n || '@desk.test', 'Person ' || n, 'x',
        (array['user', 'csr', 'admin'])[n % 3 + 1], n % 5 > 0, n % 2 = 0, n % 2 > 0, n, n
    from generate_series(1, 300) n
    """,
    """
    insert into auth_sessions (id, user_id, generation, issued, created_at, expires_at, ended_at,
        ended_because)
    select gen_random_uuid(), id, turn, array[now()], now(), now() + interval '1 day',
        case when turn % 2 = 0 then now() end, case when turn % 2 = 0 then 'logged_out' end
    from users
    """,
    """
    insert into tickets (id, title, description, category, type, status, priority, tags, user_id,
        assigned_to_id, created_at, updated_at, public_updated_at, last_seq, last_public_seq)
    select gen_random_uuid(), 'Ticket ' || turn, 'It broke', 'billing', 'bug',
        (array['open', 'in_progress', 'resolved', 'closed'])[turn % 4 + 1],
        (array['low', 'medium', 'high', 'urgent', null])[turn % 5 + 1], array['a tag'], id,
        case when turn % 3 = 0 then id end, now(), now(), now(), 3, 2
    from users
    """,
    """
    insert into events (ticket_id, seq, public_seq, id, kind, actor_id, at, client_id, content,
        data)
    select t.id, seq, nullif(seq, 3), gen_random_uuid(),
        (array['ticket_created', 'message_posted', 'note_posted'])[seq], user_id, now(),
        case when seq > 1 then seq::text end, case when seq > 1 then 'Hello ' || number end, '{}'
    from tickets t, generate_series(1, 3) seq
    """,
    """
    insert into notifications (id, user_id, kind, ticket_id, actor_id, data, created_at,
        dedupe_key, due_at, attempts, done_at)
    select gen_random_uuid(), user_id, 'message_posted', id, user_id, '{}', now(),
        concat_ws(':', id, 2, 'message_posted', user_id), now(), number % 3,
        case when number % 2 = 0 then now() end
    from tickets
    """,
    "insert into read_cursors (user_id, ticket_id, seq) select user_id, id, 2 from tickets",
]
Rows = list[dict[str, Any]]


def contents(connection: Connection) -> dict[str, Rows]:
    """The rows of each table, in an order that does not depend on the revision."""
    with connection.begin():
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
        rows = {
            table: [row for [row] in connection.execute(text(f"select to_jsonb(t) from {table} t"))]
            for table in tables
        }
    return {table: in_order(found) for table, found in rows.items()}


def in_order(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def of_columns(rows: dict[str, Rows], before: dict[str, Rows]) -> dict[str, Rows]:
    """What was there before, as it is now."""
    return {
        table: in_order([{name: row[name] for name in first} for row in rows[table]])
        for table, [first, *_] in before.items()
    }


@pytest.fixture
def connection(empty_database: Callable[[], str]) -> Iterator[Connection]:
    engine = create_engine(empty_database())
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def config(connection: Connection) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def test_each_migration_goes_up_down_and_up(config: Config, connection: Connection) -> None:
    for revision in REVISIONS:
        command.upgrade(config, revision)
        command.downgrade(config, "-1")
        command.upgrade(config, revision)
    command.downgrade(config, "base")
    assert inspect(connection).get_table_names() == ["alembic_version"]


def test_a_database_full_of_data_loses_nothing_on_the_way_up_and_down(
    config: Config, connection: Connection
) -> None:
    command.upgrade(config, REVISIONS[0])
    for filling in FILLINGS:
        connection.execute(text(filling))
    connection.commit()
    before = contents(connection)
    assert all(before.values()), "a table has no rows"
    command.upgrade(config, "head")
    assert of_columns(contents(connection), before) == before
    command.downgrade(config, REVISIONS[0])
    assert contents(connection) == before


@pytest.fixture
def an_index(config: Config, tmp_path: Path) -> Config:
    """As if there was one more migration, made as a developer does."""
    versions = f"{ROOT / 'migrations' / 'versions'}{os.pathsep}{tmp_path}"
    config.set_main_option("version_locations", versions)
    number = f"{len(REVISIONS) + 1:04}"
    command.revision(config, "An index", rev_id=number, version_path=str(tmp_path))
    path = tmp_path / f"{number}_an_index.py"
    script = path.read_text().replace("import set_timeouts", "import create_index, drop_index")
    up, down = 'create_index("ix_new", "users", ["turn"])', 'drop_index("ix_new", "users")'
    for operation in (up, down):
        script = script.replace("    set_timeouts()\n    pass\n", f"    {operation}\n", 1)
    path.write_text(script)
    return config


def test_an_index_is_created_while_somebody_writes(
    an_index: Config, connection: Connection
) -> None:
    command.upgrade(an_index, REVISIONS[-1])
    # As a try leaves it that was cut short.
    connection.execute(text("create index ix_new on users (id)"))
    connection.commit()
    engine = create_engine(connection.engine.url)
    with engine.connect() as writer, ThreadPoolExecutor(1) as pool:
        writer.execute(text("insert into assignment_cursor values (1, 0) on conflict do nothing"))
        writer.execute(text("update users set turn = turn"))
        going_up = pool.submit(command.upgrade, an_index, "head")
        until_one_waits(engine.url.render_as_string(hide_password=False))
        # It waits for who is there already, and nobody waits for it.
        with engine.connect() as another, another.begin():
            another.execute(text("set local lock_timeout = '1s'"))
            another.execute(text("update users set turn = turn"))
        writer.commit()
        going_up.result(PATIENCE)
    engine.dispose()
    [index] = [i for i in inspect(connection).get_indexes("users") if i["name"] == "ix_new"]
    assert index["column_names"] == ["turn"]
    command.downgrade(an_index, "-1")
    assert "ix_new" not in [i["name"] for i in inspect(connection).get_indexes("users")]


def test_a_migration_is_named_by_its_number() -> None:
    """The first thirteen have names of their own."""
    for number, revision in list(enumerate(REVISIONS, 1))[13:]:
        assert revision == f"{number:04}"
        assert list((ROOT / "migrations" / "versions").glob(f"{revision}_*.py"))


def test_migrations_end_where_the_models_are(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)


BEFORE_LAST_MESSAGES, LAST_MESSAGES = "0016", "0017"
BEFORE_SECOND_LOOK, SECOND_LOOK = "0018", "0019"
TALKS = """
    with customer as (
        insert into users (id, email, full_name, password_hash, role, is_active, notify_email,
            available, capacity, turn, catching_up, created_at)
        select gen_random_uuid(), n || '@desk.test', 'A B', '', 'user', true, true, false, 1, 0,
            false, now()
        from generate_series(1, 2) n
        returning id, email
    ),
    people as (
        select max(id) filter (where email = '1@desk.test') as customer,
            max(id) filter (where email = '2@desk.test') as csr
        from (select id::text, email from customer) c
    ),
    ticket as (
        insert into tickets (id, title, description, category, type, status, user_id, created_at,
            updated_at, public_updated_at, last_seq, last_public_seq)
        select gen_random_uuid(), said, '', 'a', 'b', 'open', customer::uuid, now(), now(), now(),
            0, 0
        from people,
            unnest(array['', 'note', 'customer', 'customer csr', 'csr customer note']) said
        returning id, title
    )
    insert into events (ticket_id, seq, public_seq, id, kind, actor_id, at, data)
    select ticket.id, seq, nullif(seq, case said when 'note' then seq end), gen_random_uuid(),
        case said when 'note' then 'note_posted' else 'message_posted' end,
        case said when 'customer' then customer else csr end::uuid, now(), '{}'
    from ticket, people, unnest(string_to_array(title, ' ')) with ordinality said (said, seq)
"""


LEARNT = "select title, last_message_seq, last_message_from_staff from tickets order by title"
KNOWN = [
    ("", None, None),
    ("csr customer note", 2, False),
    ("customer", 1, False),
    ("customer csr", 2, True),
    ("note", None, None),
]


def test_tickets_learn_of_their_last_messages(config: Config, connection: Connection) -> None:
    command.upgrade(config, BEFORE_LAST_MESSAGES)
    connection.execute(text(TALKS))
    connection.commit()
    command.upgrade(config, LAST_MESSAGES)
    assert [tuple(row) for row in connection.execute(text(LEARNT))] == KNOWN


# As a process leaves them that knows nothing of last messages, and as others do meanwhile.
UNKNOWN = """
    update tickets set last_message_seq = before.seq, last_message_from_staff = before.from_staff
    from (values ('customer', null, null), ('customer csr', 1, false), ('csr customer note', 1,
        true)) before (talk, seq, from_staff)
    where title = talk
"""


def test_tickets_learn_of_last_messages_that_nobody_kept_and_others_are_left_alone(
    config: Config, connection: Connection
) -> None:
    command.upgrade(config, BEFORE_LAST_MESSAGES)
    connection.execute(text(TALKS))
    connection.commit()
    command.upgrade(config, BEFORE_SECOND_LOOK)
    connection.execute(text(UNKNOWN))
    connection.commit()
    right = text("select title, xmin::text from tickets where title in ('', 'note')")
    before = connection.execute(right).all()
    command.upgrade(config, SECOND_LOOK)
    assert [tuple(row) for row in connection.execute(text(LEARNT))] == KNOWN
    assert connection.execute(right).all() == before


def test_tickets_that_are_work_learn_who_said_something_last(
    config: Config, connection: Connection
) -> None:
    command.upgrade(config, BEFORE_LAST_MESSAGES)
    connection.execute(text(TALKS))
    connection.execute(text("update tickets set status = 'closed' where title = 'customer csr'"))
    connection.commit()
    command.upgrade(config, "head")
    learnt = "select title, last_said_seq, last_said_by = user_id from tickets order by title"
    assert [tuple(row) for row in connection.execute(text(learnt))] == [
        ("", 0, None),
        ("csr customer note", 3, False),
        ("customer", 1, True),
        # Over: whoever wants to know asks its events.
        ("customer csr", None, None),
        ("note", 1, False),
    ]
