"""The values that a ticket has of custom fields: who may set them, and which have to be set."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience
from desk.errors import Invalid
from desk.events import FieldsChanged, StaffFieldsChanged, ValueChange, texts_of
from desk.text import LARGEST_COMPOSED
from desk.tickets import timeline
from desk.tickets.field_kinds import LARGEST_NUMBER, LONGEST_TEXT, asked_words, pointer, typed
from desk.tickets.fields import KEY
from models import (
    LONGEST_VALUE,
    CustomField,
    FieldAccess,
    FieldNeed,
    FieldValue,
    Ticket,
    Value,
)

# Bytes of all that a ticket has: lists show it in each of their rows.
LARGEST = 16 * 1024
# Fields that are set at once, and choices of one field.
MOST_SET, MOST_CHOSEN = 100, 50
# Characters of one that is sent, before they are composed.
LONGEST_SENT = LARGEST_COMPOSED * LONGEST_TEXT
SURROGATE = re.compile("[\ud800-\udfff]")
Sent = Mapping[str, Value | None]


def _sent(value: object) -> dict[str, Any]:
    """Values of any kind. Which kind each of them has to be is known where its field is."""
    if not isinstance(value, dict):
        raise PydanticCustomError("fields", "must be an object of values by the keys of fields")
    if len(value) > MOST_SET:
        raise PydanticCustomError("fields", "has too many fields at once")
    for key, one in value.items():
        if not KEY.fullmatch(key):
            raise PydanticCustomError("fields", "has a name that no field has")
        if not _is_plain(one):
            raise Invalid("invalid", "Is no value of a field", pointer(key))
    return value


def _is_plain(value: object) -> bool:
    match value:
        case list():
            return len(value) <= MOST_CHOSEN and all(
                isinstance(each, str) and _is_plain(each) for each in value
            )
        case str():
            return len(value) <= LONGEST_SENT and not SURROGATE.search(value)
        case int() | float():
            return abs(value) < LARGEST_NUMBER
    return value is None


# Of the values that are sent; null clears one.
SentFields = Annotated[
    dict[str, Any],
    BeforeValidator(_sent),
    WithJsonSchema(
        {
            "type": "object",
            "description": "Values by the keys of fields; null clears one",
            "maxProperties": MOST_SET,
            "propertyNames": {"pattern": f"^{KEY.pattern}$"},
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "maxLength": LONGEST_TEXT},
                    {"type": "number"},
                    {"type": "boolean"},
                    {"type": "array", "items": {"type": "string"}, "maxItems": MOST_CHOSEN},
                    {"type": "null"},
                ]
            },
            "example": {},
        }
    ),
]


def set_fields(
    session: Session, actor: Actor, ticket: Ticket, sent: Sent, now: datetime | None
) -> None:
    """Sets and clears values on a ticket that the caller has locked.

    What customers may see and what they may not are two events. Raises `Invalid`, which points to
    the field: ``unknown_field``, ``field_read_only``, ``field_removed``, ``fields_too_large``.
    """
    defined = _held(session, sent) if sent else {}
    changes: dict[str, ValueChange] = {}
    for key, value in sent.items():
        field = _writable(actor, defined.get(key), key)
        before = ticket.fields.get(key)
        after = None if value is None else typed(field, value, before)
        if after != before:
            changes[key] = ValueChange(from_=before, to=after)
    if not changes:
        return
    fields = ticket.fields | {key: change.to for key, change in changes.items()}
    ticket.fields = {key: value for key, value in fields.items() if value is not None}
    if len(json.dumps(ticket.fields)) > LARGEST:
        raise Invalid("fields_too_large", "The values are too long, taken together", "/fields")
    _store(session, ticket, [defined[key] for key in changes])
    hidden = {key for key in changes if defined[key].customers is FieldAccess.HIDDEN}
    public = {key: change for key, change in changes.items() if key not in hidden}
    if public:
        timeline.record(session, ticket, FieldsChanged(changes=public), actor.id, now)
    if hidden:
        internal = {key: changes[key] for key in changes if key in hidden}
        timeline.record(session, ticket, StaffFieldsChanged(changes=internal), actor.id, now)


def require_settable(session: Session, actor: Actor, sent: Sent) -> None:
    """Refuses what `set_fields` would on a ticket without values. Raises `Invalid`."""
    defined = _held(session, sent) if sent else {}
    for key, value in sent.items():
        field = _writable(actor, defined.get(key), key)
        if value is not None:
            typed(field, value)


def _held(session: Session, sent: Sent) -> dict[str, CustomField]:
    """The fields, which nobody defines anew until the commit.

    Who sets the first value of one says so on it: for that they hold it alone, from the beginning.
    """
    asked = select(CustomField).where(CustomField.key.in_(sent))
    first = any(not field.is_used for field in session.scalars(asked))
    held = asked.order_by(CustomField.number).with_for_update(read=not first, key_share=first)
    fields = session.scalars(held.execution_options(populate_existing=True))
    return {field.key: field for field in fields}


def _writable(actor: Actor, field: CustomField | None, key: str) -> CustomField:
    if field is None or (not actor.is_staff and field.customers is FieldAccess.HIDDEN):
        raise Invalid("unknown_field", "There is no such field", pointer(key))
    if field.removed_at is not None:
        raise Invalid("field_removed", "The field was removed", pointer(key))
    if not actor.is_staff and field.customers is not FieldAccess.WRITE:
        raise Invalid("field_read_only", "Only the staff set this field", pointer(key))
    return field


def _store(session: Session, ticket: Ticket, changed: list[CustomField]) -> None:
    """What lists find the ticket by."""
    session.flush()  # A new ticket is there before its values.
    numbers = [field.number for field in changed]
    gone = delete(FieldValue).where(
        FieldValue.ticket_id == ticket.id, FieldValue.field_number.in_(numbers)
    )
    session.execute(gone)
    rows = [
        {"field_number": field.number, "value": text}
        for field in changed
        if field.key in ticket.fields
        for text in texts_of(ticket.fields[field.key])
        if len(text) <= LONGEST_VALUE
    ]
    if rows:
        shared = {"ticket_id": ticket.id, "created_at": ticket.created_at}
        session.execute(insert(FieldValue), [row | shared for row in rows])
    for field in changed:
        field.is_used = True


def require(session: Session, need: FieldNeed, category: str, values: Mapping[str, object]) -> None:
    """Refuses (`Invalid`, ``field_required``) where a field that is needed has no value."""
    needed = (
        select(CustomField.key, CustomField.label)
        .where(CustomField.required == need, CustomField.removed_at.is_(None))
        .where(or_(CustomField.category.is_(None), CustomField.category == category))
        .order_by(CustomField.number)
    )
    for key, label in session.execute(needed):
        if values.get(key) is None:
            raise Invalid("field_required", f"{label} is required", pointer(key))


def asked_for(
    session: Session, audience: Audience, asked: Mapping[str, str], below: str = ""
) -> dict[str, str]:
    """What lists ask of fields, in the words that `FieldValue` has.

    ``below``: where the filters are in the input. Raises `Invalid`.
    """
    query = select(CustomField).where(CustomField.key.in_(asked))
    if audience is Audience.CUSTOMER:
        query = query.where(CustomField.customers != FieldAccess.HIDDEN)
    defined = {field.key: field for field in session.scalars(query)}
    return dict(_asked_each(defined, asked, below))


def _asked_each(
    defined: Mapping[str, CustomField], asked: Mapping[str, str], below: str
) -> Iterator[tuple[str, str]]:
    for key, text in asked.items():
        where = f"{below}/field.{key}"
        if key not in defined:
            raise Invalid("unknown_field", "There is no such field", where)
        if (words := asked_words(defined[key], text)) is None:
            raise Invalid("invalid", f"No value of {defined[key].label} is so", where)
        yield key, words
