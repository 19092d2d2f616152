"""Dead letters: mails that were tried too often. Lists them, and has them tried again."""

from datetime import UTC, datetime
from uuid import UUID

import click

from desk.notifications import mail_queue
from manage.database import transaction


@click.command("dead-notifications")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def dead_notifications(limit: int) -> None:
    """Lists mails that were given up: their id, since when, the person, the ticket, the error."""
    with transaction() as session:
        dead = mail_queue.dead(session, limit)
    for row in dead:
        since = row.done_at.isoformat(timespec="seconds") if row.done_at else ""
        error = row.last_error or "MailerDied"
        click.echo(f"{row.mail_id or row.id}  {since}  {row.user_id}  {row.ticket_id}  {error}")
    click.echo(f"{len(dead)} dead" + (" or more" if len(dead) == limit else ""), err=True)


@click.command("retry-notifications")
@click.argument("mail_ids", nargs=-1, type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="All that are dead.")
def retry_notifications(mail_ids: tuple[UUID, ...], everything: bool) -> None:
    """Has dead mails tried again, with all their attempts."""
    if everything == bool(mail_ids):
        raise click.UsageError("Give the ids of mails, or --all")
    with transaction() as session:
        revived = mail_queue.retry(session, None if everything else mail_ids, datetime.now(UTC))
    click.echo(f"{revived} notifications are due again")
