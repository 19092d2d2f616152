"""The list of one's own tickets: of those that one opened, and of those that one is on copy of."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, ColumnElement, Select, Uuid, any_, func, true

from desk.access import Audience, copied_ids, owned_by
from desk.tickets.keyset import OWN, WORDS, Rows, Sort, Walk, conditions
from models import Ticket


class OpenedWalk(Walk):
    """Of the tickets of one customer, which its leading filter says."""

    def _visible(self) -> ColumnElement[bool]:
        return true()


class CopiedWalk(Walk):
    """Of the tickets that somebody is on copy of: all of them are looked up, and sorted."""

    def __init__(
        self,
        audience: Audience,
        me: BindParameter[UUID],
        leading: Mapping[str, Any],
        sort: Sort,
        after: Sequence[Any] | None,
    ) -> None:
        super().__init__(audience, me, {}, sort, after)
        self._conditions += conditions(leading, Ticket)

    def _visible(self) -> ColumnElement[bool]:
        # An array, by which the planner takes them for few: else it would go along a whole list.
        its_ids = copied_ids(self._me).correlate(None).scalar_subquery()
        return Ticket.id == any_(func.array(its_ids, type_=ARRAY(Uuid)))


class OwnWalk(Walk):
    """No index has both in order: it walks along the two lists and merges them."""

    def __init__(
        self,
        audience: Audience,
        me: BindParameter[UUID],
        leading: Mapping[str, Any],
        sort: Sort,
        after: Sequence[Any] | None,
    ) -> None:
        super().__init__(audience, me, {}, sort, None)
        rest = {name: value for name, value in leading.items() if name != OWN}
        self.is_long = False
        self._conditions = [owned_by(me), *conditions(rest, Ticket)]
        self._merged = [
            OpenedWalk(audience, me, {"user_id": me, **rest}, sort, after),
            CopiedWalk(audience, me, rest, sort, after),
        ]

    def whole(self, limit: Any) -> Rows:
        return self.near({}, limit, 0)

    def ids(self, filters: Mapping[str, Any]) -> Select[UUID]:
        if WORDS in filters:
            return super().ids(filters)
        opened, copied = (walk.ids(filters) for walk in self._merged)
        either = opened.union_all(copied).subquery("own")
        return either.select()
