"""The list of tickets with a value of a custom field, by their age."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Select, select

from desk.access import Audience
from desk.tickets.field_index import having, is_field
from desk.tickets.keyset import WORDS, Rows, Sort, Walk, conditions
from models import FieldValue, Ticket

# So many are looked up and sorted in a few milliseconds. Of a value that more tickets have, some
# are near wherever one looks along a list.
FEW = 1_500


class FieldWalk(Walk):
    """The list of who may see all tickets, as the index of values has it in order.

    The planner is not left to find that out: of values that many have it would rather go along the
    whole list.
    """

    def __init__(
        self,
        audience: Audience,
        me: BindParameter[UUID],
        leading: Mapping[str, str],
        sort: Sort,
        after: Sequence[Any] | None,
    ) -> None:
        super().__init__(audience, me, {}, sort, after)
        self._leading = leading
        self._conditions += conditions(leading, Ticket)
        [(name, value)] = leading.items()
        keys = (FieldValue.created_at, FieldValue.ticket_id)
        self._led = having(name, value).add_columns(FieldValue.created_at)
        if after is not None:
            self._led = self._led.where(self._is_behind(keys, after))
        self._led = self._sorted(self._led, [key.expression for key in keys])

    def upcoming(self, more: Iterable[Any], limit: int) -> Rows:
        led = self._led.limit(limit).subquery("led")
        columns = {column.key: column for column in (Ticket.id.expression, *self._order, *more)}
        here = select(*columns.values()).join(led, led.c.ticket_id == Ticket.id)
        return self._sorted(here.where(*self._conditions))

    def ids(self, filters: Mapping[str, Any]) -> Select[UUID]:
        return super().ids({**filters, **self._leading})


def has_few(filters: Mapping[str, str]) -> Select[bool] | None:
    """Whether at most `FEW` tickets have the first of the values; None if none is asked for, or
    words, which lead to fewer.
    """
    asked = next(((name, value) for name, value in filters.items() if is_field(name)), None)
    if asked is None or WORDS in filters:
        return None
    return select(~having(*asked).offset(FEW).exists())
