"""The bench draws no ratio from answers that were wrong or attacks that were none, and its report
stands by itself.
"""

import dataclasses
import json
import subprocess
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from bench import many, report
from bench.__main__ import GROUPS, named
from bench.goals import outcomes, rate
from bench.hostile import table
from bench.hostile.attacker import Toll
from bench.hostile.attacks import ATTACKS
from bench.hostile.works import AFTER, BEFORE, DURING, require_aimed, title
from bench.house import FASTIFY, FLOOR, PEERS, US
from bench.many import Point
from bench.rounds import Refused, Sample, Work
from desk.access import Actor
from models import Role
from server.identity.tokens import Pair
from server.sockets.commands import MOST_TICKETS_JOINED
from tests.factories import Person
from tests.node import node

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
    page = report.write(works, tmp_path, "somewhere").read_text()
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


def many_sample(point: Point, **changes: float) -> Sample:
    """1.5 s of CPU for 1,000 deliveries of 500 messages in two seconds."""
    more = {"messages": 500, "redis_bytes": 2e6} | changes
    idle = {"idle_cpu_per_second": 0.25, "idle_redis_bytes_per_second": 5e5}
    return dataclasses.replace(GOOD, subject=str(point), more=idle | more)


def test_what_idle_processes_take_is_no_part_of_a_delivery_or_a_message() -> None:
    sample = many_sample(many.SMALLEST)
    assert many.cpu_per_delivery(sample) == 0.001
    assert many.redis_bytes_per_message(sample) == 2000


def test_many_processes_and_agents_are_judged_by_what_is_not_idle() -> None:
    samples = [many_sample(point) for point in many.POINTS[many.ALL][:-1]]
    # Twenty processes take more of both when nobody says anything, and more of Redis when one does.
    much = {"idle_cpu_per_second": 0.3, "redis_bytes": 3e6, "idle_redis_bytes_per_second": 8e5}
    samples.append(many_sample(many.LARGEST, **much))
    works = {many.ALL: Work(many.ALL, "delivery", samples)}
    found = [o for o in outcomes(works) if o.goal.work == many.ALL]
    assert [o.verdict for o in found] == ["met", "missed"] * 2
    assert [o.spread and round(o.spread.median, 3) for o in found] == [0.9, 1.4] * 2


@pytest.mark.parametrize("watch_all", [False, True])
def test_agents_share_the_rooms_and_open_as_many_sockets_as_they_need(watch_all: bool) -> None:
    persons = [
        Person(Actor(uuid4(), Role.CSR, uuid4()), "", "", Pair(f"token {n}", "", 0))
        for n in range(1103)
    ]
    agents, tickets = persons[:2], {f"ticket {n}": p for n, p in enumerate(persons[2:])}
    crowd = many.seated(agents, tickets, watch_all=watch_all)
    assert crowd["tokens"][:5] == ["token 0", "token 0", "token 1", "token 1", "token 2"]
    inside = Counter(member for room in crowd["rooms"] for member in room["members"])
    assert sum(inside[n] for n in range(4)) == 1101
    assert max(inside.values()) <= MOST_TICKETS_JOINED
    assert all(inside[4 + n] == 1 for n in range(1101))
    for room in crowd["rooms"]:
        customer, agent = room["members"]
        assert crowd["tokens"][customer] == tickets[room["ticket_id"]].token
        assert room["told"] == (None if watch_all else [agent // 2 * 2])
    assert crowd["watchers"] == [0, 2]
    own = [] if watch_all else [[0, ["mine"]], [2, ["mine"]]]
    assert sorted(crowd["watches"]) == sorted([*own, [1, []], [3, []]])


# A server that answers one message, of socket 0 in a room with 1, with the frames that are given.
# The agent's socket 1 watches the ticket, 2 is somebody else's.
COUNTED = """
import { EVENT } from "./frames.mjs";
import { many } from "./many.mjs";

const rooms = [{ ticket_id: "t", members: [0, 1], told: [1] }];
const reports = JSON.parse(process.argv[1]).map(async (frames) => {
  const sockets = [{}, {}, {}];
  sockets[0].call = async (_, { content }) => {
    const said = {
      timeline: { data: { content } },
      ticket_changed: { id: "t", last_message: { preview: content } },
    };
    for (const [socket, event] of frames)
      sockets[socket].onEvent(EVENT + JSON.stringify([event, said[event]]));
    return { ok: true };
  };
  const found = { wrong: 0, took: [], acked: [] };
  await many({ rooms, watchers: [1, 2], rate: 1, seconds: 1, patience: 0 }, sockets, found);
  return [found.wrong, found.took.length, found.changes, found.changes_to_customers,
    found.changes_again, found.others];
});
console.log(JSON.stringify(await Promise.all(reports)));
"""


def test_each_delivery_of_many_is_counted_once_and_what_is_missing_or_astray_is_wrong() -> None:
    right = [[0, "timeline"], [1, "timeline"], [0, "ticket_changed"], [1, "ticket_changed"]]
    cases = {
        "right": (right, [0, 2, 1, 1, 0, 0]),
        "an event twice": ([*right, [1, "timeline"]], [1, 2, 1, 1, 0, 0]),
        "an event missing": (right[1:], [1, 1, 1, 1, 0, 0]),
        "an event astray": ([*right, [2, "timeline"]], [1, 2, 1, 1, 0, 0]),
        "a change once more": ([*right, [1, "ticket_changed"]], [0, 2, 1, 1, 1, 0]),
        "a change missing": (right[:3], [1, 2, 0, 1, 0, 0]),
        "a change astray": ([*right, [2, "ticket_changed"]], [1, 2, 1, 1, 0, 0]),
        "something else": ([*right, [1, "notification"]], [0, 2, 1, 1, 0, 1]),
    }
    frames = json.dumps([given for given, _ in cases.values()])
    argv = [node(), "--input-type=module", "--eval", COUNTED, frames]
    said = subprocess.run(argv, cwd=PEERS / "node", capture_output=True, text=True, check=True)
    assert dict(zip(cases, json.loads(said.stdout), strict=True)) == {
        name: counted for name, (_, counted) in cases.items()
    }
