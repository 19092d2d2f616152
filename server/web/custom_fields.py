"""Custom fields in the customers' forms: which are asked for, and what a form says of them."""

from collections.abc import Mapping, Sequence

from desk.errors import DeskError
from desk.tickets.fields import FieldView
from desk.tickets.views import TicketView
from models import FieldAccess, FieldKind, Value

PREFIX = "field."
# Of a form that has them: each choice is a box of its own.
MOST_BOXES = 1_000
BOOLEANS = {"true": True, "false": False}


def asked(fields: Sequence[FieldView]) -> list[FieldView]:
    """What customers may write."""
    return [
        field
        for field in fields
        if field.customers is FieldAccess.WRITE and field.removed_at is None
    ]


def asked_on(fields: Sequence[FieldView], ticket: TicketView) -> list[FieldView]:
    """Of one ticket."""
    categories = (None, ticket.category)
    return [
        field
        for field in asked(fields)
        if field.category in categories or field.key in ticket.fields
    ]


def shown_on(fields: Sequence[FieldView], ticket: TicketView) -> list[tuple[FieldView, list[str]]]:
    """The values that customers may only read, in words; what is null has none."""
    writable = {field.key for field in asked_on(fields, ticket)}
    return [
        (field, in_words(field, ticket.fields[field.key]))
        for field in fields
        if field.key in ticket.fields and field.key not in writable
    ]


def in_words(field: FieldView, value: Value) -> list[str]:
    """As people read it. What is true or false are the keys of words."""
    labels = {choice.id: choice.label for choice in field.choices}
    values = value if isinstance(value, list) else [value]
    return [
        str(one).lower() if isinstance(one, bool) else labels.get(str(one), str(one))
        for one in values
    ]


def given(fields: Sequence[FieldView], sent: Mapping[str, str]) -> dict[str, Value | None]:
    """What a form says of them; None for what is left empty. The rule says what of it is wrong."""
    return {field.key: _given(field, sent) for field in fields}


def _given(field: FieldView, sent: Mapping[str, str]) -> Value | None:
    name = PREFIX + field.key
    text = sent.get(name, "").strip()
    match field.kind:
        case FieldKind.CHOICES:
            return [sent[each] for each in sent if each.startswith(f"{name}.")] or None
        case FieldKind.BOOLEAN:
            return BOOLEANS.get(text)
        case FieldKind.NUMBER:
            return _number(text)
    return text or None


def _number(text: str) -> Value | None:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def blamed(error: object) -> str:
    """The key of the field that was refused, if it was one."""
    pointer = error.pointer if isinstance(error, DeskError) else None
    return (pointer or "").removeprefix("/fields/")
