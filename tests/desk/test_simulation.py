"""The assignment on paper."""

from random import Random

import pytest
from click.testing import CliRunner

from desk.assignment.assignment import Strategy
from desk.assignment.simulation import Csr, simulate, simulate_teams
from manage.simulate import simulate_assignment


def test_round_robin_shares_evenly_and_fills_who_has_room() -> None:
    found = simulate(Strategy.ROUND_ROBIN, [Csr(100)] * 3 + [Csr(5)], 50, Random(1))
    assert [share.assigned for share in found.shares] == [15, 15, 15, 5]
    assert (found.spread, found.waiting) == (10, 0)


def test_what_finds_no_room_waits() -> None:
    found = simulate(Strategy.LEAST_LOADED, [Csr(3)] * 2, 10, Random(1))
    assert [share.assigned for share in found.shares] == [3, 3]
    assert found.waiting == 4


@pytest.mark.parametrize("strategy", [Strategy.ROUND_ROBIN, Strategy.LEAST_LOADED])
def test_after_an_absence_the_share_is_as_before_it(strategy: Strategy) -> None:
    csrs = [*[Csr(1000)] * 4, Csr(1000, absence=(50, 250))]
    away = simulate(strategy, csrs, 350, Random(1)).shares[4]
    assert away.assigned_meanwhile == 150
    assert away.assigned in (30, 31)


def test_a_seed_gives_the_same_random_distribution_again() -> None:
    one, other = (simulate(Strategy.RANDOM, [Csr(99)] * 5, 200, Random(7)) for _ in range(2))
    assert one == other
    assert one.spread > 0


def test_the_command_prints_the_distribution() -> None:
    words = ["--tickets", "30", "--csr", "2x50", "--csr", "50@0-15", "--strategy", "least_loaded"]
    done = CliRunner().invoke(simulate_assignment, words)
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    assert [line[3] for line in lines[1:4]] == ["13", "12", "5"]
    assert lines[3][2] == "0-15"
    assert lines[4] == ["Spread", "8,", "waiting", "0"]


@pytest.mark.parametrize(
    "words", [["--csr", "many"], ["--csr", "0x5"], ["--csr", "9999x5"], ["--tickets", "-1"]]
)
def test_the_command_refuses_what_makes_no_sense(words: list[str]) -> None:
    done = CliRunner().invoke(simulate_assignment, words)
    assert done.exit_code == 2
    assert "Error" in done.output


def test_each_team_is_fair_for_itself_and_capacity_counts_over_all() -> None:
    csrs = [*[Csr(1_000)] * 4, Csr(10)]
    teams = [[0, 1, 4], [1, 2, 3, 4]]
    found = simulate_teams(Strategy.ROUND_ROBIN, teams, csrs, 200, Random(1))
    assert [sum(share.assigned for share in each.shares) for each in found] == [100, 100]
    for each in found:
        steady = [share.assigned for share in each.shares[:-1]]
        assert max(steady) - min(steady) <= 1
    assert sum(each.shares[-1].assigned for each in found) == 10
