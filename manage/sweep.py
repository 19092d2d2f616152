"""``sweep``: what the workers do by themselves, now and here."""

from datetime import UTC, datetime
from random import SystemRandom
from uuid import UUID

import click

from config import Database, read
from desk.assignment import assignment, departures, queue
from desk.assignment.assignment import Strategy
from desk.backlog import backlog
from desk.files import loose_files
from desk.retention import BATCH, PRUNES, Prune
from desk.tickets import search
from manage import environment
from manage.database import transaction
from wire.files import FileStore

PRUNED = {
    "retention_sessions": "sessions that were over for long: deleted",
    "retention_idempotency_keys": "answers kept for repeated requests: deleted",
    "retention_socket_tickets": "socket tickets that were not used in time: deleted",
    "retention_identity_tokens": "ids of other sites' tokens that have expired: deleted",
    "retention_one_time_tokens": "mailed links that nobody can use any more: deleted",
    "retention_account_mails": "mails about accounts that went out long ago: deleted",
    "retention_webhook_deliveries": "webhook deliveries that were over for long: deleted",
}


@click.command()
def sweep() -> None:
    """Assign what waits, take back what the departed had, index words, delete what is over.

    Once and here, as the workers do it all the time; it does no harm beside them. Mails
    and webhooks are left to the workers.
    """
    environment.enter()
    strategy = Strategy(read(Database).assignment_strategy)
    _say(_reclaim(), "people who left: their tickets are back in the queue")
    _say(_assign(strategy), "tickets assigned")
    _say(_index(), "messages and tickets added to the words that are searched")
    for kind, prune in PRUNES.items():
        _say(_prune(prune), PRUNED[kind])
    _say(_delete_files(), "stored files that no attachment has: deleted")
    with transaction() as session:
        waiting = backlog(session, datetime.now(UTC)).tickets
    if waiting:
        click.echo(f"{waiting:7} tickets wait: every CSR is unavailable or has enough")


def _say(count: int, what: str) -> None:
    click.echo(f"{count:7} {what}")


def _reclaim() -> int:
    with transaction() as session:
        left = departures.departed(session)
    for user_id in left:
        with transaction() as session:
            departures.reclaim(session, user_id, None)
    return len(left)


def _assign(strategy: Strategy) -> int:
    with transaction() as session:
        teams = queue.busy(session)
    return sum(_assign_from(team_id, strategy) for team_id in teams)


def _assign_from(team_id: UUID | None, strategy: Strategy) -> int:
    assigned, done = 0, assignment.BATCH
    while done == assignment.BATCH:
        with transaction() as session:
            done = assignment.drain(session, strategy, None, SystemRandom(), team_id=team_id)
        assigned += done
    return assigned


def _index() -> int:
    indexed = 0
    while True:
        with transaction() as session:
            done = search.index(session)
        if not done:
            return indexed
        indexed += done


def _delete_files() -> int:
    store, deleted = FileStore(read(Database).file_store), 0
    while True:
        with transaction() as session:
            file_ids = loose_files.due(session)
        if not file_ids:
            return deleted
        for file_id in file_ids:
            store.delete(file_id)
        with transaction() as session:
            loose_files.forget(session, file_ids)
        deleted += len(file_ids)


def _prune(prune: Prune) -> int:
    pruned, done = 0, BATCH
    while done == BATCH:
        with transaction() as session:
            done = prune(session, datetime.now(UTC), BATCH)
        pruned += done
    return pruned
