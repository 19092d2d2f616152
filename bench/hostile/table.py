"""What an attack did to the others, as a table."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from bench.hostile.works import AFTER, BEFORE, DURING
from bench.rounds import Sample, Spread, Work, number


def kept(work: Work) -> Spread:
    """Megabytes that a process has after the last round above a tenth more than at first."""
    excess = [_excess(sample) for sample in work.of(AFTER)]
    return Spread(excess[-1], min(excess), max(excess))


def _excess(sample: Sample) -> float:
    more = sample.more
    webs = range(sum(name.startswith("base ") for name in more))
    return max(more[f"memory {n}"] - 1.1 * more[f"base {n}"] for n in webs) / 1e6


def is_hostile(work: Work) -> bool:
    return DURING in work.subjects


def text(works: Mapping[str, Work]) -> Iterator[str]:
    """What the other table has no place for: memory by process, and the attack itself."""
    for work in filter(is_hostile, works.values()):
        yield f"\n{work.name}"
        for subject in (BEFORE, DURING, AFTER):
            yield _phase(subject, work.of(subject))
        during = work.of(DURING)
        sent = sum(sample.more["sent"] for sample in during)
        seconds = sum(sample.seconds for sample in during)
        cpu = sum(sample.more["attacker_cpu"] for sample in during)
        answers = _sums(during, "answer ")
        yield f"  attack: {number(sent / seconds)}/s, {cpu:.1f} s of CPU; {answers}"
    yield f"\nLoad average: {', '.join(f'{load:.1f}' for load in os.getloadavg())}"


def _phase(subject: str, samples: list[Sample]) -> str:
    p50, p99 = (Spread.of([getattr(s, name) for s in samples]) for name in ("p50", "p99"))
    webs = range(sum(name.startswith("base ") for name in samples[0].more))
    memory = " and ".join(
        f"{max(s.more[f'highest {n}'] for s in samples) / 1e6:.0f}"
        f" → {samples[-1].more[f'memory {n}'] / 1e6:.0f}"
        for n in webs
    )
    cpu = sum(s.server_cpu for s in samples), sum(s.database_cpu for s in samples)
    failed = _sums(samples, "wrong ")
    return (
        f"  {subject:7} p50 {p50} ms, p99 {p99} ms; CPU s: web {cpu[0]:.1f}, database {cpu[1]:.1f};"
        f" MB, highest → last: {memory}" + (f"; wrong: {failed}" if failed else "")
    )


def _sums(samples: Iterable[Sample], prefix: str) -> str:
    found: Counter[str] = Counter()
    for sample in samples:
        for name, value in sample.more.items():
            if name.startswith(prefix):
                found[name.removeprefix(prefix)] += int(value)
    return ", ".join(f"{count:,} of {what}" for what, count in found.most_common())
