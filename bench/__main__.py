"""``python -m bench``: the product beside its peers, with the goals; ``--quick``: some, briefly.

Each server in turn on the same PostgreSQL and Valkey, in interleaved rounds: the server on one
core, its load, the database and all else on the others. Whatever has a wrong or missing answer
among its samples gets no ratio. Writes ``report.json`` and ``report.html`` into ``--out``.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from bench import calm, joins, many, processes, report, rest, sockets, wal
from bench.hostile import table
from bench.hostile.attacks import ATTACKS
from bench.hostile.works import works as hostile_works
from bench.house import House, house, require
from bench.rounds import Refused, Work
from bench.sockets import Talk
from tests.conftest import ROOT


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float
    idle: int
    # Of the many: so many rooms, and as long as the servers wait between two pings.
    rooms: int
    between_pings: float
    # Sockets that come back at once.
    returning: int


FULL = Plan(rounds=5, seconds=3, idle=10_000, rooms=10_000, between_pings=25, returning=5_000)
QUICK = Plan(rounds=1, seconds=2, idle=500, rooms=500, between_pings=5, returning=500)

PHASE = 2.5
HOSTILE, WAL = "hostile", "wal"

Group = Callable[[House, Plan], Iterator[Work]]


def _chat(talk: Talk) -> Group:
    return lambda house, plan: sockets.chat(house, talk, plan.rounds, plan.seconds)


def _fan_out(talk: Talk) -> Group:
    return lambda house, plan: sockets.fan_out(house, talk, plan.rounds, plan.seconds)


def _many(title: str) -> Group:
    return lambda house, plan: many.works(house, title, plan.rounds, plan.rooms, plan.between_pings)


def _hostile(attack: str) -> Group:
    # A phase has to be long enough for a hundredth of the answers to be several.
    return lambda house, plan: hostile_works(house, attack, plan.rounds, PHASE * plan.seconds)


GROUPS: dict[str, Group] = {
    "start": lambda house, plan: calm.start(house, plan.rounds),
    "rest": lambda house, plan: rest.works(house, plan.rounds, plan.seconds),
    "assignment": lambda house, plan: calm.assignment(house, plan.rounds, plan.seconds),
    "logins": lambda house, plan: calm.login_storm(house, plan.rounds),
    **{f"chat-{talk.rooms}x{talk.size}": _chat(talk) for talk in sockets.CHATS},
    "chat-busy": lambda house, plan: sockets.busy(house, plan.rounds, plan.seconds),
    "chat-plain": lambda house, plan: sockets.plain_chat(house, plan.rounds, plan.seconds),
    **{f"fan-out-{talk.size}": _fan_out(talk) for talk in sockets.FAN_OUTS},
    "processes": lambda house, plan: processes.works(house, plan.rounds, plan.seconds),
    "many-own": _many(many.OWN),
    "many-all": _many(many.ALL),
    "idle": lambda house, plan: calm.idle(house, plan.idle, plan.rounds),
    "joins-cpu": lambda house, plan: joins.joins(house, plan.rounds),
    "joins-comeback": lambda house, plan: joins.comeback(house, plan.returning, plan.rounds),
    WAL: lambda house, plan: wal.works(house.servers, plan.rounds),
    **{f"{HOSTILE}-{attack}": _hostile(attack) for attack in ATTACKS},
}
IN_QUICK = ("start", "rest", "assignment", "chat-50x2", "fan-out-10")
RESULTS = Path("bench/results")


def named(given: Sequence[str]) -> list[str]:
    """The groups of these names, or whose names begin with one of them and a hyphen."""
    return [group for group in GROUPS if any(_is_of(group, name) for name in given)]


def _known(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> list[str]:
    for name in given:
        if not named([name]):
            raise click.BadParameter(f"{name} is none of {', '.join(GROUPS)}")
    return named(given)


def _is_of(group: str, name: str) -> bool:
    return group == name or group.startswith(f"{name}-")


@click.command()
@click.option("--quick", is_flag=True, help="One short round of the most important ones.")
@click.option(
    "--only",
    multiple=True,
    callback=_known,
    help="A group, or what several begin with (chat, hostile). May be repeated. The report keeps "
    "what it had of the others.",
)
@click.option("--rounds", type=int, help="Instead of 5, or of 1 with --quick.")
@click.option("--rooms", type=int, help="Of the many, instead of 10,000, or of 500 with --quick.")
@click.option(
    "--sockets", "returning", type=int, help="That come back (joins), instead of 5,000, or of 500."
)
@click.option(
    "--product",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=ROOT,
    help="A folder with another commit of the product (git worktree), which is started instead. "
    "Its database is made by the migrations here.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Default: bench/results[/quick]")
def main(
    quick: bool,
    only: list[str],
    rounds: int | None,
    rooms: int | None,
    returning: int | None,
    product: Path,
    out: Path | None,
) -> None:
    # Attacks, and what is written, need no load generator of others.
    if not (only and all(_is_of(name, HOSTILE) or name == WAL for name in only)):
        require("wrk", "node", "taskset")
    plan = QUICK if quick else FULL
    plan = replace(
        plan,
        rounds=rounds or plan.rounds,
        rooms=rooms or plan.rooms,
        returning=returning or plan.returning,
    )
    out = out or (RESULTS / "quick" if quick else RESULTS)
    works = report.read(out) if only else {}
    refused = []
    product = product.absolute()
    machine = report.machine(product)
    with house(product) as measured:
        for name in only or (IN_QUICK if quick else GROUPS):
            began = time.monotonic()
            try:
                for work in GROUPS[name](measured, plan):
                    works[work.name] = work
                    # A long run that is stopped leaves what it has.
                    report.write(works, out, machine)
            except Refused as error:
                refused.append(str(error))
            click.echo(f"{name}: {time.monotonic() - began:.0f} s", err=True)
    page = report.write(works, out, machine)
    tables = (report, table, many, wal)
    for line in (*(line for one in tables for line in one.text(works)), *refused):
        click.echo(line)
    click.echo(f"\n{machine}\n{page}")
    sys.exit(bool(refused))


if __name__ == "__main__":
    main()
