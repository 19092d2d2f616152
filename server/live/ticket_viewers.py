"""One ticket that somebody looks at through this process, and all who do, through whichever."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from desk.access import Audience
from models import Role
from wire.presence import Seen, idle_together, together
from wire.shapes import Viewer


@dataclass(slots=True)
class TicketViewers:
    """The viewers of one ticket, by process, and what those here were sent of them."""

    # Connections of each here, and how many of them are idle.
    here: Counter[Viewer] = field(default_factory=Counter)
    idle_here: Counter[Viewer] = field(default_factory=Counter)
    elsewhere: dict[str, Seen] = field(default_factory=dict)
    # Whether what the others had said before is in ``elsewhere``.
    is_looked_up: bool = False
    sent: dict[Audience, list[Viewer]] = field(default_factory=dict)
    # Those of the staff whom the customer knows, and all about whom the database was asked.
    named: set[UUID] = field(default_factory=set)
    asked: set[UUID] = field(default_factory=set)

    def entered(self, viewer: Viewer, *, is_idle: bool) -> None:
        self.here[viewer] += 1
        self.idle_here[viewer] += is_idle

    def left(self, viewer: Viewer, *, is_idle: bool) -> None:
        self.here[viewer] -= 1
        self.idle_here[viewer] -= is_idle
        if self.here[viewer] <= 0:
            del self.here[viewer], self.idle_here[viewer]

    def said(self, version: int) -> Seen:
        """What the others are told of the viewers here."""
        idle = [v.user_id for v, count in self.here.items() if self.idle_here[v] >= count]
        return Seen(version, tuple(self.here), tuple(idle))

    @property
    def idle(self) -> list[UUID]:
        return idle_together(self._seen)

    def viewers(self, audience: Audience) -> list[Viewer]:
        """Who looks at it now, as the audience may know."""
        everybody = together(self._seen)
        if audience is Audience.STAFF:
            return everybody
        return [v for v in everybody if v.role is Role.USER or v.user_id in self.named]

    @property
    def unknown(self) -> set[UUID]:
        """Those of the staff of whom nobody knows yet whether the customer knows them."""
        staff = {v.user_id for s in self._seen for v in s.viewers if v.role is not Role.USER}
        return staff - self.asked - self.named

    @property
    def _seen(self) -> list[Seen]:
        return [self.said(0), *self.elsewhere.values()]
