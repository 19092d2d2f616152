"""``simulate-assignment``: what a strategy would do with many tickets, without a database."""

import re
from random import Random

import click

from desk.assignment.assignment import Strategy
from desk.assignment.simulation import Csr, simulate

SPEC = re.compile(r"(?:(\d{1,4})x)?(\d{1,5})(?:@(\d{1,7})-(\d{1,7}))?")
MOST_CSRS = 1000


class Csrs(click.ParamType[list[Csr]]):
    """``[COUNTx]CAPACITY[@FROM-TO]``."""

    name = "csrs"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[Csr]:
        match = SPEC.fullmatch(str(value))
        if match is None:
            self.fail(f"{value} is not like 50, 10x50 or 2x50@100-400", param, ctx)
        count, capacity, start, end = match.groups()
        return [Csr(int(capacity), (int(start or 0), int(end or 0)))] * int(count or 1)


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
    help="COUNTxCAPACITY, such as 10x50; with @FROM-TO away while these tickets come.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="For the random strategy.")
def simulate_assignment(
    strategy: str, tickets: int, groups: tuple[list[Csr], ...], seed: int
) -> None:
    """Show how tickets would be shared out.

    Nothing is stored, and no ticket of the simulation is ever resolved.
    """
    csrs = [csr for group in groups for csr in group]
    if not 0 < len(csrs) <= MOST_CSRS:
        raise click.BadParameter(f"between 1 and {MOST_CSRS} of them", param_hint="--csr")
    distribution = simulate(Strategy(strategy), csrs, tickets, Random(seed))
    click.echo(f"{'CSR':>5} {'capacity':>9} {'away':>15} {'assigned':>9} {'share while there':>18}")
    for number, (csr, share) in enumerate(zip(csrs, distribution.shares, strict=True), 1):
        start, end = csr.absence
        away = f"{start}-{end}" if end > start else "-"
        part = share.assigned / (share.assigned_meanwhile or 1)
        click.echo(f"{number:>5} {csr.capacity:>9} {away:>15} {share.assigned:>9} {part:>18.1%}")
    click.echo(f"Spread {distribution.spread}, waiting {distribution.waiting}")
