"""``manage migrate``."""

from collections.abc import Callable

from sqlalchemy import create_engine, text

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
