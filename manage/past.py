"""The past of a large desk, made up: rows as the rules would have left them, for a COPY."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from random import Random

from uuid_utils import uuid7

from desk.assignment.strategies import Strategy
from desk.events import (
    KINDS,
    Assigned,
    MessagePosted,
    NotePosted,
    PriorityChanged,
    StatusChanged,
    TagsChanged,
    TicketCreated,
)
from manage.stories import STORIES, Story
from models import Priority, Status

# What a ticket is about, beside its story: words from very common to very rare.
MAKES = (
    "Alder", "Amber", "Aspen", "Basalt", "Birch", "Cedar", "Cobalt", "Coral", "Delta", "Ember",
    "Fjord", "Garnet", "Harbor", "Indigo", "Juniper", "Kestrel", "Lagoon", "Linden", "Maple",
    "Mistral", "Nimbus", "Onyx", "Opal", "Orchid", "Pebble", "Quartz", "Raven", "Saffron",
    "Sierra", "Tundra", "Umber", "Vesper", "Willow", "Zephyr",
)  # fmt: skip
THINGS = (
    "adapter", "blender", "camera", "charger", "dock", "fan", "grill", "heater", "iron", "jacket",
    "kettle", "lamp", "mixer", "mouse", "oven", "phone", "printer", "radio", "router", "scale",
    "scanner", "speaker", "tablet", "toaster", "tracker", "tripod", "vacuum", "watch",
)  # fmt: skip
# Of the tickets, the newest part is work for somebody; of the older ones hardly any.
FRESH = 0.04
ACTIVE_IF_FRESH, ACTIVE_IF_OLD = 0.7, 0.002
# Closed by whoever saw it first, before anybody was given it.
SPAM = 0.03

Row = tuple[object, ...]


@dataclass(slots=True)
class Rows:
    """What is to be written, by table, in the order of `COLUMNS`."""

    tickets: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    assignment_decisions: list[Row] = field(default_factory=list)
    read_cursors: list[Row] = field(default_factory=list)


COLUMNS = {
    "tickets": (
        "id, title, description, category, type, status, priority, tags, user_id, assigned_to_id, "
        "created_at, updated_at, public_updated_at, first_response_at, resolved_at, closed_at, "
        "last_seq, last_public_seq, last_message_seq, last_message_from_staff"
    ),
    "events": "ticket_id, seq, public_seq, id, kind, actor_id, at, content, data",
    "assignment_decisions": "ticket_id, seq, strategy, candidates",
    "read_cursors": "user_id, ticket_id, seq",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part, by their ids; a CSR may have ``capacity`` tickets at once."""

    customers: Sequence[str]
    csrs: Sequence[str]
    capacity: int


