"""Queries that walk along a list of tickets in its order, as the indexes of `Ticket` lead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, GetPydanticSchema
from pydantic_core.core_schema import literal_schema
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    SmallInteger,
    and_,
    literal,
    literal_column,
    select,
    tuple_,
    type_coerce,
    union_all,
)

from desk.access import Audience, visible_to
from desk.text import Seq
from desk.tickets import search
from desk.tickets.field_index import has_value, in_index, is_field
from desk.tickets.views import Side, has_unread, rows, shown_to
from models import ACTIVE_STATUSES, Status, TeamMember, Ticket, bucket
from models.columns import uses

# The column that each sort goes by.
SORTS = {use.sort: column for column, use in uses(Ticket) if use.sort}
# The filters, those first that a list is rather led by, and the column of each. The words of a
# search, what is unread and whose own it is are in no column.
FILTERS = {filter_.name: filter_ for _, use in uses(Ticket) for filter_ in use.filters}
FILTERED = {filter_.name: column for column, use in uses(Ticket) for filter_ in use.filters}
WORDS, UNREAD, OWN = "q", "unread", "own"
# What lists by team ask instead, for none and for those of whoever looks.
NO_TEAM, MY_TEAMS = "no_team", "my_teams"
UPDATED_AFTER = "updated_after"
# What asks whether there is a value at all: a list's statement differs by it.
ABSENCES = [name for name, each in FILTERS.items() if each.asks in ("is_null", "is_set")]
KEY_TYPES = {
    TIMESTAMP: datetime,
    SmallInteger: Annotated[int, Field(ge=-(2**15), le=2**15 - 1)],
    BigInteger: Seq,
}
# Less than any key of a type, and as much as the largest.
BOUNDS = {
    TIMESTAMP: (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    SmallInteger: (-(2**15), 2**15 - 1),
    BigInteger: (0, 2**63 - 1),
}
Rows = Select[*tuple[Any, ...]]


def one_of(texts: Sequence[str]) -> GetPydanticSchema:
    """`Literal`, of texts that are known only when this runs."""
    return GetPydanticSchema(lambda _, __: literal_schema(list(texts)))


# The sorts as a query names them.
SORT_NAMES = [sign + field for field in SORTS for sign in ("", "-")]
SortName = Annotated[str, one_of(SORT_NAMES)]


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
    """The list from a position on, of who may see it; its queries differ in what they look for.

    No index has tickets of several statuses in order: where these lead before all else, it walks
    along the list of each status and merges them.
    """

    def __init__(
        self,
        audience: Audience,
        me: BindParameter[UUID],
        leading: Mapping[str, Any],
        sort: Sort,
        after: Sequence[Any] | None,
    ) -> None:
        self._audience, self._me, self._descending = audience, me, sort.descending
        # Whether it is of more people than one.
        self.is_long = not {"user_id", "assigned_to"} & leading.keys()
        first = next(iter(leading.values()), None)
        several = first if isinstance(first, list) else ()
        self._merged = [
            Walk(audience, me, {**leading, "status": status}, sort, after) for status in several
        ]
        self._keys = sorted_by(audience, sort.field)
        if by_bucket := sort.field == "updated_at":
            # An index leads to the bucket of the time, and what is in it is sorted.
            staff = audience is Audience.STAFF
            column = Ticket.updated_bucket if staff else Ticket.public_updated_bucket
            self._keys.insert(0, column.expression)
            after = after and (_bucket_of(after[0]), *after)
        self._order = self._keys
        self._conditions = [self._visible(), *conditions(leading, Ticket)]
        if after is None:
            return
        if self._merged or (by_bucket and "user_id" not in leading):
            # The planner knows how many tickets are behind a bucket, and which index to take then.
            # It would take one for all people's tickets, too, to leave out most of them.
            self._conditions.append(self._is_behind(self._keys, after))
        else:
            self._begin(leading, after)

    def _visible(self) -> ColumnElement[bool]:
        return visible_to(self._audience, self._me)

    def _begin(self, leading: Mapping[str, Any], after: Sequence[Any]) -> None:
        """Begins at a position of the one index that has the first of the leading filters.

        That filter is part of the comparison and of the order: else the planner, which believes
        that few tickets are behind a position among equals, may take the index of the whole list.
        Said as an equality, too, it would begin with the first that has it.
        """
        here, there = list(self._keys), list(after[: len(self._keys)])
        in_index = [name for name, value in leading.items() if not isinstance(value, list)]
        for name in [name for name in in_index if name not in (*ABSENCES, "priority")][:1]:
            column, value = column_of(name, Ticket), leading[name]
            others = {other: leading[other] for other in leading if other != name}
            end = column >= value if self._descending else column <= value
            self._conditions = [self._visible(), *conditions(others, Ticket), end]
            self._order = [column.expression, *self._keys]
            here.insert(0, column)
            there.insert(0, value)
        self._conditions.append(self._is_behind(here, there))

    def _is_behind(self, keys: Sequence[Any], position: Sequence[Any]) -> ColumnElement[bool]:
        here, there = tuple_(*keys), tuple_(*position)
        return here < there if self._descending else here > there

    def leave_out(self, ticket_id: UUID) -> None:
        """Has the list go on without this ticket."""
        self._conditions.append(Ticket.id != ticket_id)
        for walk in self._merged:
            walk.leave_out(ticket_id)

    def whole(self, limit: Any) -> Rows:
        """The list as it is."""
        return self._sorted(rows(self._audience, self._me).where(*self._conditions)).limit(limit)

    def upcoming(self, more: Iterable[Any], limit: int) -> Rows:
        """The keys of the next tickets, with more of their columns."""
        columns = {column.key: column for column in (Ticket.id.expression, *self._order, *more)}
        if not self._merged:
            query = select(*columns.values()).where(*self._conditions)
            return self._sorted(query).limit(limit)
        each = [walk.upcoming(columns.values(), limit).subquery() for walk in self._merged]
        parts = [select(*(part.c[name] for name in columns)) for part in each]
        merged = union_all(*parts).subquery("merged")
        order = [merged.c[key.name] for key in self._order]
        return self._sorted(select(merged), order).limit(limit)

    def near(self, filters: Mapping[str, Any], limit: int, reach: int) -> Rows:
        """Those of the next ``reach`` that the filters find."""
        asked = (column for name in filters for column in columns_of(name, Ticket))
        here = self.upcoming(asked, reach if filters else limit).subquery("here").c
        picked = select(here.id).where(*self._asked(filters, here))
        if WORDS in filters:
            picked = picked.where(search.says(self._audience, filters[WORDS], here, self._me))
        order = [here[key.name] for key in self._order]
        ids = self._sorted(picked, order).limit(limit)
        return self._sorted(rows(self._audience, self._me).where(Ticket.id.in_(ids)))

    def goes_beyond(self, reach: int) -> Select[int]:
        """1 if there is more of the list than that."""
        here = self.upcoming((), reach + 1).subquery("here")
        return select(literal(1)).select_from(here).offset(reach).limit(1)

    def are_over(self, many: int, filters: Mapping[str, Any]) -> Select[UUID]:
        """Something if the filters find more than ``many``, wherever they are."""
        return self.ids(filters).offset(many).limit(1)

    def among_all(self, filters: Mapping[str, Any], limit: int) -> Rows:
        """Those of the whole list that the filters find."""
        # Materialized: they are looked up by the filters, and not along the list after all.
        ids = self.ids(filters).cte("found").prefix_with("materialized")
        query = rows(self._audience, self._me).where(Ticket.id.in_(select(ids)), *self._conditions)
        return self._sorted(query.where(*self._asked(filters, Ticket))).limit(limit)

    def ids(self, filters: Mapping[str, Any]) -> Select[UUID]:
        """The tickets of the list that the filters find, as indexes of these have them."""
        if WORDS in filters:
            return search.found(self._audience, filters[WORDS], self._me)
        asked = [*self._asked(filters, Ticket), *in_index(filters)]
        return select(Ticket.id).where(*self._conditions, *asked)

    def _asked(self, filters: Mapping[str, Any], ticket: Any) -> list[ColumnElement[bool]]:
        """What the filters ask of a ticket, but for words."""
        asked = conditions(filters, ticket)
        if UNREAD in filters:
            asked.append(is_unread(self._audience, self._me, filters[UNREAD], ticket.id))
        return asked

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


def before_all(sort: Sort) -> tuple[Any, UUID]:
    """The position where a list begins."""
    least, most = BOUNDS[type(SORTS[sort.field].type)]
    return (most, UUID(int=2**128 - 1)) if sort.descending else (least, UUID(int=0))


def conditions(filters: Mapping[str, Any], ticket: Any) -> list[ColumnElement[bool]]:
    """``ticket``: what has the columns of one. Not of what is in no column."""
    return [
        *(_condition(name, filters[name], ticket) for name in filters if name in FILTERS),
        *(has_value(ticket, name, filters[name]) for name in filters if is_field(name)),
    ]


def _condition(name: str, value: Any, ticket: Any) -> ColumnElement[bool]:
    column = column_of(name, ticket)
    condition: ColumnElement[bool]
    match FILTERS[name].asks:
        case "is_null":
            condition = column.is_(None) if value else column.is_not(None)
        case "is_set":
            condition = column.is_not(None) if value else column.is_(None)
        case "is_members":
            mine = select(TeamMember.team_id).where(TeamMember.user_id == value)
            condition = column.in_(mine)
        case "contains":
            condition = column.contains([value])
        case "equals":
            condition = _among(column, value) if isinstance(value, list) else column == value
        case "after":
            # As for a position: led by the bucket, of what comes after the time.
            bound = (_bucket_of(value), value)
            condition = tuple_(ticket.updated_bucket, column) > tuple_(*bound)
        case "waits":
            is_side = column.is_(True) if value is Side.CUSTOMER else column.is_not(True)
            condition = and_(_among(ticket.status, ACTIVE_STATUSES), is_side)
    return condition


def _among(column: Any, statuses: Iterable[Status]) -> ColumnElement[bool]:
    """Written out, as the planner has to know that it is what a partial index is for."""
    among: ColumnElement[bool] = column.in_([literal_column(f"'{each}'") for each in statuses])
    return among


def is_unread(
    audience: Audience, me: ColumnElement[UUID], value: bool, ticket_id: Any
) -> ColumnElement[bool]:
    """Whether a person has something unread on a ticket, or nothing."""
    unread = has_unread(me, audience, ticket_id)
    return unread if value else ~unread


def _bucket_of(time: Any) -> ColumnElement[datetime]:
    return bucket(type_coerce(time, Ticket.updated_at.type))


def column_of(name: str, ticket: Any) -> Any:
    return getattr(ticket, FILTERED[name].key)


def columns_of(name: str, ticket: Any) -> list[Any]:
    """All columns that a filter asks something of; of words, whose customer may be called so."""
    if name == WORDS:
        return [ticket.user_id]
    if is_field(name):
        return [ticket.fields]
    if name not in FILTERS:
        return []
    more = {"after": "updated_bucket", "waits": "status"}
    keys = {FILTERED[name].key, more.get(FILTERS[name].asks, FILTERED[name].key)}
    return [getattr(ticket, key) for key in sorted(keys)]
