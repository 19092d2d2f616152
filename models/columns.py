"""What a column is for beside being stored: said once, where the column is declared.

A new field of tickets is a column with its `use`, a migration, a line in `TicketRow` if it is
shown, and one in `OwnFilters` or `Filters` if lists are filtered by it. All else follows.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement

from models.base import Base


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of lists, by its name in the API, and what it asks of the column."""

    name: str
    asks: Literal["equals", "contains", "is_null", "is_set", "is_members", "after", "waits"] = (
        "equals"
    )
    # Whether an index has what the filter finds in order, of every sort or of some.
    always_leads: bool = False
    leads_in: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Use:
    # What customers are shown in the column's place, and sort by.
    for_customers: Callable[[], ColumnElement[Any]] | None = None
    # The name of the sort that goes by the column.
    sort: str | None = None
    filters: Collection[Filter] = ()
    in_webhooks: bool = False


def use(
    *,
    for_customers: Callable[[], Any] | None = None,
    sort: str | None = None,
    filters: Collection[Filter] = (),
    in_webhooks: bool = False,
) -> dict[str, Use]:
    """The ``info`` of a column."""
    return {"use": Use(for_customers, sort, filters, in_webhooks)}


def use_of(column: Column[Any]) -> Use:
    use: Use = column.info.get("use", Use())
    return use


def uses(table: type[Base]) -> Iterator[tuple[Column[Any], Use]]:
    """The columns of a table in the order of their declaration, each with what it is for."""
    return ((column, use_of(column)) for column in table.__mapper__.columns)
