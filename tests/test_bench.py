"""The bench draws no ratio from answers that were wrong, and its report stands by itself."""

import dataclasses
from pathlib import Path

import pytest

from bench import report
from bench.goals import outcomes, rate
from bench.house import FASTAPI, FLOOR, US
from bench.rounds import Refused, Sample, Work

LIST = "list of own 20 tickets"
GOOD = Sample(
    subject=US,
    done=1000,
    wrong=0,
    seconds=2.0,
    server_cpu=1.5,
    database_cpu=0.5,
    redis_cpu=0.1,
    generator_cpu=0.2,
    memory=100_000_000,
    p50=3.0,
    p99=9.0,
)


def measured(*theirs: Sample) -> Work:
    """Two rounds of ours beside those of FastAPI."""
    samples = [GOOD, GOOD, *(dataclasses.replace(s, subject=FASTAPI.name) for s in theirs)]
    return Work(LIST, "answer", samples)


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    slow = dataclasses.replace(GOOD, done=250)
    slower = dataclasses.replace(GOOD, done=125)
    ratio = measured(slow, slower).ratio(US, FASTAPI.name, rate)
    assert (ratio.median, ratio.low, ratio.high) == (6.0, 4.0, 8.0)


@pytest.mark.parametrize(
    "theirs",
    [
        [GOOD, dataclasses.replace(GOOD, wrong=1)],
        [GOOD, dataclasses.replace(GOOD, done=0)],
        [GOOD],
        [],
    ],
    ids=["mixed answers", "no answers", "fewer rounds", "never measured"],
)
def test_no_ratio_is_drawn_from_what_cannot_be_compared(theirs: list[Sample]) -> None:
    with pytest.raises(Refused):
        measured(*theirs).ratio(US, FASTAPI.name, rate)


def test_a_goal_that_mixed_answers_would_meet_is_refused() -> None:
    mixed = dataclasses.replace(GOOD, done=1, wrong=1)
    found = [o for o in outcomes({LIST: measured(mixed, mixed)}) if o.goal.work == LIST]
    assert [(o.verdict, o.spread) for o in found] == [("refused", None)] * 2


def test_the_report_renders_and_needs_no_other_host(tmp_path: Path) -> None:
    work = measured(GOOD, dataclasses.replace(GOOD, wrong=7, done=700))
    work.samples += [dataclasses.replace(GOOD, subject=FLOOR.name, done=1250)] * 2
    works = {LIST: work}
    text = "\n".join(report.text(works))
    assert "7 wrong of 700" in text
    assert "≥ 0.8 times  0.8 (0.8 to 0.8)" in text
    page = report.write(works, tmp_path).read_text()
    assert "<svg" in page
    assert "7 wrong" in page
    assert "://" not in page
    assert report.read(tmp_path) == works
