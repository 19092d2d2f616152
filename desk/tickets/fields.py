"""Custom fields as admins define them: what a desk asks of its tickets beyond our own columns."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import MISSING, AfterValidator, BeforeValidator, Field, Strict, with_config
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Invalid, NotFound
from desk.text import Input, Label
from models import CustomField, FieldAccess, FieldKind, FieldNeed

# Those that are not removed.
MOST_FIELDS = 500
MOST_CHOICES = 200
# Names the lock under which they are counted.
COUNTING = zlib.crc32(b"fields")
KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
# What the data of an event may have beside the fields that it changes, or of other kinds has.
RESERVED = frozenset({"cause", "client_id", "content", "erased", "id", "v"})
WITH_CHOICES = (FieldKind.CHOICE, FieldKind.CHOICES)


def _key(key: str) -> str:
    if not KEY.fullmatch(key):
        raise PydanticCustomError("key", "must be 1 to 32 of a-z, 0-9 and _, a letter first")
    if key in RESERVED:
        raise PydanticCustomError("key", "is a word of our own")
    return key


FieldKey = Annotated[
    str, AfterValidator(_key), Field(json_schema_extra={"pattern": f"^{KEY.pattern}$"})
]


class Choice(Input):
    """A value to choose. It is stored by its ``id``: its label may change, and it may be archived,
    so that nobody chooses it any more.
    """

    id: Label
    label: Label
    archived: bool = False


def _choice(value: object) -> object:
    """A text alone is both."""
    return {"id": value, "label": value} if isinstance(value, str) else value


def _of_own_ids(choices: list[Choice]) -> list[Choice]:
    if len({choice.id for choice in choices}) < len(choices):
        raise PydanticCustomError("choices", "must have different ids")
    return choices


Choices = Annotated[
    list[Annotated[Choice, BeforeValidator(_choice, json_schema_input_type=str | Choice)]],
    Field(max_length=MOST_CHOICES),
    AfterValidator(_of_own_ids),
]
Kind = Annotated[FieldKind, Strict(False)]
Access = Annotated[FieldAccess, Strict(False)]
Need = Annotated[FieldNeed, Strict(False)]


class NewField(Input):
    """``category``: it is offered, and required, on tickets of this one; null: on all."""

    key: FieldKey
    label: Label
    kind: Kind
    choices: Choices = Field(default_factory=list)
    customers: Access = FieldAccess.HIDDEN
    required: Need = FieldNeed.NEVER
    category: Label | None = None


class FieldChange(Input):
    """Only the fields that were sent count. Choices that are left out are archived.

    ``removed`` false brings a removed field back.
    """

    label: Label | MISSING = MISSING
    kind: Kind | MISSING = MISSING
    choices: Choices | MISSING = MISSING
    customers: Access | MISSING = MISSING
    required: Need | MISSING = MISSING
    category: Label | MISSING | None = MISSING
    removed: bool | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class ChoiceShown:
    id: str
    label: str
    archived: bool


@with_config(title="Field")
@dataclass(frozen=True, slots=True)
class FieldView:
    """A custom field. A removed one takes no values; those that tickets have stay readable."""

    id: UUID
    key: str
    label: str
    kind: FieldKind
    choices: list[ChoiceShown]
    customers: FieldAccess
    required: FieldNeed
    category: str | None
    created_at: datetime
    removed_at: datetime | None

    @classmethod
    def of(cls, row: CustomField) -> Self:
        return cls(
            row.id,
            row.key,
            row.label,
            row.kind,
            [ChoiceShown(**choice) for choice in row.choices],
            row.customers,
            row.required,
            row.category,
            row.created_at,
            row.removed_at,
        )


def fields(session: Session, actor: Actor) -> Sequence[FieldView]:
    """All that the actor may know of, removed ones too, in the order in which they were made."""
    query = select(CustomField).order_by(CustomField.number)
    if not actor.is_staff:
        query = query.where(CustomField.customers != FieldAccess.HIDDEN)
    return [FieldView.of(row) for row in session.scalars(query)]


def add(session: Session, new: NewField, now: datetime) -> FieldView:
    """Raises `Conflict` (``key_taken``, ``too_many_fields``), `Invalid`."""
    _require_room(session)
    if session.scalar(select(CustomField.id).where(CustomField.key == new.key)):
        raise Conflict("key_taken", "There is a field of this key, or was", "/key")
    row = CustomField(
        **new.model_dump(exclude={"choices"}), choices=_stored(new.choices), created_at=now
    )
    _require_sound(row)
    session.add(row)
    session.flush()  # The view shows the id.
    return FieldView.of(row)


def change(session: Session, field_id: UUID, changes: FieldChange, now: datetime) -> FieldView:
    """Applies what was sent, once nobody is writing a value of the field.

    Raises `NotFound`, `Conflict` (``field_in_use``, ``too_many_fields``), `Invalid`.
    """
    row = _held(session, field_id)
    if changes.removed is not MISSING and changes.removed != (row.removed_at is not None):
        if not changes.removed:
            _require_room(session)
        row.removed_at = now if changes.removed else None
    if changes.kind is not MISSING and changes.kind is not row.kind:
        if row.is_used:
            raise Conflict("field_in_use", "Tickets have had values of this kind", "/kind")
        row.kind = changes.kind
        if row.kind not in WITH_CHOICES:
            row.choices = []
    if changes.choices is not MISSING:
        row.choices = _archiving(row.choices, changes.choices)
    for name in ("label", "customers", "required", "category"):
        if (value := getattr(changes, name)) is not MISSING:
            setattr(row, name, value)
    _require_sound(row)
    return FieldView.of(row)


def remove(session: Session, field_id: UUID, now: datetime) -> None:
    """No ticket takes a value of it from then on. One that none has ever had is deleted.

    Raises `NotFound`.
    """
    row = _held(session, field_id)
    if row.is_used:
        row.removed_at = row.removed_at or now
    else:
        session.delete(row)


def _held(session: Session, field_id: UUID) -> CustomField:
    row = session.get(CustomField, field_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("field_not_found", "Field not found")
    return row


def _require_room(session: Session) -> None:
    # Two that count at once would both find room for one more.
    session.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    kept = select(func.count()).where(CustomField.removed_at.is_(None))
    if session.scalars(kept).one() >= MOST_FIELDS:
        raise Conflict("too_many_fields", f"There are {MOST_FIELDS} fields already")


def _require_sound(row: CustomField) -> None:
    """What has to hold of all of it, whichever part was sent."""
    if (row.kind in WITH_CHOICES) != bool(row.choices):
        raise Invalid("invalid", "Choices are for the kinds choice and choices alone", "/choices")
    if row.required is FieldNeed.TO_OPEN and row.customers is not FieldAccess.WRITE:
        detail = "Only what customers may write can be required to open a ticket"
        raise Invalid("invalid", detail, "/required")


def _stored(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    return [choice.model_dump() for choice in choices]


def _archiving(before: list[dict[str, Any]], choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """The new choices, and behind them those before: tickets may have them."""
    kept = {choice.id for choice in choices}
    left = [{**choice, "archived": True} for choice in before if choice["id"] not in kept]
    if len(choices) + len(left) > MOST_CHOICES:
        raise Invalid("invalid", f"With those before there are over {MOST_CHOICES}", "/choices")
    return [*_stored(choices), *left]
