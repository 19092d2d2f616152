"""The chaos run sees what a desk that shares out badly did."""

from collections import Counter
from uuid import UUID, uuid4

import pytest

from tests.conftest import Backend
from tools.chaos.checker import Fault
from tools.chaos.teams import Teams

ANN, BOB, EVE = [uuid4() for _ in range(3)]
EVEN, TIGHT = [uuid4() for _ in range(2)]
GOOD = {EVEN: {ANN: 3, BOB: 2}, TIGHT: {ANN: 5}}


@pytest.mark.parametrize(
    ("given", "exceeded", "expected"),
    [
        (GOOD, {}, set()),
        (GOOD | {EVEN: {ANN: 3, BOB: 1}}, {}, {Fault.UNFAIR}),
        (GOOD | {EVEN: {ANN: 2}}, {}, {Fault.UNFAIR}),
        (GOOD | {EVEN: {ANN: 3, BOB: 2, EVE: 1}}, {}, {Fault.OUTSIDE}),
        (GOOD, {ANN: 1}, {Fault.OVERLOADED}),
    ],
)
def test_what_is_unfair_outside_or_too_much_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    backend: Backend,
    given: dict[UUID, dict[UUID, int]],
    exceeded: dict[UUID, int],
    expected: set[Fault],
) -> None:
    members = {EVEN: frozenset({ANN, BOB}), TIGHT: frozenset({ANN})}
    teams = Teams(backend.settings, members, TIGHT, {ANN: 1}, Counter(exceeded))
    counted = {team_id: Counter(counts) for team_id, counts in given.items()}
    monkeypatch.setattr(teams, "given", lambda: counted)
    assert {violation.fault for violation in teams.check()} == expected
