"""Work that is done elsewhere. A wake-up only hastens it: the database says what is to be done."""

from enum import StrEnum


class Job(StrEnum):
    DRAIN_ASSIGNMENT = "assignment.drain"
    RECLAIM_ASSIGNMENT = "assignment.reclaim"
    DRAIN_NOTIFICATIONS = "notifications.drain"
    DRAIN_WEBHOOKS = "webhooks.drain"
    INDEX_WORDS = "search.index"
    DELETE_FILES = "files.delete"
    SCAN_FILES = "files.scan"

    @property
    def queue(self) -> str:
        # What is neither urgent nor frequent shares a queue.
        mine = (Job.DRAIN_ASSIGNMENT, Job.RECLAIM_ASSIGNMENT)
        return "assignment" if self in mine else "notifications"
