"""Work that is done elsewhere. A wake-up only hastens it: the database says what is to be done."""

from datetime import timedelta
from enum import StrEnum


class Job(StrEnum):
    DRAIN_ASSIGNMENT = "assignment.drain"
    RECLAIM_ASSIGNMENT = "assignment.reclaim"
    DRAIN_NOTIFICATIONS = "notifications.drain"
    DRAIN_WEBHOOKS = "webhooks.drain"
    INDEX_WORDS = "search.index"
    PRUNE_WEBHOOKS = "webhooks.prune"
    PRUNE_SESSIONS = "sessions.prune"
    PRUNE_IDEMPOTENCY_KEYS = "idempotency.prune"
    PRUNE_SOCKET_TICKETS = "socket_tickets.prune"

    @property
    def queue(self) -> str:
        # What is neither urgent nor frequent shares a queue.
        mine = (Job.DRAIN_ASSIGNMENT, Job.RECLAIM_ASSIGNMENT)
        return "assignment" if self in mine else "notifications"

    @property
    def every(self) -> timedelta:
        """How often the work is looked for, woken or not."""
        return timedelta(hours=1) if self in RARE else timedelta(seconds=5)


# Deleting what nobody asks for any more: `desk.retention`.
RARE = (
    Job.PRUNE_SESSIONS,
    Job.PRUNE_WEBHOOKS,
    Job.PRUNE_IDEMPOTENCY_KEYS,
    Job.PRUNE_SOCKET_TICKETS,
)
