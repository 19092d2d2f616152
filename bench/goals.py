"""What the figures have to show: each goal with its bound, and whether it is met."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bench.hostile.attacks import ATTACKS, Attack
from bench.hostile.table import kept
from bench.hostile.works import BEFORE, DURING, title
from bench.house import FASTIFY, NODE, NODE_TWICE, SOCKETIO, US
from bench.many import (
    LARGEST,
    POINTS,
    cpu_per_delivery,
    redis_bytes_per_message,
)
from bench.rounds import Metric, Refused, Sample, Spread, Work
from bench.sockets import BUSY_TITLE, CHATS

Works = Mapping[str, Work]
TWO_PROCESSES = f"{US}, 2 processes"


@dataclass(frozen=True)
class Goal:
    work: str
    what: str
    value: Callable[[Work], Spread]
    bound: float
    unit: str = "times"
    at_least: bool = True
    # The figure stands in for one that so small a machine cannot show: it meets nothing.
    stands_in: bool = False

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Outcome:
    """``spread`` is None where the goal was not measured, or ``refused`` says why not."""

    goal: Goal
    spread: Spread | None
    refused: str = ""

    @property
    def verdict(self) -> str:
        if self.refused:
            return "refused"
        if self.spread is None:
            return "not measured"
        if self.goal.stands_in:
            return "stand-in"
        return "met" if self.goal.met(self.spread.median) else "missed"


def rate(sample: Sample) -> float:
    return sample.rate


def per_cpu(sample: Sample) -> float:
    return sample.per_cpu_second


def cpu_per_unit(sample: Sample) -> float:
    return 1 / sample.per_cpu_second


def milliseconds(sample: Sample) -> float:
    return 1000 * cpu_per_unit(sample)


def database_cpu_per_unit(sample: Sample) -> float:
    return sample.database_cpu / max(sample.done, 1)


def p99(sample: Sample) -> float:
    return sample.p99


def acknowledged_rate(sample: Sample) -> float:
    return sample.more["acknowledged_per_second"]


def p50(sample: Sample) -> float:
    return sample.p50


def against(peer: str, metric: Metric, ours: str = US) -> Callable[[Work], Spread]:
    return lambda work: work.ratio(ours, peer, metric)


def own(metric: Metric) -> Callable[[Work], Spread]:
    return lambda work: work.spread(US, metric)


def more(name: str, scale: float = 1.0) -> Callable[[Work], Spread]:
    return own(lambda sample: sample.more[name] * scale)


def twice_the_cores(work: Work) -> Spread:
    """What two cores would do to what one does, by the CPU that a unit takes with two processes."""
    ratio = work.ratio(TWO_PROCESSES, US, per_cpu)
    return Spread(2 * ratio.median, 2 * ratio.low, 2 * ratio.high)


LIST = "list of own 20 tickets"
BY_CPU = "twice what a CPU-second does, to one process's"
CPU = "CPU per delivery, to Node's"
COMEBACK = "sockets that come back"
SLOWEST = "p99 from sender to receiver, to Node's"


def _flat(title: str) -> Iterator[Goal]:
    for few in POINTS[title]:
        if few == LARGEST:
            continue
        for what, metric in (
            ("CPU per delivery", cpu_per_delivery),
            ("Redis bytes per message", redis_bytes_per_message),
        ):
            ratio = against(str(few), metric, str(LARGEST))
            yield Goal(title, f"{what}, {LARGEST} to {few}", ratio, 1.3, at_least=False)


def _beside(attack: Attack) -> Iterator[Goal]:
    for kind in dict.fromkeys((None, attack.kind)):
        slower = against(BEFORE, p99, DURING)
        yield Goal(title(attack, kind), "p99 during, to before", slower, 2, at_least=False)
    yield Goal(title(attack), "memory kept, over a tenth more", kept, 10, "MB", at_least=False)


GOALS = (
    *(
        Goal(work, what, against(FASTIFY.name, metric), bound, at_least=False)
        for work in (LIST, "one ticket", "open a ticket", "post a message")
        for what, metric, bound in (
            ("CPU per answer, to Fastify's", cpu_per_unit, 1.0),
            ("PostgreSQL's CPU per answer, to Fastify's", database_cpu_per_unit, 1.1),
            ("p99, to Fastify's", p99, 1.0),
        )
    ),
    Goal("POST to assigned, 40/s", "p99", own(p99), 50, "ms", at_least=False),
    Goal("one ticket while 50 log in", "p99", own(p99), 25, "ms", at_least=False),
    *(
        Goal(
            str(talk), what, against(NODE_TWICE.name, metric, TWO_PROCESSES), bound, at_least=False
        )
        for talk in CHATS
        for what, metric, bound in ((CPU, cpu_per_unit, 0.8), (SLOWEST, p99, 1.0))
    ),
    Goal(
        BUSY_TITLE,
        "messages a second, to Node's",
        against(NODE_TWICE.name, acknowledged_rate, TWO_PROCESSES),
        1.0,
    ),
    *(
        Goal(
            f"fan-out alone, {size} in a room",
            f"deliveries per CPU-second, to {peer.name}",
            against(peer.name, per_cpu),
            bound,
        )
        for size in (10, 250)
        for peer, bound in ((NODE, 2.0), (SOCKETIO, 6.0))
    ),
    Goal(
        "idle sockets", "memory of each", more("bytes_per_socket", 1e-3), 25, "kB", at_least=False
    ),
    Goal("idle sockets", "connected and joined", more("connected_per_second"), 500, "/s"),
    *(goal for title in POINTS for goal in _flat(title)),
    # A third of what it was before histories were kept, on the machine of docs/performance.md.
    Goal("join of 200 events", "server CPU of each", own(milliseconds), 4, "ms", at_least=False),
    Goal(COMEBACK, "until all are back", more("back_in"), 10, "s", at_least=False),
    Goal(COMEBACK, "the latest event to who stayed", more("latest"), 1000, "ms", at_least=False),
    Goal("list, two processes", BY_CPU, twice_the_cores, 1.7, stands_in=True),
    Goal("chat, two processes", BY_CPU, twice_the_cores, 1.7, stands_in=True),
    Goal("start to ready", "until it answers", own(p50), 1500, "ms", at_least=False),
    *(goal for attack in ATTACKS.values() for goal in _beside(attack)),
)


def outcomes(works: Works) -> list[Outcome]:
    return [_outcome(goal, works.get(goal.work)) for goal in GOALS]


def _outcome(goal: Goal, work: Work | None) -> Outcome:
    if work is None:
        return Outcome(goal, None)
    try:
        return Outcome(goal, goal.value(work))
    except Refused as error:
        return Outcome(goal, None, str(error))
