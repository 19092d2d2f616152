"""What nobody may ask for any more, and how each kind of it is deleted."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from desk import deadlines, idempotency
from desk.accounts import identities, one_time_tokens, sessions, socket_tickets
from desk.deadlines import Due
from desk.notifications import account_mails
from desk.webhooks import webhook_queue

EVERY = timedelta(hours=1)
# Deleted in one transaction: what else is due waits for no more than that.
BATCH = 1_000

# Deletes a batch at most of what is over at a time, and returns how much that was.
Prune = Callable[[Session, datetime, int], int]

# By the kind of their deadlines, which recur.
PRUNES: Mapping[str, Prune] = {
    "retention_sessions": sessions.prune,
    "retention_idempotency_keys": idempotency.prune,
    "retention_socket_tickets": socket_tickets.prune,
    "retention_identity_tokens": identities.prune,
    "retention_one_time_tokens": one_time_tokens.prune,
    "retention_account_mails": account_mails.prune,
    "retention_webhook_deliveries": webhook_queue.prune,
}


def prune(session: Session, deadline: Due, now: datetime) -> None:
    """Deletes a batch, and comes back: at once if it was full, else after `EVERY`."""
    is_full = PRUNES[deadline.kind](session, now, BATCH) == BATCH
    deadlines.arm(session, deadline.kind, deadline.subject_id, now if is_full else now + EVERY)
