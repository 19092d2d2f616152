"""Migrations: they go up, down and up again, and end where the models are."""

from collections.abc import Callable, Iterator

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

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
