"""A short reign of chaos; `python -m tools.chaos` is the long one."""

from pathlib import Path

from tools.chaos.__main__ import table
from tools.chaos.run import Plan, product, run

# As many sends and faults per second as at full length, so it is slow on a slow machine.
PLAN = Plan(seconds=12, seed=2026, sends=1200, faults=22)


async def test_nothing_is_lost_doubled_disordered_or_missed_while_everything_is_killed(
    tmp_path: Path,
) -> None:
    with product(PLAN, tmp_path) as (cluster, embedded):
        outcome = await run(PLAN, cluster, embedded)
    assert not outcome.violations, table(PLAN, outcome)
    assert outcome.acked == outcome.sends == PLAN.sends
    assert sum(outcome.faults.values()) == PLAN.faults
    assert len(outcome.faults) == 8
