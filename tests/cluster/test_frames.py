"""Some thousand bad frames; `python -m tools.frames` sends a hundred thousand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.conftest import Cluster
from tools.frames.__main__ import MOST_GROWTH, table
from tools.frames.run import LIMITS_ON, WEBS, Plan, run

PLAN = Plan(frames=2000, accounts=40, seed=2026, pace=1000, warm_up=200, quiet=1, release=1)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads it from /proc")
async def test_nobody_else_notices_who_sends_nonsense(
    start_cluster: Callable[..., Cluster],
) -> None:
    outcome = await run(PLAN, start_cluster(webs=WEBS, environment=LIMITS_ON))
    assert outcome.wrong == [], table(PLAN, outcome)
    assert outcome.growth < MOST_GROWTH, table(PLAN, outcome)
    assert outcome.toll.frames.total() >= PLAN.frames
    assert outcome.messages > 0
