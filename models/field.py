"""Custom fields: what a desk asks of its tickets beyond our own columns; and who has which value.

What a ticket shows is in `Ticket.fields`, by the key. `FieldValue` is beside it for the lists.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of

# Characters of a value that lists find tickets by.
LONGEST_VALUE = 200
# A value of a field, as its kind says.
Value = str | int | float | bool | list[str]
Values = dict[str, Value]


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    URL = "url"


class FieldAccess(StrEnum):
    """What customers may do with a field on their own tickets."""

    HIDDEN = "hidden"
    READ = "read"
    WRITE = "write"


class FieldNeed(StrEnum):
    """For what a ticket needs a value."""

    NEVER = "never"
    TO_OPEN = "to_open"
    TO_RESOLVE = "to_resolve"


class CustomField(Base):
    """A field as admins define it. One that tickets have had a value of is never deleted."""

    __tablename__ = "fields"
    __table_args__ = (
        # Nobody can be made to fill in what they are not shown.
        CheckConstraint("required <> 'to_open' or customers = 'write'", name="asked_for_is_shown"),
    )

    id: Mapped[Key]
    # Its name in `FieldValue`, which has a row for each value of a large desk.
    number: Mapped[int] = mapped_column(SmallInteger, Identity(always=True), unique=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    label: Mapped[str] = mapped_column(String(64))
    kind: Mapped[FieldKind] = mapped_column(one_of(FieldKind, "kind"))
    # ``{id, label, archived}`` each.
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    customers: Mapped[FieldAccess] = mapped_column(one_of(FieldAccess, "customers"))
    required: Mapped[FieldNeed] = mapped_column(one_of(FieldNeed, "required"))
    # Null: of all tickets.
    category: Mapped[str | None] = mapped_column(String(64))
    # Whether a ticket has ever had a value of it: then its kind is for ever.
    is_used: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class FieldValue(Base):
    """A value of a ticket in its plainest words, for lists; of several choices one row each.

    What is longer than `LONGEST_VALUE` is not here. It moves when somebody changes the field: a
    message writes none of it.
    """

    __tablename__ = "field_values"
    __table_args__ = (
        # The tickets with a value, by their age.
        Index("ix_field_values_value", "field_number", "value", "created_at", "ticket_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    field_number: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("fields.number"), primary_key=True
    )
    value: Mapped[str] = mapped_column(String(LONGEST_VALUE, collation="C"), primary_key=True)
    # The ticket's, which never changes.
    created_at: Mapped[datetime]