class Course:
    """One ticket as it takes its course."""

    def __init__(self, random: Random, rows: Rows, customer: str, csr: str, at: datetime) -> None:
        self._random, self._rows = random, rows
        self._customer, self._csr = customer, csr
        self._created_at = self._at = self._public_at = at
        self._id = str(uuid7())
        self._seq = self._public_seq = 0
        self._last_message_seq: int | None = None
        self._last_message_from_staff: bool | None = None
        # The number up to which each side has read: that of its own last word.
        self._csr_read = self._customer_read = 0
        self._status = Status.OPEN
        self._priority: Priority | None = None
        self._tags: Sequence[str] = ()
        self._assignee: str | None = None
        self._answered_at: datetime | None = None
        self._resolved_at: datetime | None = None
        self._closed_at: datetime | None = None

    def run(self, story: Story, number: int, cast: Cast, *, is_active: bool) -> None:
        chance = self._random.random
        self._record(TicketCreated.kind, self._customer)
        if not is_active and chance() < SPAM:
            self._set(Status.CLOSED)
        else:
            self._assign(cast)
            self._triage(story)
            if chance() < 0.3:
                self._set(Status.IN_PROGRESS)
            for speaker, text in story.turns[: self._random.choice((1, 1, 2, 3))]:
                self._say(speaker, text.replace("{n}", str(number)))
            if not is_active:
                self._end(chance())
        self._write(story, number)

    def _triage(self, story: Story) -> None:
        chance = self._random.random
        if story.priority and chance() < 0.5:
            data = _json({"from": None, "to": story.priority.value})
            self._record(PriorityChanged.kind, self._csr, data=data)
            self._priority = story.priority
        if story.tags and chance() < 0.4:
            self._tags = story.tags if chance() < 0.5 else story.tags[:1]
            data = _json({"added": list(self._tags), "removed": []})
            self._record(TagsChanged.kind, self._csr, data=data)

    def _assign(self, cast: Cast) -> None:
        self._record(Assigned.kind, None, data=_json({"from": None, "to": self._csr, "by": None}))
        self._assignee = self._csr
        candidates = _json([[self._csr, True, 0, cast.capacity, 0]])
        strategy = Strategy.ROUND_ROBIN.value
        self._rows.assignment_decisions.append((self._id, self._seq, strategy, candidates))

    def _say(self, speaker: str, text: str) -> None:
        kind = NotePosted.kind if speaker == "note" else MessagePosted.kind
        self._record(kind, self._customer if speaker == "customer" else self._csr, content=text)
        if speaker != "note":
            self._last_message_seq, self._last_message_from_staff = self._seq, speaker == "csr"
        if speaker == "csr" and self._answered_at is None:
            self._answered_at = self._at

    def _end(self, chance: float) -> None:
        if chance < 0.4:
            self._set(Status.RESOLVED)
        if chance > 0.2:
            self._set(Status.CLOSED)
        # Nothing of it is news to anybody any more.
        self._csr_read = self._customer_read = self._seq

    def _set(self, to: Status) -> None:
        self._record(StatusChanged.kind, self._csr, data=_from_to(self._status, to))
        self._status = to
        if to is Status.RESOLVED:
            self._resolved_at = self._at
        elif to is Status.CLOSED:
            self._closed_at = self._at

    def _record(
        self, kind: str, actor: str | None, *, data: str = "{}", content: str | None = None
    ) -> None:
        """As `desk.tickets.timeline.record` does it."""
        if self._seq:
            self._at += timedelta(minutes=self._random.uniform(1, 600))
        self._seq += 1
        public_seq = None
        if not KINDS[kind].is_internal:
            self._public_seq += 1
            public_seq, self._public_at = self._public_seq, self._at
        if actor == self._customer:
            self._customer_read = self._seq
        elif actor is not None:
            self._csr_read = self._seq
        self._rows.events.append(
            (
                self._id,
                self._seq,
                public_seq,
                str(uuid7()),
                kind,
                actor,
                self._at,
                content,
                data,
            )
        )

    def _write(self, story: Story, number: int) -> None:
        thing = f"{self._random.choice(MAKES)} {self._random.choice(THINGS)}"
        self._rows.tickets.append(
            (
                self._id,
                story.title.replace("{n}", str(number)),
                f"{story.description.replace('{n}', str(number))} {thing}, case {number}.",
                story.category,
                story.type,
                self._status.value,
                self._priority.value if self._priority else None,
                f"{{{','.join(self._tags)}}}",
                self._customer,
                self._assignee,
                self._created_at,
                self._at,
                self._public_at,
                self._answered_at,
                self._resolved_at,
                self._closed_at,
                self._seq,
                self._public_seq,
                self._last_message_seq,
                self._last_message_from_staff,
            )
        )
        self._rows.read_cursors.append((self._customer, self._id, self._customer_read))
        if self._assignee and self._csr_read:
            self._rows.read_cursors.append((self._assignee, self._id, self._csr_read))


def chapter(
    random: Random, cast: Cast, numbers: range, count: int, begin: datetime, end: datetime
) -> Rows:
    """The tickets ``numbers`` out of ``count`` between two times, ever more of them to the end."""
    rows = Rows()
    for n in numbers:
        age = 1 - n / count
        at = end - (end - begin) * age**1.5
        is_active = random.random() < (ACTIVE_IF_FRESH if age < FRESH else ACTIVE_IF_OLD)
        # In turns, so that the active ones, which follow each other, are shared out evenly.
        csr = cast.csrs[n % len(cast.csrs)]
        # A few customers write much, most of them little.
        customer = cast.customers[int(len(cast.customers) * random.random() ** 2)]
        course = Course(random, rows, customer, csr, at)
        course.run(random.choice(STORIES), n, cast, is_active=is_active)
    return rows


@cache
def _from_to(before: Status, to: Status) -> str:
    return _json({"from": before.value, "to": to.value})


def _json(value: object) -> str:
    return json.dumps(value)
