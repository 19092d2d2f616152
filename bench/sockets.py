"""Sockets: a chat that is kept, and the fan-out alone; against Node and stock python-socketio.

The kept chat has two processes each, and no two rounds have the same people, so that the product's
limits on what somebody does in a minute have no part in it.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from bench.house import (
    FASTAPI,
    FLOOR,
    NODE,
    NODE_TWICE,
    PEERS,
    SOCKETIO,
    US,
    House,
    Kind,
    Subject,
)
from bench.people import customers, share, staff, tokens
from bench.rounds import Refused, Sample, Work, interleaved, metered
from tests.factories import Person

GENERATOR = PEERS / "node" / "generator.mjs"
CONNECTING_AT_ONCE = 32
# What the product lets one socket send of `typing`, a little below: 30 in 10 seconds.
TYPING_RATE = 2.9


@dataclass(frozen=True)
class Crowd:
    """Who connects, and in which rooms: ``members`` are positions in ``people``."""

    people: list[Person]
    rooms: list[dict[str, Any]]


@dataclass(frozen=True)
class Load:
    """What a crowd does: ``chat``, ``busy``, ``fan_out``, ``idle``, ``join`` or ``come_back``.

    ``rate``: of a room, and in a fan-out of a member, a second; ``plain``: not over Socket.IO.
    """

    crowd: Crowd
    work: str
    rate: float
    seconds: float
    plain: bool = False


@dataclass(frozen=True)
class Talk:
    """``rooms`` of ``size``, each with ``rate`` messages a second."""

    size: int
    rooms: int
    rate: float

    def __str__(self) -> str:
        return f"chat, {self.rooms} rooms of {self.size}"


CHATS = (Talk(2, 50, 2.0), Talk(10, 20, 2.0), Talk(50, 6, 2.0), Talk(10, 200, 0.5))
# Each member has one message under way at any time.
BUSY = Talk(10, 1, 0)
# At most: a fast machine would come to the limit of 200 messages of an account in ten seconds.
BUSY_SECONDS = 1.5
BUSY_TITLE = f"chat, one busy room of {BUSY.size}"
PLAIN = Talk(10, 20, 2.0)
FAN_OUTS = (Talk(10, 100, TYPING_RATE), Talk(250, 2, TYPING_RATE))


def desk_crowd(house: House, talk: Talk) -> Crowd:
    """As on a desk: each room has its customer, and the same staff are in all of them."""
    colleagues = staff(house, max(talk.size - 1, 5))
    known = customers(house, talk.rooms, 1, colleagues[0])
    people = [*colleagues, *known.people]
    rooms = []
    for n, person in enumerate(known.people):
        [ticket_id] = known.tickets[str(person.id)]
        inside = [(n + k) % len(colleagues) for k in range(talk.size - 1)]
        members = [len(colleagues) + n, *inside]
        rooms.append({"ticket_id": ticket_id, "members": members})
    return Crowd(people, rooms)


def separate_crowd(house: House, talk: Talk) -> Crowd:
    """Each socket is in one room alone."""
    found = Crowd([], [])
    colleagues = iter(staff(house, talk.rooms * (talk.size - 1)))
    known = customers(house, talk.rooms, 1, staff(house, 1)[0])
    for person in known.people:
        [ticket_id] = known.tickets[str(person.id)]
        start = len(found.people)
        found.people.extend([person, *(next(colleagues) for _ in range(talk.size - 1))])
        members = list(range(start, start + talk.size))
        found.rooms.append({"ticket_id": ticket_id, "members": members})
    return found


def chat(house: House, talk: Talk, rounds: int, seconds: float) -> Iterator[Work]:
    yield _beside_node(house, Work(str(talk), "delivery"), talk, "chat", rounds, seconds)


def busy(house: House, rounds: int, seconds: float) -> Iterator[Work]:
    """One room, whose members post as fast as they are answered."""
    seconds = min(seconds, BUSY_SECONDS)
    work = _beside_node(house, Work(BUSY_TITLE, "delivery"), BUSY, "busy", rounds, seconds)
    for n, sample in enumerate(work.samples):
        if sample.subject.startswith(US):  # The order is a promise of ours alone.
            wrong = sample.wrong + int(sample.more["out_of_order"])
            work.samples[n] = replace(sample, wrong=wrong)
    yield work


def _beside_node(
    house: House, work: Work, talk: Talk, what: str, rounds: int, seconds: float
) -> Work:
    loads = [Load(desk_crowd(house, talk), what, talk.rate, seconds) for _ in range(rounds + 1)]
    share(house)
    with ExitStack() as stack:
        ours = stack.enter_context(house.product(processes=2))
        subjects = [ours, stack.enter_context(house.peer(NODE_TWICE))]
        return _kept(work, subjects, rounds, lambda s, turn: run(house, s, loads[turn]))


def plain_chat(house: House, rounds: int, seconds: float) -> Iterator[Work]:
    """Over the plain WebSocket, whose every member is a connection of its own."""
    crowd = separate_crowd(house, PLAIN)
    work = Work(f"plain WebSocket chat, {PLAIN.size} in a room", "delivery")
    load = Load(crowd, "chat", PLAIN.rate, seconds, plain=True)
    share(house)
    with ExitStack() as stack:
        subjects = _start(house, stack, FASTAPI)
        yield _kept(work, subjects, rounds, lambda s, _: run(house, s, load))


def _kept(
    work: Work,
    subjects: list[Subject],
    rounds: int,
    measure: Callable[[Subject, int], Sample],
) -> Work:
    """Messages that have to be in the database, each once, when they are acknowledged.

    Turn 0 warms all up, and is left out.
    """
    for subject in subjects:
        measure(subject, 0)
    before = {subject.name: _messages(subject) for subject in subjects}
    for sample in interleaved(subjects, rounds, lambda s: measure(s, 1 + len(work.of(s.name)))):
        work.samples.append(sample)
    for subject in subjects:
        acknowledged = sum(int(s.more["acknowledged"]) for s in work.of(subject.name))
        if _messages(subject) - before[subject.name] != acknowledged:
            raise Refused(f"{work.name}: {subject.name} did not store what it acknowledged")
    return work


def fan_out(house: House, talk: Talk, rounds: int, seconds: float) -> Iterator[Work]:
    load = Load(separate_crowd(house, talk), "fan_out", talk.rate, seconds)
    share(house)
    work = Work(f"fan-out alone, {talk.size} in a room", "delivery")
    with ExitStack() as stack:
        subjects = _start(house, stack, NODE, SOCKETIO, FLOOR)
        work.samples += interleaved(subjects, rounds, lambda s: run(house, s, load))
    yield work


def _start(house: House, stack: ExitStack, *kinds: Kind) -> list[Subject]:
    peers = [stack.enter_context(house.peer(kind)) for kind in kinds]
    return [stack.enter_context(house.product()), *peers]


def run(house: House, subject: Subject, load: Load) -> Sample:
    """Connects all, lets them work, and counts what was used between the two."""
    with Generator(house, wanted(subject, load)) as generator, metered(house, subject) as meter:
        found = generator.work()
    more = {
        "acknowledged": float(len(found["acked"])),
        "acknowledged_per_second": len(found["acked"]) / found["acked_in"],
        "out_of_order": float(found["out_of_order"]),
        "connected_per_second": generator.connected / generator.connected_in,
    }
    # An idle crowd delivers nothing: what is done then is that its sockets stand.
    idle = load.work == "idle"
    done = len(load.crowd.people) if idle else found["delivered"] or len(found["took"])
    return meter.sample(
        subject,
        found["took"],
        wrong=found["wrong"],
        done=done,
        generator_cpu=found["cpu"],
        more=more,
    )


def address(subject: Subject) -> str:
    return subject.url.replace("http://", "ws://")


def wanted(subject: Subject, load: Load) -> dict[str, Any]:
    """What the generator is asked for."""
    return {
        "url": address(subject),
        "work": load.work,
        "plain": load.plain,
        "rate": load.rate,
        "seconds": load.seconds,
        "tokens": tokens(load.crowd.people),
        "rooms": load.crowd.rooms,
        "at_once": CONNECTING_AT_ONCE,
    }


class Generator:
    """The load's process: connected once it is entered."""

    def __init__(self, house: House, wanted: dict[str, Any]) -> None:
        self._errors = (house.folder / "generator.log").open("ab")
        self._wanted = wanted
        self._process = subprocess.Popen(
            ["node", str(GENERATOR)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> "Generator":
        try:
            self._say(json.dumps(self._wanted))
            said = self._hear()
        except BaseException:
            self.__exit__()
            raise
        self.connected, self.connected_in = int(said["connected"]), float(said["seconds"])
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def work(self, **changes: Any) -> dict[str, Any]:
        """Has it done, with ``changes`` of what was wanted; what was found."""
        self.begin(**changes)
        return self.end()

    def begin(self, **changes: Any) -> None:
        self._say(json.dumps(changes))

    def end(self) -> dict[str, Any]:
        """What was found."""
        return self._hear()

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            said = Path(self._errors.name).read_text().splitlines()
            why = next((line for line in reversed(said) if "Error" in line), "")
            raise Refused(f"The generator ended early: {why}")
        found: dict[str, Any] = json.loads(line)
        return found


def _messages(subject: Subject) -> int:
    query = "select count(*) from events where kind = 'message_posted'"
    with psycopg.connect(subject.database) as connection:
        [[count]] = connection.execute(query).fetchall()
        return int(count)
