"""What can happen to who is on copy of a ticket, to what it is linked with, and to the words of
somebody who is erased.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from desk.event_data import EventData
from models import LinkKind


@dataclass(frozen=True, kw_only=True)
class ParticipantsChanged(EventData):
    """Customers were put on copy, whose own the ticket is from then on, or taken off."""

    kind = "participants_changed"
    sentence = "put {added} on copy and took {removed} off"

    added: list[UUID]
    removed: list[UUID]


@dataclass(frozen=True, kw_only=True)
class Erased(EventData):
    """What a person had written on the ticket is gone, from its events too; with ``files_only``
    their files alone.
    """

    kind = "erased"
    sentence = "erased what {user_id} had written"

    user_id: UUID
    files_only: bool


@dataclass(frozen=True, kw_only=True)
class Linked(EventData):
    """The ticket was linked with another. ``is_source``: it is this one that blocks the other, or
    is a duplicate of it.
    """

    kind = "linked"
    sentence = "linked the ticket with #{number}: {kind}"
    is_internal = True

    kind_: Annotated[LinkKind, Field(alias="kind")]
    ticket_id: UUID
    number: int
    is_source: bool


@dataclass(frozen=True, kw_only=True)
class Unlinked(Linked):
    """The same link was taken away."""

    kind = "unlinked"
    sentence = "took the link with #{number} away: {kind}"
