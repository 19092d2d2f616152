"""Bounded input: what every text that enters the desk has to pass."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any, TypeVar
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    Strict,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")

LONGEST_EMAIL = 254
# A time is shown in other zones than it was written in, and those have years 1 to 9999 alone.
EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
# Marks on one letter, as in Unicode's stream-safe form. Putting them in order takes the square
# of their number: without a bound one request could stop the process for seconds.
MOST_MARKS = 30
# So many characters become one in NFC, at most.
LARGEST_COMPOSED = 4
# What Unicode counts as letters, signs and marks and shows nothing: fillers, the blank Braille
# pattern, joiners, variation selectors. Spaces and format characters have their own categories.
BLANK = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0))
) | frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))

# Marks, embeddings, overrides and isolates: what follows is shown in the other direction. As they
# stand in a class of a regular expression.
DIRECTION = "\u200e\u200f\u202a-\u202e\u2066-\u2069"


class Input(BaseModel):
    """Something a client sends: unknown fields and other types are refused, never coerced."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _normalized(text: str, longest: int) -> str:
    if "\0" in text:
        raise PydanticCustomError("text_nul", "must not contain NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON can write half of a surrogate pair, which is no character.
        raise PydanticCustomError("text_surrogate", "must not contain lone surrogates") from None
    if len(text) > longest * LARGEST_COMPOSED:
        raise too_long(longest)
    if not text.isascii() and _marks_in_a_row(text) > MOST_MARKS:
        raise PydanticCustomError("text_marks", "has too many marks on one character")
    return unicodedata.normalize("NFC", text)


def _marks_in_a_row(text: str) -> int:
    runs = groupby(text, lambda c: unicodedata.category(c)[0] == "M")
    return max((sum(1 for _ in run) for is_mark, run in runs if is_mark), default=0)


def shows_something(text: str) -> bool:
    return any(c not in BLANK and unicodedata.category(c)[0] not in "ZC" for c in text)


def too_long(longest: int) -> PydanticCustomError:
    return PydanticCustomError("text_long", "must have at most {n} characters", {"n": longest})


@dataclass(frozen=True, slots=True)
class Text:
    """Text of ``shortest`` to ``longest`` characters after NFC; a single line is trimmed too."""

    longest: int
    shortest: int = 1
    single_line: bool = True

    def clean(self, text: str) -> str:
        text = _normalized(text, self.longest)
        if self.single_line:
            text = text.strip()
            if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in text):
                raise PydanticCustomError("text_control", "must be a single line")
        if len(text) < self.shortest or (self.shortest and not shows_something(text)):
            raise PydanticCustomError(
                "text_short", "must have at least {n} characters", {"n": self.shortest}
            )
        if len(text) > self.longest:
            raise too_long(self.longest)
        return text

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            self.clean,
            core_schema.str_schema(strict=True),
            metadata={
                "pydantic_js_updates": {"minLength": self.shortest, "maxLength": self.longest}
            },
        )


def unique(values: list[T]) -> list[T]:
    """Each once, in their order."""
    return list(dict.fromkeys(values))


def _email(text: str) -> str:
    text = _normalized(text, LONGEST_EMAIL).strip()
    if len(text) > LONGEST_EMAIL:
        raise too_long(LONGEST_EMAIL)
    try:
        # A help desk may live on an intranet: names like support@desk.local are fine.
        checked = validate_email(
            text, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise PydanticCustomError("email", "{reason}", {"reason": str(error)}) from None
    lowered = checked.normalized.lower()
    if len(lowered) > LONGEST_EMAIL or "\0" in lowered:
        raise PydanticCustomError("email", "is not a usable address")
    return lowered


Id = Annotated[UUID, Strict(False)]
# One account whatever the case, hence in lower case.
Email = Annotated[
    str, AfterValidator(_email), Field(json_schema_extra={"format": "email", "maxLength": 254})
]
Title = Annotated[str, Text(200)]
Description = Annotated[str, Text(20_000, single_line=False)]
Label = Annotated[str, Text(64)]
Tag = Annotated[str, Text(32)]
Skills = Annotated[list[Tag], Field(max_length=30), AfterValidator(unique)]
# What is searched for.
Words = Annotated[str, Text(200)]
Content = Annotated[str, Text(10_000, single_line=False)]
# Printable ASCII.
ClientId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[ -~]+$")]


def _written(value: object) -> object:
    """Seconds since 1970 are no time as people write it, neither as text nor as a number."""
    is_number = isinstance(value, int | float)
    if is_number or (isinstance(value, str) and not value[4:5] == "-"):
        raise PydanticCustomError("moment", "must be a time as in RFC 3339")
    return value


def _in_range(at: datetime) -> datetime:
    """In UTC, and in any other zone, its year is one that there is."""
    if not EARLIEST <= at < LATEST:
        raise PydanticCustomError("moment", "must be in the years 2 to 9998 of UTC")
    return at


# A time with its zone.
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_range)]
# A place in a timeline; PostgreSQL's bigint bounds it.
Seq = Annotated[int, Field(ge=0, le=2**63 - 1)]
