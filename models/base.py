"""The declarative base: names of constraints, types of keys and times that every table shares."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

from sqlalchemy import TIMESTAMP, BigInteger, Dialect, Enum, MetaData, SmallInteger
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

E = TypeVar("E", bound=StrEnum)

# Time-ordered, so that a fresh row lands at the end of its index.
Key = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]


def opaque(enum: type[E], value: str) -> E:
    """A value that only a newer process knows: no member, equal to its text, and shown as it."""
    unknown = str.__new__(enum, value)
    unknown._name_ = unknown._value_ = value
    return unknown


class Known(dict[str, E]):
    """An enumeration's members by their values; to call the enumeration takes longer.

    While a new version is rolled out, rows hold values that the old one does not know: `opaque`.
    """

    def __init__(self, enum: type[E]) -> None:
        super().__init__((member.value, member) for member in enum)
        self._enum = enum

    def __missing__(self, value: str) -> E:
        return opaque(self._enum, value)


class OpenEnum(Enum):
    """Reads what it does not know as `opaque`. Nothing but a member is ever written."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        enum: type[StrEnum] = self.enum_class  # type: ignore[assignment]
        known = Known(enum)
        return lambda value: None if value is None else known[value]


def one_of(enum: type[E], name: str, *, is_closed: bool = False) -> Enum:
    """A text column limited to the enum's values by a check constraint.

    No native enum: its values cannot be taken back in a migration, and psycopg's binary mode
    returns unregistered ones as bytes. ``is_closed``: a value that is not known is an error.
    """
    return (Enum if is_closed else OpenEnum)(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), int: BigInteger}  # noqa: RUF012


class Leased:
    """Columns of work that is done outside of the database: due, taken for a while, over."""

    due_at: Mapped[datetime]
    # Until then somebody is at it, if they live.
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    done_at: Mapped[datetime | None]
