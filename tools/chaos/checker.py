"""Judges a history: nothing lost, nothing doubled, nothing out of order, no holes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tools.chaos.history import History, Row, Sent, Stored, View


class Fault(StrEnum):
    LOST = "lost"
    DOUBLED = "doubled"
    OUT_OF_ORDER = "out of order"
    HOLE = "holes"
    # The server showed an event that the database does not hold, or not like this.
    INVENTED = "invented"
    # Nothing in a run is a reason to refuse a message or to leave it without an answer.
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    # A team's tickets went to others, to some of its members alone, or past somebody's capacity.
    OUTSIDE = "outside the team"
    UNFAIR = "unfair"
    OVERLOADED = "past a capacity"


@dataclass(frozen=True, slots=True)
class Violation:
    fault: Fault
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.where}: {self.what}"


def check(history: History) -> list[Violation]:
    found = [*_sends(history), *_sender_order(history)]
    for ticket_id, stored in history.stored.items():
        found += _dense(ticket_id, stored)
    for view in history.views:
        found += _arrivals(view)
        found += _taken(view, history.stored[view.ticket_id])
    return found


def _sends(history: History) -> Iterator[Violation]:
    """What was acknowledged is stored, once, where the acknowledgement said."""
    by_client_id: defaultdict[tuple[str, str | None, str | None], list[Row]] = defaultdict(list)
    by_content: Counter[tuple[str, str | None]] = Counter()
    for ticket_id, stored in history.stored.items():
        for row in stored.rows:
            by_client_id[ticket_id, row.said.actor_id, row.said.client_id].append(row)
            by_content[ticket_id, row.said.content] += 1
    for sent in history.sent:
        where = f"{sent.client} on {sent.ticket_id}"
        rows = by_client_id[sent.ticket_id, history.actors[sent.client], sent.client_id]
        if max(len(rows), by_content[sent.ticket_id, sent.content]) > 1:
            yield Violation(Fault.DOUBLED, where, f"{sent.client_id} is stored more than once")
        if sent.refused is not None:
            yield Violation(Fault.REFUSED, where, f"{sent.client_id}: {sent.refused}")
        elif sent.seq is None:
            yield Violation(Fault.UNANSWERED, where, f"{sent.client_id} has no answer")
        elif not any(_matches(sent, row) for row in rows):
            yield Violation(Fault.LOST, where, f"{sent.client_id} was acknowledged as {sent.seq}")


def _matches(sent: Sent, row: Row) -> bool:
    kind = "note_posted" if sent.internal else "message_posted"
    return (
        sent.seq in (row.seq, row.public_seq)
        and row.said.content == sent.content
        and row.said.kind == kind
    )


def _sender_order(history: History) -> Iterator[Violation]:
    """One client's messages on a ticket are numbered as they were sent."""
    last: dict[tuple[str, str], int] = {}
    for sent in history.sent:
        if sent.seq is None:
            continue
        key = sent.client, sent.ticket_id
        if sent.seq <= last.get(key, 0):
            where = f"{sent.client} on {sent.ticket_id}"
            yield Violation(Fault.OUT_OF_ORDER, where, f"{sent.seq} was sent after {last[key]}")
        last[key] = sent.seq


def _dense(ticket_id: str, stored: Stored) -> Iterator[Violation]:
    """Both numberings are 1, 2, 3 … in one order, up to where the ticket says it stands."""
    public = [row.public_seq for row in stored.rows if row.public_seq is not None]
    for name, numbers, last in (
        ("staff", [row.seq for row in stored.rows], stored.last_seq),
        ("customers", public, stored.last_public_seq),
    ):
        if numbers != list(range(1, last + 1)):
            where = f"timeline of {ticket_id} for {name}"
            yield Violation(Fault.HOLE, where, f"is not 1 … {last}: {_first_odd(numbers)}")


def _first_odd(numbers: list[int]) -> str:
    odd = next((n for n, number in enumerate(numbers, 1) if n != number), len(numbers) + 1)
    return f"differs at {odd}"


def _arrivals(view: View) -> Iterator[Violation]:
    """On each connection the server itself sent n + 1 after n, from where the client joined.

    What the client's own rules would forgive counts here. Only while a join from within the room
    is under way what the client has already may come again.
    """
    where = f"{view.client} on {view.ticket_id}"
    last: dict[int, int] = {}
    for arrival in view.arrivals:
        expected = last.setdefault(arrival.connection, arrival.after) + 1
        if arrival.rejoining and arrival.seq < expected:
            continue
        what = f"connection {arrival.connection} was sent {arrival.seq} instead of {expected}"
        if arrival.seq > expected:
            yield Violation(Fault.HOLE, where, what)
        elif arrival.seq == expected - 1:
            yield Violation(Fault.DOUBLED, where, what)
        elif arrival.seq < expected:
            yield Violation(Fault.OUT_OF_ORDER, where, what)
        last[arrival.connection] = max(arrival.seq, expected - 1)


def _taken(view: View, stored: Stored) -> Iterator[Violation]:
    """In the end the client has its audience's timeline, from the first event to the last."""
    where = f"{view.client} on {view.ticket_id}"
    timeline = dict(stored.timeline(is_staff=view.is_staff))
    numbers = [seq for seq, _ in view.taken]
    for seq, count in Counter(numbers).items():
        if count > 1:
            yield Violation(Fault.DOUBLED, where, f"took {seq} {count} times")
    if any(later < earlier for earlier, later in pairwise(numbers)):
        yield Violation(Fault.OUT_OF_ORDER, where, "did not take the events in order")
    if missing := sorted(timeline.keys() - set(numbers)):
        yield Violation(Fault.HOLE, where, f"never had {missing[:5]} of {len(timeline)}")
    for seq, said in view.taken:
        if timeline.get(seq) != said:
            yield Violation(Fault.INVENTED, where, f"was shown {said} as {seq}")
