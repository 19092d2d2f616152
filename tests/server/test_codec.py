"""How much a text may make the decoder do."""

import cProfile
import json
import pstats
from contextlib import suppress

import pytest

from desk.errors import Malformed
from wire.codec import MOST_VALUES, decode

MANY = 28_000
# Inside of a string they are text.
SIGNS = '{"a\\":[0,1],,,:::}\\'


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(dict.fromkeys(map(str, range(MANY)), 0)),
        json.dumps({f"\\{n}\\": n for n in range(MANY)}),
        json.dumps({"content": [0] * MANY}),
        json.dumps([[]] * MANY),
        json.dumps({"a": {"b": "," * MANY}, "c": [{}] * MANY}),
        json.dumps(SIGNS)[1:] * MANY,
    ],
    ids=["members", "escaped names", "numbers", "lists", "objects", "strings without an end"],
)
def test_a_text_of_very_many_values_is_refused_before_it_is_decoded(text: str) -> None:
    profile = cProfile.Profile()
    with suppress(Malformed):
        profile.runcall(decode, text.encode())
    # Each number, each object and each list of them would be a call.
    assert pstats.Stats(profile).total_calls < 100  # type: ignore[attr-defined]
    with pytest.raises(Malformed):
        decode(text.encode())


@pytest.mark.parametrize(
    "value",
    [
        {"content": SIGNS * 500, "client_id": "1"},
        {"title": '"' * 200, "description": "\\" * 20_000},
        {"content": '","' * 3000},
        {"tags": [SIGNS] * 20},
        [0] * MOST_VALUES,
    ],
)
def test_what_people_write_is_no_number_of_values(value: object) -> None:
    for raw in (
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
        json.dumps(value, indent=1),
    ):
        assert decode(raw.encode()) == value
