"""What nobody may ask for any more, and how each kind of it is deleted."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from desk import idempotency
from desk.accounts import sessions, socket_tickets
from desk.jobs import Job
from desk.webhooks import webhook_queue

# Each returns how much it deleted.
Prune = Callable[[Session, datetime], int]

PRUNES: Mapping[Job, Prune] = {
    Job.PRUNE_SESSIONS: sessions.prune,
    Job.PRUNE_IDEMPOTENCY_KEYS: idempotency.prune,
    Job.PRUNE_SOCKET_TICKETS: socket_tickets.prune,
    Job.PRUNE_WEBHOOKS: webhook_queue.prune,
}
