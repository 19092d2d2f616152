"""What is replayed to those who join a ticket: read, encoded, and kept for the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from desk.access import Actor, Audience
from desk.errors import Merged
from desk.rows import EventRow
from desk.tickets import history, timeline
from desk.tickets.views import TicketView, not_found
from server.database.transaction import Desk
from server.live.kept_pages import KeptPages
from server.transport.send_queue import EncodedEvent
from server.transport.socket_server import encoded_event
from wire.server_events import TIMELINE
from wire.shapes import timeline_event

# Events that one join replays, and the characters of their texts, of which JSON may make six
# times as many; a longer history takes several joins. With what stands around each text that is
# less than may wait for a socket. A character has four bytes at most: what a read ended before is
# over this, too.
MOST_EVENTS = 500
MOST_CHARACTERS = timeline.LONGEST_READ * 3 // 16


@dataclass(frozen=True, slots=True)
class Replay:
    """``seq``: the number of the last event, or where the audience's timeline stands.

    ``more``: there are later ones than one join replays.
    """

    events: Sequence[EncodedEvent]
    seq: int
    more: bool


class Histories:
    """Reads for the sequencer, under the lock of the ticket's room."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.pages = KeptPages()

    async def stands(self, actor: Actor, ticket_id: UUID) -> tuple[TicketView, int]:
        """The ticket as the actor may see it, and the staff's number of its newest event.

        Raises `NotFound`, `Merged`, `Unavailable`.
        """
        statement = history.STANDS[actor.audience]
        rows = await self._desk.fetch(statement, me=actor.id, ticket_id=ticket_id)
        if not rows:
            raise not_found()
        [(ticket, head)] = rows
        if ticket.merged_into_id is not None:
            raise Merged(ticket.merged_into_id)
        return ticket, head

    async def after(self, number: int, audience: Audience, ticket: TicketView, head: int) -> Replay:
        """The events after a number of the audience's. The room's cursor is at the ``head``: every
        event up to it was committed when the ticket was read, and later ones are left out.
        """
        kept = self.pages.after(ticket.id, audience, number, ticket.seq)
        if kept is not None:
            return Replay(kept, ticket.seq, more=False)
        rows = await self._desk.fetch(
            timeline.AFTER[audience], ticket_id=ticket.id, after=number, limit=MOST_EVENTS + 1
        )
        read = [row for row in rows if row.seq <= head]
        events = [timeline_event(row, audience) for row in _page(read)]
        encoded = [encoded_event(TIMELINE, event) for event in events]
        seq = events[-1].seq if events else ticket.seq
        more = len(events) < len(read)
        if not more:
            self.pages.keep(ticket.id, audience, seq, encoded)
        return Replay(encoded, seq, more)


def _page(events: Sequence[EventRow]) -> Sequence[EventRow]:
    """The first events, as many as one join replays: at least one."""
    characters = 0
    for n, event in enumerate(events[:MOST_EVENTS]):
        characters += len(event.content or "")
        if n and characters > MOST_CHARACTERS:
            return events[:n]
    return events[:MOST_EVENTS]
