"""Samples of interleaved rounds, and the ratios that may be drawn from them."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import TypeVar

from bench import machine
from bench.house import House, Subject

T = TypeVar("T")

Metric = Callable[["Sample"], float]


class Refused(Exception):
    """The samples allow no comparison: answers failed, or were others than expected."""


@dataclass(frozen=True)
class Sample:
    """One server in one round. Times in seconds, latencies in milliseconds, memory in bytes."""

    subject: str
    # Correct answers or deliveries; and all else that came, or did not come.
    done: int
    wrong: int
    seconds: float
    server_cpu: float
    database_cpu: float
    redis_cpu: float
    generator_cpu: float
    memory: int
    p50: float
    p99: float
    # What only this work has.
    more: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.done / max(self.server_cpu, 1e-9)


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and the two ends."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{number(self.median)} ({number(self.low)} to {number(self.high)})"


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def part(ordered: Sequence[float], share: float) -> float:
    """The value that so large a share of them is below; 0 of none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass
class Meter:
    """What was used while it ran."""

    seconds: float = 0.0
    server_cpu: float = 0.0
    # What the server had used since it was started.
    server_cpu_before: float = 0.0
    database_cpu: float = 0.0
    redis_cpu: float = 0.0
    # Of this process, where it is the load itself.
    own_cpu: float = 0.0
    # Of the programs that this process ran to their end.
    programs_cpu: float = 0.0
    memory: int = 0

    def sample(
        self,
        subject: Subject,
        took: Sequence[float],
        *,
        wrong: int,
        done: int | None = None,
        generator_cpu: float | None = None,
        more: dict[str, float] | None = None,
    ) -> "Sample":
        """As a sample; ``took``: milliseconds, of each unit unless ``done`` counts them."""
        ordered = sorted(took)
        return Sample(
            subject=subject.name,
            done=len(took) if done is None else done,
            wrong=wrong,
            seconds=self.seconds,
            server_cpu=self.server_cpu,
            database_cpu=self.database_cpu,
            redis_cpu=self.redis_cpu,
            generator_cpu=self.own_cpu if generator_cpu is None else generator_cpu,
            memory=self.memory,
            p50=part(ordered, 0.5),
            p99=part(ordered, 0.99),
            more=more or {},
        )


@contextmanager
def metered(house: House, subject: Subject) -> Iterator[Meter]:
    pids = (subject.pid, house.database_pid, house.redis_pid)
    before = [machine.cpu_seconds(pid) for pid in pids]
    began, own, programs = perf_counter(), process_time(), machine.children_cpu()
    meter = Meter(server_cpu_before=before[0])
    yield meter
    meter.seconds, meter.own_cpu = perf_counter() - began, process_time() - own
    meter.programs_cpu = machine.children_cpu() - programs
    after = [machine.cpu_seconds(pid) for pid in pids]
    meter.server_cpu, meter.database_cpu, meter.redis_cpu = (
        now - then for then, now in zip(before, after, strict=True)
    )
    meter.memory = machine.resident(subject.pid)


@dataclass
class Work:
    """A workload: what one unit of it is, and its samples in the order they were taken."""

    name: str
    unit: str
    samples: list[Sample] = field(default_factory=list)

    def of(self, subject: str) -> list[Sample]:
        return [sample for sample in self.samples if sample.subject == subject]

    @property
    def subjects(self) -> list[str]:
        return list(dict.fromkeys(sample.subject for sample in self.samples))

    def spread(self, subject: str, metric: Metric) -> Spread:
        return Spread.of([metric(sample) for sample in self._sound(subject)])

    def ratio(self, ours: str, theirs: str, metric: Metric) -> Spread:
        """Ours to theirs, round by round, so that what slows a whole round slows both.

        Raises `Refused` where an answer of either was wrong, or the rounds are not the same.
        """
        pairs = (self._sound(ours), self._sound(theirs))
        if len(pairs[0]) != len(pairs[1]):
            raise Refused(f"{self.name}: {ours} and {theirs} had other rounds")
        return Spread.of([metric(a) / metric(b) for a, b in zip(*pairs, strict=True)])

    def _sound(self, subject: str) -> list[Sample]:
        found = self.of(subject)
        if not found:
            raise Refused(f"{self.name}: {subject} was not measured")
        for sample in found:
            if sample.wrong or not sample.done:
                raise Refused(
                    f"{self.name}: {subject} had {sample.wrong} wrong of {sample.done} answers"
                )
        return found


def interleaved(
    subjects: Sequence[T], rounds: int, measure: Callable[[T], Sample]
) -> Iterator[Sample]:
    """Every subject, or what starts one, once per round, another one first each time."""
    for turn in range(rounds):
        start = turn % len(subjects)
        for subject in (*subjects[start:], *subjects[:start]):
            yield measure(subject)
