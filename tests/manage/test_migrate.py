"""``manage migrate``."""

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from desk import audit, audit_chain, audit_pruning
from desk.database import short_name
from manage.migrate import newest
from tests.manage.conftest import Manage, refusal


def test_it_says_from_where_to_where_and_then_that_nothing_is_to_be_done(
    manage: Manage, empty_database: Callable[[], str]
) -> None:
    url = empty_database()
    head = newest()
    first, second = (manage("migrate", DATABASE_URL=url) for _ in range(2))
    assert (first.stdout, first.stderr) == (f"Migrated the schema from nothing to {head}\n", "")
    assert second.stdout == f"The schema is at {head}, the newest revision\n"


def test_a_schema_of_a_newer_release_is_left_alone(
    manage: Manage, empty_database: Callable[[], str]
) -> None:
    url = empty_database()
    manage("migrate", DATABASE_URL=url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = 'f00d'"))
    engine.dispose()
    said = refusal(manage("migrate", DATABASE_URL=url))
    assert "at f00d, which this release does not know" in said


def test_a_database_out_of_reach_is_one_line(manage: Manage) -> None:
    said = refusal(manage("migrate", DATABASE_URL="postgresql://me:hush@127.0.0.1:1/desk"))
    assert "127.0.0.1:1, see DATABASE_URL" in said
    assert "hush" not in said


def test_a_plain_role_can_do_all_the_work_and_change_no_table(
    manage: Manage, empty_database: Callable[[], str]
) -> None:
    owner = make_url(empty_database())
    role = f"plain_{owner.database}"
    engine = create_engine(owner)
    with engine.begin() as connection:
        connection.execute(text(f"create role \"{role}\" login password 'hush'"))
        connection.execute(text("revoke create on schema public from public"))
    engine.dispose()
    plain = owner.set(username=role, password="hush")
    urls = {
        "DATABASE_URL": plain.render_as_string(False),
        "MIGRATION_DATABASE_URL": owner.render_as_string(False),
    }
    for _ in range(2):
        done = manage("migrate", **urls)
        assert (done.returncode, done.stderr) == (0, "")
    # Opens, assigns, talks, resolves, indexes: by the rules.
    done = manage("demo", "--not-embedded", DATABASE_URL=urls["DATABASE_URL"])
    assert done.returncode == 0, done.stderr
    with engine.begin() as connection:
        last_month = connection.scalars(audit_pruning.MONTHS).all()[-1]
        connection.execute(text(f"drop table {last_month}"))
    engine.dispose()
    engine = create_engine(plain)
    with Session(engine) as session:
        assert short_name(session)
        for forbidden in (
            "drop table tickets",
            "alter table users add more text",
            "create table mine (a int)",
            "update alembic_version set version_num = 'x'",
            "alter table audit disable trigger all",
            "truncate audit",
            "drop table audit_default",
        ):
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                session.execute(text(forbidden))
            session.rollback()
        # It keeps the audit log, and makes its months by a function of the owner's.
        assert not audit_pruning.may_prune(session)
        audit_pruning.add_partitions(session)
        assert session.scalar(text(f"select to_regclass('{last_month}')"))
        audit.record(session, "tried", actor_id=None)
        assert audit_chain.seal(session)
    engine.dispose()
