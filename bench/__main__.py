"""``python -m bench``: the product beside its peers, with the goals; ``--quick``: some, briefly.

Each server in turn on the same PostgreSQL and Valkey, in interleaved rounds: the server on one
core, its load, the database and all else on the others. Whatever has a wrong or missing answer
among its samples gets no ratio. Writes ``report.json`` and ``report.html`` into ``--out``.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from bench import calm, processes, report, rest, sockets
from bench.house import House, house, require
from bench.rounds import Refused, Work


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float
    # Sizes of rooms that are tried, of those there are.
    sizes: int
    idle: int


FULL = Plan(rounds=5, seconds=4, sizes=3, idle=10_000)
QUICK = Plan(rounds=1, seconds=2, sizes=1, idle=500)

GROUPS: dict[str, Callable[[House, Plan], Iterator[Work]]] = {
    "start": lambda house, plan: calm.start(house, plan.rounds),
    "rest": lambda house, plan: rest.works(house, plan.rounds, plan.seconds),
    "assignment": lambda house, plan: calm.assignment(house, plan.rounds, plan.seconds),
    "logins": lambda house, plan: calm.login_storm(house, plan.rounds),
    "chat": lambda house, plan: sockets.chats(house, plan.rounds, plan.seconds, plan.sizes),
    "fan-out": lambda house, plan: sockets.fan_outs(house, plan.rounds, plan.seconds, plan.sizes),
    "processes": lambda house, plan: processes.works(house, plan.rounds, plan.seconds),
    "idle": lambda house, plan: calm.idle(house, plan.idle),
}
IN_QUICK = ("start", "rest", "assignment", "chat", "fan-out")


@click.command()
@click.option("--quick", is_flag=True, help="One short round of the most important ones.")
@click.option("--only", multiple=True, type=click.Choice(list(GROUPS)), help="May be repeated.")
@click.option("--rounds", type=int, help="Instead of 5, or of 1 with --quick.")
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def main(quick: bool, only: tuple[str, ...], rounds: int | None, out: Path) -> None:
    require("wrk", "node", "taskset")
    base = QUICK if quick else FULL
    plan = Plan(rounds or base.rounds, base.seconds, base.sizes, base.idle)
    works: dict[str, Work] = {}
    refused = []
    with house() as measured:
        for name in only or (IN_QUICK if quick else GROUPS):
            began = time.monotonic()
            try:
                for work in GROUPS[name](measured, plan):
                    works[work.name] = work
            except Refused as error:
                refused.append(str(error))
            click.echo(f"{name}: {time.monotonic() - began:.0f} s", err=True)
    for line in (*report.text(works), *refused):
        click.echo(line)
    click.echo(f"\n{report.machine()}\n{report.write(works, out)}")
    sys.exit(bool(refused))


if __name__ == "__main__":
    main()
