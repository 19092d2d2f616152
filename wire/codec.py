"""JSON in and out. In: the standard library, so that a bad value reaches its validator and gets
a pointer. Out: orjson, which knows ids, times, enums and dataclasses.

The names ``dumps`` and ``loads`` are what python-socketio asks of a JSON module.
"""

import json
from codecs import BOM_UTF8
from typing import Any

import orjson

from desk.errors import Malformed

LONGEST_INTEGER = 100
# Of a text, in all its objects and lists. What people send has some dozens.
MOST_VALUES = 1000
# A value and what divides it from the next.
SHORTEST_VALUE = 2


def dumps(value: object, **_: object) -> str:
    return encode(value).decode()


def encode(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise ValueError("integer too long")
    return int(digits)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a member twice")
    return found


_strict = json.JSONDecoder(parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object)


def _has_few_values(text: str) -> bool:
    """Whether it is worth decoding: a value takes a hundred times as long as to pass over it."""
    strings = text.replace("\\\\", "").replace('\\"', "")
    # Each object has members with names, and each string two ends.
    if strings.count('"') > 4 * MOST_VALUES:
        return False
    between = "".join(strings.split('"')[::2])
    return sum(map(between.count, ",[{")) <= MOST_VALUES


def loads(text: str | bytes, **_: object) -> Any:
    """Decodes strictly: no NaN, no endless integers, no member twice, no bottomless nesting.

    Raises ValueError for what is no such JSON, or has more than `MOST_VALUES`.
    """
    decoded = text if isinstance(text, str) else text.decode()
    if len(decoded) > MOST_VALUES * SHORTEST_VALUE and not _has_few_values(decoded):
        raise ValueError(f"it has over {MOST_VALUES} values")
    try:
        return _strict.decode(decoded)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def loads_own(raw: bytes) -> Any:
    """What a process of ours has encoded: quickly. Raises ValueError for what is no JSON."""
    return orjson.loads(raw)


def decode(body: bytes) -> Any:
    """A request's body; `Malformed` if it is not JSON. A byte order mark is passed over."""
    try:
        return loads(body.removeprefix(BOM_UTF8).decode())
    except ValueError as error:
        raise Malformed("invalid_json", f"The body is not valid JSON: {error}") from error
