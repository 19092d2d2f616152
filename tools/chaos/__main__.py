"""``python -m tools.chaos``: never missed, never twice, never out of order, while things break."""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

import click

from tools.chaos.checker import Fault
from tools.chaos.run import Outcome, Plan, product, run

SHOWN = 20
DEFAULT = Plan()


def table(plan: Plan, outcome: Outcome) -> str:
    rows: list[tuple[str, object]] = [
        ("seed", plan.seed),
        ("seconds", f"{outcome.seconds:.0f}"),
        ("sends", outcome.sends),
        ("acknowledged", outcome.acked),
        ("events stored", outcome.events),
        ("events shown to clients", outcome.shown),
        ("tickets given in teams", outcome.given),
        ("faults", sum(outcome.faults.values())),
        *((f"  {name}", count) for name, count in sorted(outcome.faults.items())),
        *((fault.value, _count(outcome, fault)) for fault in Fault),
        ("sends without an answer in 10 s", outcome.silences),
        ("clients of killed web processes", len(outcome.back_after)),
        ("  live again, p50", _percentile(outcome.back_after, 50)),
        ("  live again, p99", _percentile(outcome.back_after, 99)),
    ]
    return "\n".join(f"{name:34} {value:>8}" for name, value in rows)


def _count(outcome: Outcome, fault: Fault) -> int:
    return sum(violation.fault is fault for violation in outcome.violations)


def _percentile(seconds: list[float], n: int) -> str:
    if len(seconds) < 2:
        return "-"
    return f"{statistics.quantiles(seconds, n=100, method='inclusive')[n - 1]:.2f} s"


@click.command()
@click.option("--seconds", default=DEFAULT.seconds, show_default=True)
@click.option("--seed", default=DEFAULT.seed, show_default=True)
@click.option("--clients", default=DEFAULT.clients, show_default=True)
@click.option("--sends", type=int, help="By default as many per second as at full length.")
@click.option("--faults", type=int, help="By default as many per second as at full length.")
@click.option("--logs", type=click.Path(path_type=Path), help="Keeps the logs of the processes.")
def main(
    seconds: float,
    seed: int,
    clients: int,
    sends: int | None,
    faults: int | None,
    logs: Path | None,
) -> None:
    share = seconds / DEFAULT.seconds
    plan = Plan(
        seconds=seconds,
        seed=seed,
        clients=clients,
        sends=sends or max(clients, round(DEFAULT.sends * share)),
        faults=faults or max(8, round(DEFAULT.faults * share)),
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = logs or Path(temporary)
        folder.mkdir(exist_ok=True)
        with product(plan, folder) as (cluster, embedded):
            outcome = asyncio.run(run(plan, cluster, embedded))
    click.echo(table(plan, outcome))
    if outcome.violations:
        click.echo(f"\nFailed. Again: python -m tools.chaos --seconds {seconds:g} --seed {seed}")
        for violation in outcome.violations[:SHOWN]:
            click.echo(f"  {violation}")
        sys.exit(1)


if __name__ == "__main__":
    main()
