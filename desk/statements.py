"""Statements that are built and compiled once.

Building one, finding it in SQLAlchemy's cache and making a session for it costs several times what
the driver and PostgreSQL need to run it; the hottest reads and writes are spared that.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, any_, bindparam
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import TypeEngine

from desk.outbox import Outbox

T = TypeVar("T")

# A parameter as the driver takes it, or a percent sign.
PLACE = re.compile(r"%\((?P<name>\w+)\)s|%%")
DIALECT = registry.load("postgresql.psycopg")()


def param(name: str, type_: TypeEngine[Any] | None = None) -> BindParameter[Any]:
    """A value that is given by its name whenever the statement runs."""
    return bindparam(name, type_=type_, required=False)


def in_array(column: InstrumentedAttribute[UUID], name: str) -> ColumnElement[bool]:
    """Whether it is one of the `ids` that are given by this name."""
    return column == any_(param(name, ARRAY(column.type)))


def array(of: Iterable[object]) -> str:
    """An array in PostgreSQL's words, which the driver would take long to find for a list. Of what
    has no spaces, commas or quotes.
    """
    return f"{{{','.join(map(str, of))}}}"


def ids(of: Iterable[UUID | str]) -> str:
    return array(of)


class Statement(Generic[T]):
    """SQL in the driver's form, with named parameters.

    A rule runs it in its session. Who has a connection may run ``numbered``, which is the same in
    the database's own form, with the parameters `in_order`. ``row_type`` makes an object of a row's
    values.
    """

    def __init__(
        self, sql: str, row_type: Callable[..., T], constants: Mapping[str, Any] | None = None
    ) -> None:
        self.sql = sql
        self.row_type = row_type
        self._constants = constants or {}
        self.numbered, self._names = _numbered(sql)

    @classmethod
    def of(cls, query: Select[*tuple[Any, ...]], row_type: Callable[..., T]) -> Self:
        """A query whose values are each a `param`, or a constant."""
        compiled = query.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        constants = {name: v for name, v in compiled.params.items() if v is not None}
        return cls(str(compiled), row_type, constants)

    def parameters(self, **values: Any) -> dict[str, Any]:
        return {**self._constants, **values}

    def in_order(self, **values: Any) -> list[Any]:
        """The parameters as ``numbered`` has them."""
        given = self.parameters(**values)
        return [given[name] for name in self._names]

    def all(self, session: Session, **values: Any) -> list[T]:
        session.flush()  # As before any other statement of a session.
        rows = session.connection().exec_driver_sql(self.sql, self.parameters(**values))
        return [self.row_type(*row) for row in rows]

    def first(self, session: Session, **values: Any) -> T | None:
        """The only row, or None."""
        rows = self.all(session, **values)
        return rows[0] if rows else None


def _numbered(sql: str) -> tuple[bytes, Sequence[str]]:
    """SQL with ``$1``, ``$2`` … for the names of its parameters, and these in their order."""
    numbers: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        name = found["name"]
        return f"${numbers.setdefault(name, len(numbers) + 1)}" if name else "%"

    return PLACE.sub(place, sql).encode(), list(numbers)


@dataclass(frozen=True)
class SingleStatement(Generic[T]):
    """A rule as one statement, which needs no transaction around it: it does all of it, or nothing.

    A transaction takes the database two more round trips, and a session several times their cost.
    """

    statement: Statement[Any]
    values: dict[str, Any]
    # Makes the rule's result of the rows, and fills the outbox; None: the statement did nothing.
    result: Callable[[Sequence[Any], Outbox], T | None]
    # Then the rule itself runs, in a transaction.
    otherwise: Callable[[Session], T]
    # Whether the rule may run if the connection was lost, so that nobody knows what was committed.
    is_repeatable: bool
