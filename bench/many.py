"""Many web processes and agents: whether what a message costs stays flat in the number of both.

Each room has its customer and one agent inside; the agents share the rooms among them, and each
tells one of their sockets what they watch. Customers post, spread evenly over the rooms. The same
time without a message, measured before, tells what idle processes and sockets take. It is as long
as the servers wait between two pings, so that in both each socket is pinged as often.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import redis

from bench.house import House
from bench.people import customers, staff
from bench.rounds import Metric, Sample, Spread, Work, interleaved, metered
from bench.sockets import CONNECTING_AT_ONCE, Generator
from server.sockets.commands import MOST_TICKETS_JOINED
from tests.factories import Person

# Messages a second: what twenty processes can do on two cores.
RATE = 25.0
EMPTY_SECONDS = 5.0
# Messages that are not measured: the first ones find everything cold, in each process.
WARM_SECONDS = 10.0
# After that, until nothing is left to do.
SETTLE_SECONDS = 3.0
# For the last delivery, on a machine where all else is late, too.
PATIENCE = 20.0
ASSIGN = """
    update tickets set assigned_to_id = agent
    from unnest(%s::uuid[], %s::uuid[]) given (ticket, agent) where id = ticket
"""


@dataclass(frozen=True)
class Point:
    processes: int
    agents: int

    def __str__(self) -> str:
        return f"{self.processes} processes, {self.agents} agents"


SMALLEST, LARGEST = Point(2, 10), Point(20, 500)
MORE_AGENTS, MORE_PROCESSES = Point(2, 500), Point(20, 10)
OWN, ALL = "many, agents watch their own tickets", "many, agents watch all tickets"
POINTS = {
    OWN: (SMALLEST, MORE_PROCESSES, Point(8, 100), MORE_AGENTS, LARGEST),
    ALL: (SMALLEST, MORE_AGENTS, LARGEST),
}


def works(house: House, title: str, rounds: int, rooms: int, seconds: float) -> Iterator[Work]:
    agents = staff(house, max(point.agents for point in POINTS[title]))
    known = customers(house, rooms, 1, agents[0])
    tickets = {known.tickets[str(person.id)][0]: person for person in known.people}
    work = Work(title, "delivery")

    def measure(point: Point) -> Sample:
        crowd = seated(agents[: point.agents], tickets, watch_all=title == ALL)
        assigned = [agents[n % point.agents].id for n in range(len(tickets))]
        with psycopg.connect(house.database, autocommit=True) as connection:
            connection.execute(ASSIGN, [list(tickets), assigned])
            connection.execute("vacuum analyze")
        return _measured(house, point, crowd, seconds)

    for sample in interleaved(POINTS[title], rounds, measure):
        work.samples.append(sample)
        yield work  # Each time anew: all of it takes an hour.


def seated(
    agents: Sequence[Person], tickets: Mapping[str, Person], *, watch_all: bool
) -> dict[str, Any]:
    """The sockets and their rooms, as the generator takes them: first those of the agents.

    An agent has as many sockets as their tickets need, and tells the first what they watch. The
    others are told of nothing but their rooms.
    """
    of_each = -(-len(tickets) // len(agents))
    sockets = -(-of_each // MOST_TICKETS_JOINED)
    watchers = [n * sockets for n in range(len(agents))]
    rooms, watches = [], []
    for n, ticket_id in enumerate(tickets):
        turn, agent = divmod(n, len(agents))
        members = [sockets * len(agents) + n, watchers[agent] + turn % sockets]
        told = None if watch_all else [watchers[agent]]
        rooms.append({"ticket_id": ticket_id, "members": members, "told": told})
    for watcher in watchers:
        # Who says nothing is told of all.
        watches += [] if watch_all else [[watcher, ["mine"]]]
        watches += [[watcher + n, []] for n in range(1, sockets)]
    tokens = [agent.token for agent in agents for _ in range(sockets)]
    tokens += [person.token for person in tickets.values()]
    return {"tokens": tokens, "rooms": rooms, "watchers": watchers, "watches": watches}


def _measured(house: House, point: Point, crowd: dict[str, Any], seconds: float) -> Sample:
    with house.product(processes=point.processes) as started:
        subject = replace(started, name=str(point))
        with metered(house, subject) as empty:
            time.sleep(EMPTY_SECONDS)
        wanted = {
            "url": subject.url.replace("http://", "ws://"),
            "work": "many",
            "rate": RATE,
            "seconds": seconds,
            "patience": PATIENCE,
            "at_once": CONNECTING_AT_ONCE,
            **crowd,
        }
        with Generator(house, wanted) as generator:
            generator.work(seconds=WARM_SECONDS)
            time.sleep(SETTLE_SECONDS)
            before = _redis_bytes(house)
            with metered(house, subject) as idle:
                time.sleep(seconds)
            idle_bytes = _redis_bytes(house) - before
            with metered(house, subject) as busy:
                found = generator.work()
            busy_bytes = _redis_bytes(house) - before - idle_bytes
    more = {
        "processes": point.processes,
        "messages": len(found["acked"]),
        "timeline": len(found["took"]),
        "changes": found["changes"],
        "changes_to_customers": found["changes_to_customers"],
        "changes_again": found["changes_again"],
        "others": found["others"],
        "empty_cpu_per_second": empty.server_cpu / empty.seconds,
        "idle_cpu_per_second": idle.server_cpu / idle.seconds,
        "idle_database_cpu_per_second": idle.database_cpu / idle.seconds,
        "redis_bytes": busy_bytes,
        "idle_redis_bytes_per_second": idle_bytes / idle.seconds,
        "connected_per_second": generator.connected / generator.connected_in,
    }
    return busy.sample(
        subject,
        found["took"],
        wrong=found["wrong"],
        done=len(found["took"]) + found["changes"],
        generator_cpu=found["cpu"],
        more={name: float(value) for name, value in more.items()},
    )


def _redis_bytes(house: House) -> int:
    """All that Redis has read and written."""
    with redis.Redis.from_url(house.backend.redis_url) as client:
        found = client.info("stats")
    return int(found["total_net_input_bytes"]) + int(found["total_net_output_bytes"])


def cpu_per_delivery(sample: Sample) -> float:
    """Seconds of the web processes, without what they take when nobody says anything."""
    return (sample.server_cpu - sample.more["idle_cpu_per_second"] * sample.seconds) / sample.done


def redis_bytes_per_message(sample: Sample) -> float:
    """Bytes in and out of Redis, without what goes over it when nobody says anything."""
    idle = sample.more["idle_redis_bytes_per_second"] * sample.seconds
    return (sample.more["redis_bytes"] - idle) / sample.more["messages"]


def _cpu_per_message(sample: Sample) -> float:
    return cpu_per_delivery(sample) * sample.done / sample.more["messages"]


def _database_cpu_per_message(sample: Sample) -> float:
    idle = sample.more["idle_database_cpu_per_second"] * sample.seconds
    return (sample.database_cpu - idle) / sample.more["messages"]


def _per_message(name: str) -> Metric:
    return lambda sample: sample.more[name] / sample.more["messages"]


def _per_process(name: str) -> Metric:
    return lambda sample: 1000 * sample.more[name] / sample.more["processes"]


FIGURES: tuple[tuple[str, Metric], ...] = (
    ("CPU µs a delivery, without idle", lambda s: 1e6 * cpu_per_delivery(s)),
    ("CPU µs a delivery, with idle", lambda s: 1e6 * s.server_cpu / s.done),
    ("CPU µs a message, without idle", lambda s: 1e6 * _cpu_per_message(s)),
    ("database CPU µs a message, without idle", lambda s: 1e6 * _database_cpu_per_message(s)),
    ("Redis bytes a message, without idle", redis_bytes_per_message),
    ("Redis bytes a message, with idle", _per_message("redis_bytes")),
    ("CPU ms a second of an idle process, no sockets", _per_process("empty_cpu_per_second")),
    ("CPU ms a second of an idle process, all sockets", _per_process("idle_cpu_per_second")),
    ("a message: timeline", _per_message("timeline")),
    ("a message: ticket_changed to agents", _per_message("changes")),
    ("a message: ticket_changed to customers", _per_message("changes_to_customers")),
    ("a message: ticket_changed, once more", _per_message("changes_again")),
    ("a message: other events", _per_message("others")),
)


def text(works: Mapping[str, Work]) -> Iterator[str]:
    """What the other table has no place for: the median of the rounds, and their ends."""
    for work in (works[title] for title in POINTS if title in works):
        for subject in work.subjects:
            yield f"\n{work.name}: {subject}"
            for name, metric in FIGURES:
                found = Spread.of([metric(sample) for sample in work.of(subject)])
                yield f"  {name:50}{found}"
