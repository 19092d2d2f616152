"""The histories that were sent last, as they were encoded, for whoever joins next.

A page is of one ticket and audience while somebody reads the ticket here. It ends where the room's
cursor stands: each event that is delivered follows in it. Nobody is sent one before the database
said that they may see the ticket. An erasure alone changes events that were written, and says so by
an event of its own (ADR 41): that ends a page.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from desk.access import Audience
from desk.people_events import Erased
from server.transport.send_queue import EncodedEvent
from server.transport.socket_server import encoded_event
from wire.server_events import TIMELINE
from wire.shapes import Recorded

# Of one page, and bytes of one and of all.
MOST_EVENTS = 500
LONGEST_PAGE = 256 * 1024
MOST_BYTES = 32 * 1024 * 1024
# Bytes of memory that an event takes beside its frame.
BESIDE = 220

Key = tuple[UUID, Audience]


@dataclass(slots=True)
class Page:
    """The events after a number, which have no holes."""

    after: int
    events: list[EncodedEvent]
    size: int = 0

    @property
    def end(self) -> int:
        return self.after + len(self.events)

    def shorten(self) -> None:
        """Forgets the oldest that are too much."""
        gone = max(0, len(self.events) - MOST_EVENTS)
        self.size -= sum(map(_size, self.events[:gone]))
        while self.size > LONGEST_PAGE:
            self.size -= _size(self.events[gone])
            gone += 1
        del self.events[:gone]
        self.after += gone


class KeptPages:
    """All pages of this process. The sequencer calls it under the lock of the ticket's room."""

    def __init__(self) -> None:
        # Those that somebody joined by last come last.
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        # Bytes of all of them.
        self.size = 0

    def after(
        self, ticket_id: UUID, audience: Audience, number: int, last: int
    ) -> Sequence[EncodedEvent] | None:
        """The events after a number to the ``last``; None where they are not here, all of them."""
        page = self._pages.get((ticket_id, audience))
        if page is None or page.end != last or number < page.after:
            return None
        self._pages.move_to_end((ticket_id, audience))
        return page.events[number - page.after :]

    def keep(
        self, ticket_id: UUID, audience: Audience, last: int, events: Sequence[EncodedEvent]
    ) -> None:
        """Keeps the newest events, of which the ``last`` is that number."""
        self._drop((ticket_id, audience))
        page = Page(last - len(events), [*events], sum(map(_size, events)))
        page.shorten()
        self._pages[ticket_id, audience] = page
        self._add(page.size)

    def extend(self, recorded: Recorded, shown: Mapping[Audience, EncodedEvent]) -> None:
        """Has an event follow that was delivered; ``shown``: as it was encoded for audiences."""
        ticket_id = recorded.event.ticket_id
        if recorded.event.kind == Erased.kind:
            self.forget(ticket_id)
        for audience in Audience:
            page = self._pages.get((ticket_id, audience))
            if page is None or (event := recorded.for_audience(audience)) is None:
                continue
            if event.seq != page.end + 1:
                self._drop((ticket_id, audience))
                continue
            before = page.size
            packet = shown.get(audience) or encoded_event(TIMELINE, event)
            page.events.append(packet)
            page.size += _size(packet)
            page.shorten()
            self._add(page.size - before)

    def forget(self, ticket_id: UUID) -> None:
        """Ends the pages of a ticket: nobody reads it here any more, or they may be wrong."""
        for audience in Audience:
            self._drop((ticket_id, audience))

    def _add(self, size: int) -> None:
        self.size += size
        while self.size > MOST_BYTES:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: Key) -> None:
        if (page := self._pages.pop(key, None)) is not None:
            self.size -= page.size


def _size(packet: EncodedEvent) -> int:
    return packet.length + BESIDE
