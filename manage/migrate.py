"""``migrate``: brings the schema to the newest revision."""

from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from manage.database import connected

INI = Path(__file__).parents[1] / "alembic.ini"


@click.command()
def migrate() -> None:
    """Bring the schema to the newest revision."""
    config = Config(INI)
    with connected() as connection:
        before = revision(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise click.ClickException(
                f"The schema is at {before}, which this release does not know: deploy a newer one"
            ) from None
        after = revision(connection)
    if before == after:
        click.echo(f"The schema is at {after}, the newest revision")
    else:
        click.echo(f"Migrated the schema from {before or 'nothing'} to {after}")


def revision(connection: Connection) -> str | None:
    """Where the schema stands; None where there is none."""
    found = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # Reading began a transaction, which the migrations have no use for.
    return found


def newest() -> str | None:
    """The revision that this release works with."""
    return ScriptDirectory.from_config(Config(INI)).get_current_head()
