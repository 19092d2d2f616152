"""Custom fields in lists: what asks for a value, of a ticket itself and of the index of values.

A filter is called ``field.<key>`` and has the value in the words of `FieldValue`.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from models import CustomField, FieldValue, Ticket

PREFIX = "field."


def is_field(name: str) -> bool:
    return name.startswith(PREFIX)


def named(values: Mapping[str, str]) -> dict[str, str]:
    """The filters of values by their fields' keys."""
    return {PREFIX + key: value for key, value in values.items()}


def has_value(ticket: Any, name: str, value: str) -> ColumnElement[bool]:
    """Whether a ticket has the value, or among several choices this one."""
    key = name.removeprefix(PREFIX)
    is_it: ColumnElement[bool] = ticket.fields.op("->>")(key) == value
    return or_(is_it, ticket.fields.op("->")(key).op("?")(value))


def having(name: str, value: str) -> Select[UUID]:
    """The tickets that have the value."""
    number = select(CustomField.number).where(CustomField.key == name.removeprefix(PREFIX))
    return select(FieldValue.ticket_id).where(
        FieldValue.field_number == number.scalar_subquery(), FieldValue.value == value
    )


def in_index(filters: Mapping[str, Any]) -> Iterable[ColumnElement[bool]]:
    """That a ticket is among those that the index of values has."""
    return [Ticket.id.in_(having(name, filters[name])) for name in filters if is_field(name)]
