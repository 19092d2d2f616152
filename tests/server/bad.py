"""What clients send that is wrong: per kind of field, as raw JSON; and what is just right."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import TextClause, func, select
from sqlalchemy import text as sql

from config import Settings
from models import Base
from tests.factories import database

NESTED = 100_000
# Of every type, and what no JSON parser should take.
ANYTHING = {
    "an int": "5",
    "a float": "1.5",
    "a bool": "true",
    "null": "null",
    "a list": "[]",
    "a nested list": '[["x"]]',
    "an object": "{}",
    "a short text": '"x"',
    "a huge integer": "9" * 400,
    "a large integer": str(2**64),
    "a negative integer": "-1",
    "infinity": "1e999",
    "NaN": "NaN",
    "a lone surrogate": '"\\ud800"',
    "a hidden surrogate": '"long enough \\udfff to pass"',
    "NUL": '"long enough \\u0000 to pass"',
    "an empty text": '""',
    "blanks": '" \\t "',
}


@dataclass(frozen=True)
class Kind:
    """``fine``: members of `ANYTHING` that this kind takes. ``good``: values at its bounds."""

    wrong: dict[str, Any]
    good: tuple[Any, ...]
    fine: frozenset[str] = frozenset()

    def bad(self) -> Iterator[tuple[str, str]]:
        yield from ((name, raw) for name, raw in ANYTHING.items() if name not in self.fine)
        yield from ((name, json.dumps(value)) for name, value in self.wrong.items())
        # A function: 100,000 brackets per case are not kept.
        yield "deep nesting", "[" * NESTED + "]" * NESTED


def text(longest: int, *, short: bool = True) -> Kind:
    fine = frozenset({"a short text"}) if short else frozenset()
    good = ("x" if short else "\u00b5x" * 4, "🦆" * longest, "e\u0301" * longest)
    return Kind({"too long": "é" * (longest + 1)}, good, fine)


TITLE, LABEL, CONTENT = text(200), text(64), text(10_000)
COMMENT = Kind(text(2000).wrong, (*text(2000).good, None), text(2000).fine | {"null"})
CONTENT_OR_NULL = Kind(CONTENT.wrong, (*CONTENT.good, None), CONTENT.fine | {"null"})
DESCRIPTION, PASSWORD = text(20_000), text(128, short=False)
EMAIL = Kind(
    {
        "no address": "ann",
        "no domain": "ann@",
        "two addresses": "a@desk.test, b@desk.test",
        "a name": "Ann <ann@desk.test>",
        "a line break": "ann@desk.test\r\nBcc: all@desk.test",
        "too long": "a" * 60 + "@" + "d" * 60 + ".test" * 40,
        "a surrogate": "a\udc00@desk.test",
    },
    (),
)
ID = Kind(
    {"no id": "nonsense", "too short": "0" * 31, "too long": "0" * 33, "odd digits": "²" * 32}, ()
)
ID_OR_NULL = Kind(ID.wrong, (None,), frozenset({"null"}))
IDS = Kind(
    {
        "no id within": ["nonsense"],
        "null within": [None],
        "too many": [f"{n:032}" for n in range(101)],
    },
    ([f"{n:032}" for n in range(100)],),
)
ATTACHMENT_IDS = Kind(
    {
        "no id within": ["nonsense"],
        "null within": [None],
        "too many": [f"{n:032}" for n in range(11)],
        "one twice": ["0" * 32] * 2,
    },
    ([], [f"{n:032}" for n in range(10)]),
    frozenset({"a list"}),
)
# Of what takes none that are not there.
NO_ATTACHMENTS = Kind(ATTACHMENT_IDS.wrong, ([],), ATTACHMENT_IDS.fine)
# An object of its own shape, beside others that it goes with.
OBJECT = Kind({"an unknown member": {"unknown": 1}}, ())
CHANGE = Kind(OBJECT.wrong, ({"priority": None},), frozenset({"an object"}))
BOOL = Kind({"a word": "true", "one": 1, "zero": 0}, (True, False), frozenset({"a bool"}))
SEQ = Kind({"too large": 2**63, "digits": "5"}, (0, 2**63 - 1), frozenset({"an int"}))
SEQS = Kind(
    {"text within": ["5"], "too large within": [2**63], "too many": [*range(51)]}, ([*range(50)],)
)
SEQ_OR_NULL = Kind(SEQ.wrong, (*SEQ.good, None), SEQ.fine | {"null"})
SCORE = Kind({"too small": 0, "too large": 6, "digits": "5"}, (1, 5))
DRAFT_KIND = Kind({"another": "NOTE", "padded": " note"}, ("reply", "note"))
CLIENT_ID = Kind(
    {"too long": "x" * 65, "not ASCII": "é", "a line break": "a\n", "a control": "\x7f"},
    ("x", "~" * 64, " "),
    frozenset({"a short text"}),
)
CLIENT_ID_OR_NULL = Kind(CLIENT_ID.wrong, (*CLIENT_ID.good, None), CLIENT_ID.fine | {"null"})
STATUS = Kind({"another": "OPEN", "padded": " open"}, ("open",))
ROLE = Kind({"another": "owner", "padded": "user "}, ("user",))
CAPACITY = Kind({"too large": 10_001, "digits": "5"}, (0, 10_000), frozenset({"an int"}))
PRIORITY = Kind({"another": "highest"}, ("low", "urgent", None), frozenset({"null"}))
TAGS = Kind(
    {
        "too many": [str(n) for n in range(21)],
        "too long": ["x" * 33],
        "an empty one": ["x", ""],
        "a number": ["x", 1],
        "null within": [None],
        "NUL within": ["a\0"],
        "a surrogate within": ["\udbff"],
    },
    ([], [f"{n:032}" for n in range(20)]),
    frozenset({"a list"}),
)
TEAM_DESCRIPTION = Kind(
    {"too long": "é" * 501},
    ("", "a\nb", "🦆" * 500),
    frozenset({"a short text", "an empty text", "blanks"}),
)
SKILLS = Kind(
    {**TAGS.wrong, "too many": [str(n) for n in range(31)]},
    ([], [f"{n:032}" for n in range(30)]),
    TAGS.fine,
)
MINUTES = Kind(
    {"zero": 0, "too large": 40_321, "digits": "5"},
    (1, 40_320, None),
    frozenset({"an int", "null"}),
)
MOMENT = Kind(
    {
        "no zone": "2400-01-01T00:00:00",
        "a date": "2400-01-01",
        "the year 10000 in UTC": "9999-12-31T23:59:59-14:00",
    },
    (),
)
REASON = Kind(text(200).wrong, ("x", None), frozenset({"a short text", "null"}))
STRATEGY = Kind({"another": "fair", "padded": " random"}, ("random", None), frozenset({"null"}))
MEMBERS = Kind(
    {
        "no id within": ["nonsense"],
        "null within": [None],
        "too many": [f"{n:032}" for n in range(501)],
    },
    ([],),
    frozenset({"a list"}),
)
WEBHOOK_URL = Kind(
    {
        "no scheme": "8.8.8.8/",
        "another scheme": "ftp://8.8.8.8/",
        "a user": "https://a@8.8.8.8/",
        "a fragment": "https://8.8.8.8/#a",
        "a line break": "https://8.8.8.8/\n",
        "internal": "https://169.254.169.254/",
        "too long": "https://8.8.8.8/" + "x" * 1985,
    },
    ("https://8.8.8.8/", "https://8.8.8.8/" + "x" * 1984),
)
EVENT_KINDS = Kind(
    {
        "another": ["ASSIGNED"],
        "padded": [" assigned"],
        "a number within": ["assigned", 1],
        "too many": ["assigned"] * 101,
    },
    (["assigned"], ["assigned"] * 100),
)
KEY_ROLE = Kind({"a customer's": "user", "padded": "csr "}, ("csr", "admin"))
SCOPES = Kind(
    {
        "none": [],
        "another": ["tickets:delete"],
        "null within": [None],
        "a word": "tickets:read",
        "too many": ["admin"] * 21,
    },
    (["admin"], ["tickets:read"] * 20),
)
MOMENT_OR_NULL = Kind(
    MOMENT.wrong | {"over": "2020-01-01T00:00:00Z"},
    (None, "2400-01-01T00:00:00Z"),
    frozenset({"null"}),
)
VIEW_IDS = Kind(
    {"a number within": [1], "too long within": ["x" * 65], "too many": ["mine"] * 108},
    ([], ["mine"] * 107),
    frozenset({"a list"}),
)
WATCHED_IDS = Kind(
    {"no id within": ["nonsense"], "too many": ["0" * 32] * 201},
    ([], ["0" * 32] * 200),
    frozenset({"a list"}),
)
VIEW_QUERY = Kind(
    {
        "another filter": {"mood": "angry"},
        "a page": {"limit": 5},
        "a word for nobody": {"assigned_to": "you"},
        "a status within": {"status": ["OPEN"]},
        "too many within": {"status": ["open"] * 5},
        "NUL within": {"tag": "a\0"},
        "a surrogate within": {"q": "\udbff"},
        "another sort": {"sort": "title"},
        "a huge number within": {"unread": 10**90},
    },
    ({}, {"status": ["open"], "assigned_to": "me", "sort": "-updated_at", "tag": "x" * 32}),
    frozenset({"an object"}),
)
LABEL_OR_NULL = Kind(LABEL.wrong, (*LABEL.good, None), LABEL.fine | {"null"})
FIELDS = Kind(
    {
        "a name of no field": {"No field": 1},
        "an object within": {"plan": {}},
        "a list within": {"plan": [[]]},
        "null within a list": {"plan": [None]},
        "a huge number within": {"plan": 10**90},
        "a surrogate within": {"plan": "\udbff"},
        "a surrogate in a list": {"plan": ["\udbff"]},
        "too long within": {"plan": "x" * 8001},
        "too many": {f"f{n}": None for n in range(101)},
        "no field of ours": {"nothing": "x"},
    },
    ({},),
    frozenset({"an object"}),
)
ACTIONS = Kind(
    {
        "another action": {"title": "x"},
        "a status within": {"status": "OPEN"},
        "too many within": {"tags_add": [str(n) for n in range(21)]},
        "a word for nobody": {"assignee": "queue"},
        "an empty word for nobody": {"assignee": ""},
        "a number for somebody": {"assignee": 1},
        "NUL within": {"tags_remove": ["a\0"]},
        "no time within": {"snooze": {}},
        "no minutes within": {"snooze": {"minutes": 0}},
        "two times within": {"snooze": {"minutes": 5, "until": "2031-01-01T00:00:00Z"}},
        "a surrogate within": {"fields": {"plan": "\udbff"}},
    },
    (
        {"status": "open", "assignee": "me", "tags_add": ["x"]},
        {"assignee": None, "snooze": {"minutes": 60, "wake_on_reply": False}},
    ),
    frozenset({"an object"}),
)
MACRO_SCOPE = Kind({"another": "OWN", "padded": " own"}, ("own", "everyone"))
MACRO_MESSAGE = Kind(
    {
        "no text": {"internal": True},
        "an unknown word": {"content": "{{customer.email}}"},
        "an open word": {"content": "{{ticket.title"},
        "NUL within": {"content": "a\0"},
        "a surrogate within": {"content": "\udbff"},
        "too long within": {"content": "x" * 10_001},
        "another kind": {"content": "x", "internal": 1},
    },
    ({"content": "{{customer.first_name|there}}"}, None),
    frozenset({"null"}),
)
FIELD_KEY = Kind(
    {"upper case": "Plan", "a dash": "a-b", "a digit first": "1st", "too long": "x" * 33},
    ("a", "a" * 32, "a_1"),
    frozenset({"a short text"}),
)
# Nobody of the staff has these ids.
MENTIONS = Kind(
    {
        "no id within": ["nonsense"],
        "null within": [None],
        "too many": [f"{n:032}" for n in range(21)],
        "nobody": ["0" * 32],
    },
    ([],),
    frozenset({"a list"}),
)
LINK_KIND = Kind({"another": "parent", "padded": " related"}, ("related", "duplicate", "blocks"))
FIELD_KIND = Kind({"another": "TEXT", "padded": " text"}, ("text", "choices"))
FIELD_ACCESS = Kind({"another": "none"}, ("hidden", "read", "write"))
FIELD_NEED = Kind({"another": "always"}, ("never", "to_open", "to_resolve"))
CHOICES = Kind(
    {
        "a number within": [1],
        "an empty one": [""],
        "the same twice": ["x", "x"],
        "an unknown member": [{"id": "x", "label": "x", "more": 1}],
        "no label": [{"id": "x"}],
        "a surrogate within": [{"id": "x", "label": "\udbff"}],
        "too many": [str(n) for n in range(201)],
    },
    ([], ["x" * 64], [{"id": "x", "label": "y" * 64, "archived": True}]),
    frozenset({"a list"}),
)
CODE = Kind(
    {"too long": "x" * 65, "two lines": "a\nb"},
    ("0" * 64, "\u0661\u0662"),
    frozenset({"a short text", "an empty text", "blanks"}),
)
# Of a log-in whose password was right.
CHALLENGE = Kind({"too long": "x" * 201}, ())
KEY_TEXTS = {"not Base64url": "a+b", "too long": "x" * 16_001, "no text": 5}
CREDENTIAL = Kind(
    {
        "another type": {"id": "a", "rawId": "a", "type": "password", "response": {}},
        "no response": {"id": "a", "rawId": "a", "type": "public-key"},
        **{
            f"{name}: {what}": {
                "id": "a",
                "rawId": "a",
                "type": "public-key",
                "response": {"clientDataJSON": "a", "attestationObject": "a"} | {name: wrong},
            }
            for name in ("clientDataJSON", "attestationObject")
            for what, wrong in KEY_TEXTS.items()
        },
        "too many transports": {
            "id": "a",
            "rawId": "a",
            "type": "public-key",
            "response": {
                "clientDataJSON": "a",
                "attestationObject": "a",
                "transports": ["usb"] * 11,
            },
        },
    },
    (),
)
TOKEN = Kind({"no token": "nonsense", "too long": "x" * 8193}, ())


def rows(settings: Settings) -> dict[str, int]:
    """How many rows each table has."""
    with database(settings) as session:
        return dict(session.execute(_counts()).one()._mapping)


@cache
def _counts() -> TextClause:
    """As text: to build it anew takes far longer than to count."""
    tables = Base.metadata.sorted_tables
    counts = [select(func.count()).select_from(t).scalar_subquery().label(t.name) for t in tables]
    return sql(str(select(*counts)))
