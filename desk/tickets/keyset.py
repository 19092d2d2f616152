"""Walking along a list of tickets in its order, as the indexes of `models.ticket` lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, literal, select, tuple_, type_coerce

from desk.access import Audience, visible_to
from desk.tickets import search
from desk.tickets.views import views
from models import Ticket, bucket

SortField = Literal["created_at", "updated_at", "priority", "number"]
# A filter's column, where it has another name.
COLUMNS = {
    "assigned_to": "assigned_to_id",
    "unassigned": "assigned_to_id",
    "tag": "tags",
    "priority": "priority_rank",
    "q": "id",
}
Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Sort:
    field: SortField = "created_at"
    descending: bool = True


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
        self._order = self._keys
        self._conditions = [visible_to(audience, me), *conditions(leading, Ticket)]
        if sort.field == "updated_at":
            self._go_by_bucket(after)
        elif after is not None:
            self._begin(leading, after)

    def _go_by_bucket(self, after: Sequence[Any] | None) -> None:
        """An index leads to the bucket of the time, and what is in it is sorted.

        The planner knows how many tickets are behind a bucket, and which index that speaks for.
        """
        staff = self._audience is Audience.STAFF
        by = Ticket.updated_bucket if staff else Ticket.public_updated_bucket
        self._keys = self._order = [by.expression, *self._keys]
        if after is not None:
            first = bucket(type_coerce(after[0], Ticket.updated_at.type))
            self._conditions.append(self._is_behind(self._keys, [first, *after]))

    def _begin(self, leading: Mapping[str, Any], after: Sequence[Any]) -> None:
        """Begins at a position of the one index that has the first of the leading filters.

        That filter is part of the comparison and of the order: else the planner, which believes
        that few tickets are behind a position among equals, may take the index of the whole list.
        Said as an equality, too, it would begin with the first that has it.
        """
        here, there = list(self._keys), list(after[: len(self._keys)])
        for name in [name for name in leading if name not in ("unassigned", "priority")][:1]:
            column, wanted = column_of(name, Ticket), leading[name]
            others = {other: leading[other] for other in leading if other != name}
            end = column >= wanted if self._descending else column <= wanted
            may_see = visible_to(self._audience, self._me)
            self._conditions = [may_see, *conditions(others, Ticket), end]
            self._order = [column.expression, *self._keys]
            here.insert(0, column)
            there.insert(0, wanted)
        self._conditions.append(self._is_behind(here, there))

    def _is_behind(self, keys: Sequence[Any], position: Sequence[Any]) -> ColumnElement[bool]:
        here, there = tuple_(*keys), tuple_(*position)
        return here < there if self._descending else here > there

    def whole(self, limit: Any) -> Rows:
        """The list as it is."""
        return self._sorted(views(self._audience, self._me).where(*self._conditions)).limit(limit)

    def near(self, wanted: Mapping[str, Any], limit: int, reach: int) -> Rows:
        """Those of the next ``reach`` that are wanted."""
        columns = {Ticket.id, *self._order, *(column_of(name, Ticket) for name in wanted)}
        query = select(*columns).where(*self._conditions)
        here = self._sorted(query).limit(reach).subquery("here").c
        picked = select(here.id).where(*conditions(wanted, here))
        if "q" in wanted:
            picked = picked.where(search.says(self._audience, wanted["q"], here.id, self._me))
        order = [here[key.name] for key in self._order]
        ids = self._sorted(picked, order).limit(limit)
        return self._sorted(views(self._audience, self._me).where(Ticket.id.in_(ids)))

    def goes_beyond(self, reach: int) -> Select[int]:
        """1 if there is more of the list than that."""
        query = select(literal(1)).select_from(Ticket).where(*self._conditions)
        return self._sorted(query).offset(reach).limit(1)

    def are_over(self, many: int, wanted: Mapping[str, Any]) -> Select[UUID]:
        """Something if more than ``many`` are wanted, wherever they are."""
        return self._found(wanted).offset(many).limit(1)

    def among_all(self, wanted: Mapping[str, Any], limit: int) -> Rows:
        """Those of the whole list that are wanted."""
        # Materialized: they are looked up by what is wanted, and not along the list after all.
        ids = self._found(wanted).cte("found").prefix_with("materialized")
        query = views(self._audience, self._me).where(Ticket.id.in_(select(ids)), *self._conditions)
        return self._sorted(query.where(*conditions(wanted, Ticket))).limit(limit)

    def _found(self, wanted: Mapping[str, Any]) -> Select[UUID]:
        if "q" in wanted:
            return search.found(self._audience, wanted["q"], self._me)
        return select(Ticket.id).where(*self._conditions, *conditions(wanted, Ticket))

    def _sorted(
        self, query: Select[*tuple[Any, ...]], order: Sequence[ColumnElement[Any]] = ()
    ) -> Rows:
        keys = order or self._order
        return query.order_by(*(key.desc() if self._descending else key.asc() for key in keys))


def sorted_by(audience: Audience, field: SortField) -> list[ColumnElement[Any]]:
    """The keys of the order, which are those of a position in it."""
    staff = audience is Audience.STAFF
    updated = Ticket.updated_at if staff else Ticket.public_updated_at
    column: ColumnElement[Any] = {
        "created_at": Ticket.created_at,
        "updated_at": updated,
        "priority": Ticket.priority_rank,
        "number": Ticket.number,
    }[field].expression
    return [column] if field == "number" else [column, Ticket.id.expression]


def conditions(wanted: Mapping[str, Any], ticket: Any) -> list[ColumnElement[bool]]:
    """``ticket``: what has the columns of one. Not of words, which are not in them."""
    conditions = []
    for name in wanted:
        if name == "q":
            continue
        column, value = column_of(name, ticket), wanted[name]
        if name == "unassigned":
            conditions.append(column.is_(None) if value else column.is_not(None))
        elif isinstance(value, list):
            conditions.append(column.in_(value))
        elif name == "tag":
            conditions.append(column.contains([value]))
        else:
            conditions.append(column == value)
    return conditions


def column_of(name: str, ticket: Any) -> Any:
    return getattr(ticket, COLUMNS.get(name, name))
