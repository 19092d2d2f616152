"""The kinds of custom fields: which values each takes, and in which words lists find them."""

import re
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from desk.errors import Invalid
from desk.events import texts_of
from desk.text import Text
from models import LONGEST_VALUE, CustomField, FieldKind, Value

LONGEST_TEXT = 2_000
LARGEST_NUMBER, DECIMALS = 10**15, 6
TEXT = Text(LONGEST_TEXT, single_line=False)
LINE = Text(LONGEST_TEXT)
# What a filter asks for.
ASKED = Text(LONGEST_VALUE, single_line=False)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER = re.compile(r"-?\d{1,16}(\.\d{1,6})?")
# How a refusal names what it wants.
WHAT = {
    FieldKind.TEXT: "a text",
    FieldKind.NUMBER: "a number of at most 15 digits, and 6 behind the point",
    FieldKind.BOOLEAN: "true or false",
    FieldKind.DATE: "a date as 2026-01-31",
    FieldKind.CHOICE: "the id of one of its choices",
    FieldKind.CHOICES: "a list of ids of its choices, each once",
    FieldKind.URL: "an http or https URL",
}


def pointer(key: str) -> str:
    """To a value in the input."""
    return f"/fields/{key}"


def typed(field: CustomField, value: Value, before: Value | None = None) -> Value:
    """The value as its field has it. A choice that is archived stays where it is.

    Raises `Invalid`, which points to the field.
    """
    try:
        found = _typed(field, value, before)
    except PydanticCustomError as error:
        raise Invalid("invalid", error.message(), pointer(field.key)) from None
    if found is None:
        what = WHAT[field.kind]
        raise Invalid("invalid", f"{field.label} must be {what}", pointer(field.key))
    return found


def _typed(field: CustomField, value: Value, before: Value | None) -> Value | None:
    match field.kind, value:
        case FieldKind.BOOLEAN, bool():
            return value
        case FieldKind.NUMBER, int() | float() if not isinstance(value, bool):
            return _number(value)
        case FieldKind.TEXT, str():
            return TEXT.clean(value)
        case FieldKind.URL, str():
            return _url(LINE.clean(value))
        case FieldKind.DATE, str():
            return _date(value)
        case FieldKind.CHOICE, str():
            return value if value in _ids(field, before) else None
        case FieldKind.CHOICES, list() if value:
            is_known = {*value} <= _ids(field, before) and len({*value}) == len(value)
            return value if is_known else None
    return None


def _ids(field: CustomField, before: Value | None) -> set[str]:
    known = {choice["id"] for choice in field.choices if not choice["archived"]}
    return known | {*(texts_of(before) if before is not None else ())}


def _number(value: float) -> float | None:
    """A whole one as such, so that equal ones are stored alike."""
    if not -LARGEST_NUMBER < value < LARGEST_NUMBER:
        return None
    if value == int(value):
        return int(value)
    return value if round(value, DECIMALS) == value else None


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if DATE.fullmatch(text) else None
    except ValueError:
        return None


def _url(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return text if is_usable and not any(c.isspace() for c in text) else None


def asked_words(field: CustomField, text: str) -> str | None:
    """What a filter asks for, in the words that equal values have; None: no value is so."""
    try:
        text = ASKED.clean(text)
    except PydanticCustomError:
        return None
    match field.kind:
        case FieldKind.NUMBER:
            value = _number(float(Decimal(text))) if NUMBER.fullmatch(text) else None
            return None if value is None else texts_of(value)[0]
        case FieldKind.BOOLEAN:
            return text if text in ("true", "false") else None
        case FieldKind.DATE:
            return _date(text)
        case FieldKind.CHOICE | FieldKind.CHOICES:
            return text if text in {choice["id"] for choice in field.choices} else None
    return text
