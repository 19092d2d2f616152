"""Queries that walk along a list of tickets in its order, as the indexes of `Ticket` lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    SmallInteger,
    literal,
    select,
    tuple_,
    type_coerce,
)

from desk.access import Audience, visible_to
from desk.text import Seq
from desk.tickets import search
from desk.tickets.views import shown_to, views
from models import Ticket, bucket
from models.columns import uses

# The column that each sort goes by.
SORTS = {use.sort: column for column, use in uses(Ticket) if use.sort}
# The filters, those first that a list is rather led by, and the column of each. The words of a
# search are in no column.
FILTERS = {filter_.name: filter_ for _, use in uses(Ticket) for filter_ in use.filters}
FILTERED = {filter_.name: column for column, use in uses(Ticket) for filter_ in use.filters}
WORDS = "q"
KEY_TYPES = {
    TIMESTAMP: datetime,
    SmallInteger: Annotated[int, Field(ge=-(2**15), le=2**15 - 1)],
    BigInteger: Seq,
}
Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Sort:
    """``field``: one of `SORTS`."""

    field: str = "created_at"
    descending: bool = True

    @classmethod
    def of(cls, parameter: str) -> Self:
        """From the form that it has in a query: ``-created_at`` is descending."""
        return cls(parameter.removeprefix("-"), parameter.startswith("-"))


class Walk:
    """The list from a position on, of who may see it; its queries differ in what they look for."""

    def __init__(
        self,
        audience: Audience,
        me: BindParameter[UUID],
        leading: Mapping[str, Any],
        sort: Sort,
        after: Sequence[Any] | None,
    ) -> None:
        self._audience, self._me, self._descending = audience, me, sort.descending
        self._keys = sorted_by(audience, sort.field)
        if by_bucket := sort.field == "updated_at":
            # An index leads to the bucket of the time, and what is in it is sorted.
            staff = audience is Audience.STAFF
            column = Ticket.updated_bucket if staff else Ticket.public_updated_bucket
            self._keys.insert(0, column.expression)
            after = after and (bucket(type_coerce(after[0], Ticket.updated_at.type)), *after)
        self._order = self._keys
        self._conditions = [visible_to(audience, me), *conditions(leading, Ticket)]
        if after is None:
            return
        if by_bucket and "user_id" not in leading:
            # The planner knows how many tickets are behind a bucket, and which index to take then.
            # It would take one for all people's tickets, too, to leave out most of them.
            self._conditions.append(self._is_behind(self._keys, after))
        else:
            self._begin(leading, after)

    def _begin(self, leading: Mapping[str, Any], after: Sequence[Any]) -> None:
        """Begins at a position of the one index that has the first of the leading filters.

        That filter is part of the comparison and of the order: else the planner, which believes
        that few tickets are behind a position among equals, may take the index of the whole list.
        Said as an equality, too, it would begin with the first that has it.
        """
        here, there = list(self._keys), list(after[: len(self._keys)])
        for name in [name for name in leading if name not in ("unassigned", "priority")][:1]:
            column, value = column_of(name, Ticket), leading[name]
            others = {other: leading[other] for other in leading if other != name}
            end = column >= value if self._descending else column <= value
            may_see = visible_to(self._audience, self._me)
            self._conditions = [may_see, *conditions(others, Ticket), end]
            self._order = [column.expression, *self._keys]
            here.insert(0, column)
            there.insert(0, value)
        self._conditions.append(self._is_behind(here, there))

    def _is_behind(self, keys: Sequence[Any], position: Sequence[Any]) -> ColumnElement[bool]:
        here, there = tuple_(*keys), tuple_(*position)
        return here < there if self._descending else here > there

    def whole(self, limit: Any) -> Rows:
        """The list as it is."""
        return self._sorted(views(self._audience, self._me).where(*self._conditions)).limit(limit)

    def near(self, filters: Mapping[str, Any], limit: int, reach: int) -> Rows:
        """Those of the next ``reach`` that the filters find."""
        asked = {column_of(name, Ticket) for name in filters if name != WORDS}
        query = select(*{Ticket.id, *self._order, *asked}).where(*self._conditions)
        here = self._sorted(query).limit(reach).subquery("here").c
        picked = select(here.id).where(*conditions(filters, here))
        if WORDS in filters:
            picked = picked.where(search.says(self._audience, filters[WORDS], here.id, self._me))
        order = [here[key.name] for key in self._order]
        ids = self._sorted(picked, order).limit(limit)
        return self._sorted(views(self._audience, self._me).where(Ticket.id.in_(ids)))

    def goes_beyond(self, reach: int) -> Select[int]:
        """1 if there is more of the list than that."""
        query = select(literal(1)).select_from(Ticket).where(*self._conditions)
        return self._sorted(query).offset(reach).limit(1)

    def are_over(self, many: int, filters: Mapping[str, Any]) -> Select[UUID]:
        """Something if the filters find more than ``many``, wherever they are."""
        return self._ids(filters).offset(many).limit(1)

    def among_all(self, filters: Mapping[str, Any], limit: int) -> Rows:
        """Those of the whole list that the filters find."""
        # Materialized: they are looked up by the filters, and not along the list after all.
        ids = self._ids(filters).cte("found").prefix_with("materialized")
        query = views(self._audience, self._me).where(Ticket.id.in_(select(ids)), *self._conditions)
        return self._sorted(query.where(*conditions(filters, Ticket))).limit(limit)

    def _ids(self, filters: Mapping[str, Any]) -> Select[UUID]:
        if WORDS in filters:
            return search.found(self._audience, filters[WORDS], self._me)
        return select(Ticket.id).where(*self._conditions, *conditions(filters, Ticket))

    def _sorted(
        self, query: Select[*tuple[Any, ...]], order: Sequence[ColumnElement[Any]] = ()
    ) -> Rows:
        keys = order or self._order
        return query.order_by(*(key.desc() if self._descending else key.asc() for key in keys))


def sorted_by(audience: Audience, field: str) -> list[ColumnElement[Any]]:
    """The keys of the order, which are those of a position in it."""
    column = SORTS[field]
    key = shown_to(audience, column)
    return [key] if column.unique else [key, Ticket.id.expression]


def key_type(field: str) -> Any:
    """What the first key of a sort is in Python, as far as its column can hold it."""
    return KEY_TYPES[type(SORTS[field].type)]


def conditions(filters: Mapping[str, Any], ticket: Any) -> list[ColumnElement[bool]]:
    """``ticket``: what has the columns of one. Not of words, which are not in them."""
    return [_condition(name, filters[name], ticket) for name in filters if name != WORDS]


def _condition(name: str, value: Any, ticket: Any) -> ColumnElement[bool]:
    column = column_of(name, ticket)
    condition: ColumnElement[bool]
    match FILTERS[name].asks:
        case "is_null":
            condition = column.is_(None) if value else column.is_not(None)
        case "contains":
            condition = column.contains([value])
        case "equals":
            condition = column.in_(value) if isinstance(value, list) else column == value
    return condition


def column_of(name: str, ticket: Any) -> Any:
    return getattr(ticket, FILTERED[name].key)
