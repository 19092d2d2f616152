"""``migrate``: brings the schema to the newest revision."""

from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, make_url, text

from config import Database, read
from manage.database import connected

INI = Path(__file__).parents[1] / "alembic.ini"
GRANTED = (
    "grant usage on schema public to",
    "grant select, insert, update, delete on all tables in schema public to",
    "grant usage, select on all sequences in schema public to",
    "revoke insert, update, delete on alembic_version from",
)


@click.command()
def migrate() -> None:
    """Bring the schema to the newest revision."""
    config = Config(INI)
    with connected(as_owner=True) as connection:
        before = revision(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise click.ClickException(
                f"The schema is at {before}, which this release does not know: deploy a newer one"
            ) from None
        after = revision(connection)
        if found := read(Database).migration_database_url:
            _grant(connection, found)
    if before == after:
        click.echo(f"The schema is at {after}, the newest revision")
    else:
        click.echo(f"Migrated the schema from {before or 'nothing'} to {after}")


def _grant(connection: Connection, owner: str) -> None:
    """Lets the role of DATABASE_URL work with the tables, and change none of them."""
    role = make_url(read(Database).database_url).username
    if role is None or role == make_url(owner).username:
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    for granted in GRANTED:
        connection.execute(text(f"{granted} {quoted}"))
    connection.commit()


def revision(connection: Connection) -> str | None:
    """Where the schema stands; None where there is none."""
    found = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # Reading began a transaction, which the migrations have no use for.
    return found


def newest() -> str | None:
    """The revision that this release works with."""
    return ScriptDirectory.from_config(Config(INI)).get_current_head()
