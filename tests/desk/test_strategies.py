"""Whose turn it is."""

from collections import Counter
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.assignment.strategies import Candidate, Strategy, caught_up, choose


def candidate(number: int, open_tickets: int = 0, capacity: int = 1000, **more: bool) -> Candidate:
    return Candidate(UUID(int=number), more.get("available", True), open_tickets, capacity)


def assign(
    strategy: Strategy, candidates: list[Candidate], tickets: int, seed: int = 1
) -> Counter[int]:
    """Assigns as the desk does; how many each got."""
    random, got = Random(seed), Counter[int]()
    turn = max(c.turn for c in candidates)
    for _ in range(tickets):
        for settled in caught_up(candidates):
            settled.catching_up = False
        if (chosen := choose(strategy, candidates, random)) is None:
            break
        turn += 1
        chosen.turn = turn
        chosen.open_tickets += 1
        got[chosen.user_id.int] += 1
    return got


@given(
    capacities=st.lists(st.integers(0, 12), min_size=1, max_size=8),
    tickets=st.integers(0, 120),
    strategy=st.sampled_from(Strategy),
    seed=st.integers(),
)
def test_nobody_gets_more_than_their_capacity_and_all_room_is_used(
    capacities: list[int], tickets: int, strategy: Strategy, seed: int
) -> None:
    candidates = [candidate(n, capacity=capacity) for n, capacity in enumerate(capacities)]
    got = assign(strategy, candidates, tickets, seed)
    assert all(got[n] <= capacity for n, capacity in enumerate(capacities))
    assert got.total() == min(tickets, sum(capacities))


@given(
    turns=st.lists(st.integers(0, 50), min_size=2, max_size=8),
    steps=st.lists(st.integers(0, 30), max_size=12),
    data=st.data(),
)
def test_round_robin_counts_of_who_is_there_throughout_differ_by_one_at_most(
    turns: list[int], steps: list[int], data: st.DataObject
) -> None:
    """However the others come and go, and whatever the turns were at the beginning."""
    candidates = [candidate(n) for n in range(len(turns))]
    for one, turn in zip(candidates, turns, strict=True):
        one.turn = turn
    constant = range(max(2, len(turns) // 2))
    got = Counter[int]()
    for tickets in steps:
        for other in candidates[len(constant) :]:
            other.available = data.draw(st.booleans())
        got += assign(Strategy.ROUND_ROBIN, candidates, tickets)
        counts = [got[n] for n in constant]
        assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("strategy", [Strategy.ROUND_ROBIN, Strategy.LEAST_LOADED])
def test_who_comes_late_gets_their_share_and_not_what_they_missed(strategy: Strategy) -> None:
    others = [candidate(n) for n in range(4)]
    assign(strategy, others, 80)
    late = candidate(9)
    late.catching_up = True
    got = assign(strategy, [*others, late], 50)
    assert got[9] in (10, 11)


def test_among_the_least_loaded_who_was_there_is_filled_up_first() -> None:
    busy, idle = candidate(1, open_tickets=5), candidate(2)
    assert assign(Strategy.LEAST_LOADED, [busy, idle], 5) == {2: 5}


def test_who_has_as_many_as_the_others_has_caught_up() -> None:
    others = [candidate(1, open_tickets=3), candidate(2, open_tickets=7)]
    late, later = candidate(3, open_tickets=3), candidate(4, open_tickets=2)
    away = candidate(5, open_tickets=9, available=False)
    late.catching_up = later.catching_up = away.catching_up = True
    assert caught_up([*others, late, later, away]) == [late]


@pytest.mark.parametrize("full", [20, 1000])
def test_who_is_full_says_nothing_about_what_the_others_have(full: int) -> None:
    others = [candidate(1, open_tickets=full, capacity=full), candidate(2, open_tickets=60)]
    late = candidate(3, open_tickets=30)
    late.catching_up = True
    assert assign(Strategy.LEAST_LOADED, [*others, late], 20) == {2: 10, 3: 10}


def test_while_the_others_are_full_nobody_catches_up_with_them() -> None:
    others = [
        candidate(1, open_tickets=50, capacity=50),
        candidate(2, open_tickets=50, capacity=50),
    ]
    late = candidate(3)
    late.catching_up = True
    assert assign(Strategy.LEAST_LOADED, [*others, late], 5) == {3: 5}
    for other in others:
        other.capacity = 100
    assert assign(Strategy.LEAST_LOADED, [*others, late], 30) == {1: 10, 2: 10, 3: 10}


def test_where_all_have_just_come_there_is_nobody_to_catch_up_with() -> None:
    new = [candidate(1), candidate(2, open_tickets=2)]
    for one in new:
        one.catching_up = True
    assert assign(Strategy.LEAST_LOADED, new, 2) == {1: 2}


def test_who_is_full_is_passed_over_and_served_once_they_have_room() -> None:
    full, other = candidate(1, open_tickets=1, capacity=1), candidate(2)
    assert assign(Strategy.ROUND_ROBIN, [full, other], 5) == {2: 5}
    full.capacity = 10
    assert assign(Strategy.ROUND_ROBIN, [full, other], 4) == {1: 2, 2: 2}


def test_random_reaches_everybody() -> None:
    got = assign(Strategy.RANDOM, [candidate(n) for n in range(5)], 500)
    assert all(got[n] > 50 for n in range(5))
