"""The bench draws no ratio from answers that were wrong or attacks that were none, and its report
stands by itself.
"""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import GROUPS, named
from bench.goals import outcomes, rate
from bench.hostile import table
from bench.hostile.attacker import Toll
from bench.hostile.attacks import ATTACKS
from bench.hostile.works import AFTER, BEFORE, DURING, require_aimed, title
from bench.house import FASTIFY, FLOOR, US
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
    """Two rounds of ours beside those of Fastify."""
    samples = [GOOD, GOOD, *(dataclasses.replace(s, subject=FASTIFY.name) for s in theirs)]
    return Work(LIST, "answer", samples)


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    slow = dataclasses.replace(GOOD, done=250)
    slower = dataclasses.replace(GOOD, done=125)
    ratio = measured(slow, slower).ratio(US, FASTIFY.name, rate)
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
        measured(*theirs).ratio(US, FASTIFY.name, rate)


def test_a_goal_that_mixed_answers_would_meet_is_refused() -> None:
    mixed = dataclasses.replace(GOOD, done=1, wrong=1)
    found = [o for o in outcomes({LIST: measured(mixed, mixed)}) if o.goal.work == LIST]
    assert [(o.verdict, o.spread) for o in found] == [("refused", None)] * 3


def test_the_report_renders_and_needs_no_other_host(tmp_path: Path) -> None:
    work = measured(GOOD, dataclasses.replace(GOOD, wrong=7, done=700))
    work.samples += [dataclasses.replace(GOOD, subject=FLOOR.name, done=1250)] * 2
    works = {LIST: work}
    text = "\n".join(report.text(works))
    assert "7 wrong of 700" in text
    assert "CPU per answer, to Fastify's" in text
    page = report.write(works, tmp_path).read_text()
    assert "<svg" in page
    assert "7 wrong" in page
    assert "://" not in page
    assert report.read(tmp_path) == works


def beside(*, refused: int = 0, kept: int = 0, slower: float = 1.5) -> dict[str, Work]:
    """Two rounds beside an attack, after the second of which a process has so many MB more."""
    attack = ATTACKS["searches"]
    memory = {"base 0": 100e6, "highest 0": 300e6, "memory 0": 105e6}
    phase = dataclasses.replace(GOOD, subject=BEFORE, more=memory)
    toll = {"sent": 90, "attacker_cpu": 0.1, "answer hung up": 90}
    during = dataclasses.replace(
        phase, subject=DURING, p99=GOOD.p99 * slower, wrong=refused, more=memory | toll
    )
    after = [
        dataclasses.replace(phase, subject=AFTER, more=memory | {"memory 0": (100 + more) * 1e6})
        for more in (0, kept)
    ]
    samples = [phase, during, after[0], phase, during, after[1]]
    return {title(attack): Work(title(attack), "answer", samples)}


@pytest.mark.parametrize(
    ("works", "verdicts"),
    [
        (beside(), ["met", "met"]),
        (beside(slower=2.5), ["missed", "met"]),
        (beside(refused=1), ["refused", "met"]),
        (beside(kept=21), ["met", "missed"]),
    ],
    ids=["nobody notices", "slower", "honest people are refused", "memory stays"],
)
def test_an_attack_is_judged_by_the_others_and_by_memory(
    works: dict[str, Work], verdicts: list[str]
) -> None:
    assert [o.verdict for o in outcomes(works) if o.goal.work in works] == verdicts
    assert "180 of hung up" in "\n".join(table.text(works))


def test_an_attack_that_is_turned_away_at_the_door_is_none() -> None:
    attack = ATTACKS["searches"]
    require_aimed(attack, Toll(90, Counter({"200": 3, "401 invalid_token": 87})))
    with pytest.raises(Refused, match="401 invalid_token"):
        require_aimed(attack, Toll(90, Counter({"200": 2, "401 invalid_token": 88})))


def test_a_group_goes_by_its_own_name_or_by_that_of_several() -> None:
    assert named(["hostile-bombs"]) == ["hostile-bombs"]
    assert set(named(["hostile"])) == {f"hostile-{name}" for name in ATTACKS}
    assert set(named(["chat"])) == {name for name in GROUPS if name.startswith("chat-")}
    assert not named(["cha"])
