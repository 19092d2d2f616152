"""``simulate-assignment``: what a strategy would do with many tickets, without a database."""

import re
from collections.abc import Sequence
from random import Random

import click

from desk.assignment.assignment import Strategy
from desk.assignment.simulation import Csr, Distribution, simulate, simulate_teams

TEAMS = r"[^\s,/@]{1,64}"
SPEC = re.compile(
    rf"(?:(\d{{1,4}})x)?(\d{{1,5}})(?:@(\d{{1,7}})-(\d{{1,7}}))?(?:/({TEAMS}(?:,{TEAMS})*))?"
)
# A CSR, and the names of the teams that they are in.
Member = tuple[Csr, tuple[str, ...]]
MOST_CSRS = 1000


class Csrs(click.ParamType[list[Member]]):
    """``[COUNTx]CAPACITY[@FROM-TO][/TEAM,TEAM]``."""

    name = "csrs"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[Member]:
        match = SPEC.fullmatch(str(value))
        if match is None:
            self.fail(f"{value} is not like 50, 10x50, 2x50@100-400 or 50/billing", param, ctx)
        count, capacity, start, end, teams = match.groups()
        csr = Csr(int(capacity), (int(start or 0), int(end or 0)))
        return [(csr, tuple((teams or "").split(",")) if teams else ())] * int(count or 1)


@click.command("simulate-assignment")
@click.option(
    "--strategy",
    type=click.Choice([strategy.value for strategy in Strategy]),
    default=Strategy.ROUND_ROBIN.value,
    show_default=True,
)
@click.option("--tickets", type=click.IntRange(0, 100_000), default=1000, show_default=True)
@click.option(
    "--csr",
    "groups",
    type=Csrs(),
    multiple=True,
    default=["10x500"],
    show_default=True,
    help="COUNTxCAPACITY, such as 10x50; with @FROM-TO away while these tickets come; with "
    "/TEAM,TEAM in these teams, to which tickets come in turn.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="For the random strategy.")
def simulate_assignment(
    strategy: str, tickets: int, groups: tuple[list[Member], ...], seed: int
) -> None:
    """Show how tickets would be shared out.

    Nothing is stored, and no ticket of the simulation is ever resolved.
    """
    members = [member for group in groups for member in group]
    csrs = [csr for csr, _ in members]
    if not 0 < len(csrs) <= MOST_CSRS:
        raise click.BadParameter(f"between 1 and {MOST_CSRS} of them", param_hint="--csr")
    names = list(dict.fromkeys(name for _, teams in members for name in teams))
    if not names:
        _show(range(len(csrs)), csrs, simulate(Strategy(strategy), csrs, tickets, Random(seed)))
        return
    places = [[n for n, (_, teams) in enumerate(members) if name in teams] for name in names]
    found = simulate_teams(Strategy(strategy), places, csrs, tickets, Random(seed))
    for name, inside, distribution in zip(names, places, found, strict=True):
        click.echo(f"Team {name}")
        _show(inside, csrs, distribution)


def _show(places: Sequence[int], csrs: Sequence[Csr], distribution: Distribution) -> None:
    click.echo(f"{'CSR':>5} {'capacity':>9} {'away':>15} {'assigned':>9} {'share while there':>18}")
    for place, share in zip(places, distribution.shares, strict=True):
        csr = csrs[place]
        start, end = csr.absence
        away = f"{start}-{end}" if end > start else "-"
        part = share.assigned / (share.assigned_meanwhile or 1)
        click.echo(f"{place + 1:>5} {csr.capacity:>9} {away:>15} {share.assigned:>9} {part:>18.1%}")
    click.echo(f"Spread {distribution.spread}, waiting {distribution.waiting}")
