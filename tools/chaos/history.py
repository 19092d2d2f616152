"""The record of a run: what the clients sent and saw, and what the database holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True)
class Sent:
    """One message that a client wanted to say.

    ``seq``: what the acknowledgement said, in the sender's numbering; ``refused``: the code of a
    definite refusal. Neither: it was never answered.
    """

    client: str
    ticket_id: str
    client_id: str
    content: str
    internal: bool = False
    seq: int | None = None
    refused: str | None = None


class Said(NamedTuple):
    """One event of a timeline, as the server showed it or the database holds it."""

    kind: str
    actor_id: str | None
    client_id: str | None
    content: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event as it came in over one of a client's connections, before any filtering.

    ``after``: the number that the connection last joined from. ``rejoining``: that join was asked
    for from within the room and not yet answered, so that the room and the replay overlap.
    """

    connection: int
    after: int
    seq: int
    said: Said
    rejoining: bool = False


@dataclass(slots=True)
class View:
    """A ticket as one client saw it: all that arrived, and what it took of that for the truth."""

    client: str
    ticket_id: str
    is_staff: bool
    arrivals: list[Arrival] = field(default_factory=list)
    taken: list[tuple[int, Said]] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.taken[-1][0] if self.taken else 0


class Row(NamedTuple):
    seq: int
    public_seq: int | None
    said: Said


@dataclass(frozen=True, slots=True)
class Stored:
    """A ticket's timeline in the database, in the order of the staff's numbers."""

    last_seq: int
    last_public_seq: int
    rows: Sequence[Row]

    def timeline(self, *, is_staff: bool) -> list[tuple[int, Said]]:
        if is_staff:
            return [(row.seq, row.said) for row in self.rows]
        return [(row.public_seq, row.said) for row in self.rows if row.public_seq is not None]


@dataclass(slots=True)
class History:
    sent: list[Sent] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    stored: dict[str, Stored] = field(default_factory=dict)
    # The account of each client, by the client's name.
    actors: dict[str, str] = field(default_factory=dict)
