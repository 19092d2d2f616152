"""The audit log: whether it is as it was sealed, and dropping its old months."""

import re
from datetime import UTC, datetime

import click

from config import Database, read
from desk import audit_chain, audit_pruning
from desk.audit_chain import Head, Verified
from manage import environment
from manage.database import transaction

HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")
SAID_EVERY = 100_000


class HeadName(click.ParamType[Head]):
    """A place in the chain and its seal, as the worker's log has them."""

    name = "head"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Head:
        if (found := HEAD.fullmatch(str(value))) is None:
            self.fail(f"{value} is no NUMBER:SEAL as the log's `audit head` lines have it", param)
        return Head(int(found[1]), bytes.fromhex(found[2]))


@click.command("verify-audit")
@click.option(
    "--head",
    "heads",
    multiple=True,
    type=HeadName(),
    help="A head that the log kept: the chain has to pass through it. As many as you like.",
)
def verify_audit(heads: tuple[Head, ...]) -> None:
    """Find the first entry of the audit log that was edited, put in or taken out.

    Exits with 1 if there is one, or if entries are not sealed a minute after they were written.
    """
    with transaction() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        known = {head.chain: head.hash for head in heads}
        try:
            found = audit_chain.verify(session, known, datetime.now(UTC), _say_how_far)
        except (ValueError, RecursionError) as error:
            reason = f"its data are nothing that this product writes ({type(error).__name__})"
            raise click.ClickException(f"An entry cannot be read: {reason}") from None
    for line in _said(found):
        click.echo(line)
    if not found.is_well:
        raise SystemExit(1)


def _say_how_far(done: int, of: int) -> None:
    if done % SAID_EVERY == 0:
        click.echo(f"{done} of {of} entries", err=True)


def _said(found: Verified) -> list[str]:
    lines = []
    if found.pruned_before:
        lines.append(f"Entries before {_day(found.pruned_before)} were pruned")
    until = f", up to {found.until.isoformat(timespec='seconds')}" if found.until else ""
    lines.append(f"{found.sealed} entries are as they were sealed{until}")
    if broken := found.broken:
        named = f" ({broken.entry_id})" if broken.entry_id else ""
        lines.append(f"Entry {broken.chain}{named} was {broken.what} after it was sealed")
    else:
        lines.append(f"The head is {found.head}")
    if found.no_prune:
        lines.append(f"Entry {found.no_prune} says that it is a prune, and is none")
    if found.unsealed_since:
        since = found.unsealed_since.isoformat(timespec="seconds")
        lines.append(
            f"{found.unsealed} entries are not sealed, the oldest of {since}: is a worker running?"
        )
    return lines


@click.command("prune-audit")
def prune_audit() -> None:
    """Drop the months of the audit log that ended more than AUDIT_DAYS days ago.

    Works as the tables' owner: MIGRATION_DATABASE_URL, where that is set.
    """
    environment.enter()
    days = read(Database).audit_days
    with transaction(as_owner=True) as session:
        pruned = audit_pruning.prune(session, days, datetime.now(UTC))
    click.echo(f"{pruned.entries} entries before {_day(pruned.before)}: dropped")


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
