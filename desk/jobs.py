"""Work that is done elsewhere. A wake-up only hastens it: the database says what is to be done."""

from enum import StrEnum


class Job(StrEnum):
    DRAIN_ASSIGNMENT = "assignment.drain"
    DRAIN_NOTIFICATIONS = "notifications.drain"

    @property
    def queue(self) -> str:
        return self.value.partition(".")[0]
