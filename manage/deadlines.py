"""Dead deadlines: what the desk had to do and failed at too often. Lists them, has them retried."""

from datetime import UTC, datetime
from uuid import UUID

import click

from desk import deadlines
from manage.database import transaction


@click.command("dead-deadlines")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def dead_deadlines(limit: int) -> None:
    """Lists deadlines that were given up: id, since when, kind, subject, error."""
    with transaction() as session:
        dead = deadlines.dead(session, limit)
    for row in dead:
        since = row.dead_at.isoformat(timespec="seconds") if row.dead_at else ""
        click.echo(f"{row.id}  {since}  {row.kind}  {row.subject_id}  {row.last_error}")
    click.echo(f"{len(dead)} dead" + (" or more" if len(dead) == limit else ""), err=True)


@click.command("retry-deadlines")
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="All that are dead.")
def retry_deadlines(ids: tuple[UUID, ...], everything: bool) -> None:
    """Has dead deadlines tried again, with all their attempts."""
    if everything == bool(ids):
        raise click.UsageError("Give the ids of deadlines, or --all")
    with transaction() as session:
        revived = deadlines.retry(session, None if everything else ids, datetime.now(UTC))
    click.echo(f"{revived} deadlines are due again")
