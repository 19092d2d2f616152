"""The declarative base: names of constraints, types of keys and times that every table shares."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID

from sqlalchemy import TIMESTAMP, BigInteger, Enum, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column
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


def one_of(enum: type[E], name: str) -> Enum:
    """A text column limited to the enum's values by a check constraint.

    No native enum: its values cannot be taken back in a migration, and psycopg's binary mode
    returns unregistered ones as bytes.
    """
    return Enum(
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
