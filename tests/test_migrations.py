"""Migrations: they go up, down and up again, and end where the models are."""

from collections.abc import Callable, Iterator

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from tests.conftest import ROOT

REVISIONS = [
    script.revision
    for script in ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).walk_revisions()
][::-1]


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


def test_migrations_end_where_the_models_are(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)


BEFORE_LAST_MESSAGES, LAST_MESSAGES = "f3b1c07d5e92", "b1c7d20e94fa"
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


def test_tickets_learn_of_their_last_messages(config: Config, connection: Connection) -> None:
    command.upgrade(config, BEFORE_LAST_MESSAGES)
    connection.execute(text(TALKS))
    connection.commit()
    command.upgrade(config, LAST_MESSAGES)
    learnt = "select title, last_message_seq, last_message_from_staff from tickets order by title"
    assert [tuple(row) for row in connection.execute(text(learnt))] == [
        ("", None, None),
        ("csr customer note", 2, False),
        ("customer", 1, False),
        ("customer csr", 2, True),
        ("note", None, None),
    ]
