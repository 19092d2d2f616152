"""What was merged into a ticket, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from desk.access import Actor
from desk.merge_events import MergedFrom, Unmerged
from desk.tickets import history, people
from desk.tickets.people import Person
from server.database.transaction import Desk
from wire.shapes import TimelineEvent, timeline_event

# The newest of them, each with so many of its events: more is read by scripts.
MOST_PARTS = 10
MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Part:
    events: Sequence[TimelineEvent]
    people: Sequence[Person]


async def parts_of(desk: Desk, actor: Actor, events: Sequence[TimelineEvent]) -> dict[str, Part]:
    """The tickets that were merged into one, and into these, by their ids as the events have them.

    Without those of which that was undone.
    """
    parts: dict[str, Part] = {}
    waiting = _merged(events)
    while waiting and len(parts) < MOST_PARTS:
        ticket_id = waiting.pop()
        read = await desk.read(history.read, actor, UUID(ticket_id), 0, MOST_EVENTS)
        named = await desk.read(people.in_timeline, actor, UUID(ticket_id))
        found = [timeline_event(event, actor.audience) for event in read.events]
        parts[ticket_id] = Part(found, named)
        waiting += [each for each in _merged(found) if each not in parts]
    return parts


def _merged(events: Sequence[TimelineEvent]) -> list[str]:
    merged: dict[str, None] = {}
    for event in events:
        if event.kind == MergedFrom.kind:
            merged[event.data["ticket_id"]] = None
        elif event.kind == Unmerged.kind:
            merged.pop(event.data["ticket_id"], None)
    return list(merged)
