"""What can happen to two tickets at once: one becomes a part of the other, or is made of it."""

from dataclasses import dataclass
from uuid import UUID

from desk.event_data import EventData
from models import Ticket


@dataclass(frozen=True, kw_only=True)
class MergedInto(EventData):
    """The ticket became a part of another, and is closed for good: whoever asks for it is led
    there.
    """

    kind = "merged_into"
    sentence = "merged the ticket into #{number}"

    ticket_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class MergedFrom(EventData):
    """Another ticket became a part of this one. Its timeline stays where it is, and is read by
    whoever reads this one. ``messages``: how many it has, without notes. ``description``: what it
    was opened with.
    """

    kind = "merged_from"
    sentence = "merged #{number} {title} ({messages} messages) into this ticket"

    ticket_id: UUID
    number: int
    title: str
    description: str
    messages: int

    def words(self, ticket: Ticket) -> str:
        return f"{self.number}\n{self.title}\n{self.description}"


@dataclass(frozen=True, kw_only=True)
class Unmerged(EventData):
    """A merge with the other ticket was undone; both have this event."""

    kind = "unmerged"
    sentence = "undid the merge with #{number}"

    ticket_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class SplitFrom(EventData):
    """The ticket was opened with messages of another; ``seqs`` are their numbers there."""

    kind = "split_from"
    sentence = "split this ticket from #{number}"
    is_internal = True

    ticket_id: UUID
    number: int
    seqs: list[int]


@dataclass(frozen=True, kw_only=True)
class SplitTo(EventData):
    """A ticket of its own was opened with messages of this one; ``seqs`` are their numbers."""

    kind = "split_to"
    sentence = "split messages from this ticket into #{number} {title}"
    is_internal = True

    ticket_id: UUID
    number: int
    title: str
    seqs: list[int]
