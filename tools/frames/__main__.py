"""``python -m tools.frames``: a hundred thousand bad frames, and nobody else notices."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from tools.frames.honest import Latencies
from tools.frames.run import Outcome, Plan, percentile, product, run

SHOWN = 5
DEFAULT = Plan()
MOST_GROWTH = 50_000_000
MOST_SLOWDOWN = 2.0


def table(plan: Plan, outcome: Outcome) -> str:
    rows: list[tuple[str, object]] = [
        ("seed", plan.seed),
        ("frames", outcome.toll.frames.total()),
        *((f"  {name}", count) for name, count in outcome.toll.frames.most_common()),
        ("connections", outcome.toll.connections),
        ("  that the server ended", outcome.toll.hung_up),
        ("  that failed", len(outcome.toll.errors)),
        ("seconds", f"{outcome.seconds:.0f}"),
        ("messages of the honest", outcome.messages),
        ("wrong", len(outcome.wrong)),
        *_latencies("before", outcome.before),
        *_latencies("during", outcome.during),
        ("MB before", _megabytes(outcome.memory_before)),
        ("  at the highest", _megabytes(outcome.memory_highest)),
        ("  after", _megabytes(outcome.memory_after)),
    ]
    return "\n".join(f"{name:30} {value:>14}" for name, value in rows)


def _latencies(when: str, took: Latencies) -> Iterator[tuple[str, str]]:
    for what, seconds in (("ack", took.acked), ("other side", took.heard)):
        both = (f"{percentile(seconds, n) * 1000:.1f}" for n in (50, 99))
        yield f"{what}, p50 / p99, ms, {when}", " / ".join(both)


def _megabytes(sizes: list[int]) -> str:
    return " ".join(f"{size / 1e6:.1f}" for size in sizes)


def broken(outcome: Outcome) -> Iterator[str]:
    """What was promised and not kept."""
    yield from outcome.wrong
    if outcome.growth > MOST_GROWTH:
        yield f"a process has grown by {outcome.growth / 1e6:.1f} MB"
    for what in ("acked", "heard"):
        before, during = (
            percentile(getattr(took, what), 99) for took in (outcome.before, outcome.during)
        )
        if during > MOST_SLOWDOWN * before:
            yield f"{what}: p99 is {during / before:.1f} times what it was"


@click.command()
@click.option("--frames", default=DEFAULT.frames, show_default=True)
@click.option("--seed", default=DEFAULT.seed, show_default=True)
@click.option("--pace", default=DEFAULT.pace, show_default=True, help="Frames per second.")
@click.option("--logs", type=click.Path(path_type=Path), help="Keeps the logs of the processes.")
def main(frames: int, seed: int, pace: float, logs: Path | None) -> None:
    plan = Plan(frames=frames, seed=seed, pace=pace)
    with tempfile.TemporaryDirectory() as temporary:
        folder = logs or Path(temporary)
        folder.mkdir(exist_ok=True)
        with product(folder) as cluster:
            outcome = asyncio.run(run(plan, cluster))
    click.echo(table(plan, outcome))
    if found := list(broken(outcome)):
        click.echo(f"\nFailed. Again: python -m tools.frames --frames {frames} --seed {seed}")
        for line in [*found[:SHOWN], *outcome.toll.errors[:SHOWN]]:
            click.echo(f"  {line}")
        sys.exit(1)


if __name__ == "__main__":
    main()
