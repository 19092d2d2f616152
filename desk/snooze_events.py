"""What can happen to a ticket's sleep."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from desk.event_data import EventData


@dataclass(frozen=True, kw_only=True)
class Snoozed(EventData):
    """The ticket is no work until a time; with ``wake_on_reply`` also until its customer writes."""

    kind = "snoozed"
    sentence = "snoozed the ticket until {until}"
    is_internal = True

    until: datetime
    wake_on_reply: bool


@dataclass(frozen=True, kw_only=True)
class Woke(EventData):
    """The ticket is work again; ``by``: the clock, its customer's message, or somebody's id."""

    kind = "woke"
    sentence = "woke the ticket"
    is_internal = True

    by: Literal["clock", "customer"] | UUID
