"""Pages of every list, by every filter and sort, and of searches: to measure and to explain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import administration
from desk.notifications import inbox
from desk.tickets import lists
from desk.tickets.filters import Filters, OwnList
from desk.tickets.keyset import SORT_NAMES, Sort
from desk.tickets.lists import Page, ticket_list
from desk.tickets.search_queries import parsed
from manage.demo_stories import PLANS
from models import Role
from server.http.input import decode_cursor, encode_cursor
from server.routes import admin, notifications
from server.routes.staff_tickets import StaffTicketQuery
from server.routes.tickets import POSITIONS

LIMIT = 20
DEPTH = 10_000 * LIMIT
SHARE = 0.9
OWN, STAFF, USERS, INBOX = "/users/tickets", "/csr/tickets", "/admin/users", "/notifications"
# Where a filter is in the table; of a sort also by which column.
CONDITIONS = {
    "status": "status = :status",
    "category": "category = :category",
    "type": "type = :type",
    "priority": "priority = :priority",
    "tag": "tags @> array[:tag]::varchar[]",
    "user_id": "user_id = :user_id",
    "assigned_to": "assigned_to_id = :assigned_to",
    "unassigned": "assigned_to_id is null",
    "role": "role = :role",
    "is_active": "is_active = :is_active",
    "team": "coalesce(team_id::text, 'none') = :team",
    "snoozed": "(snoozed_until is not null) = (:snoozed = 'true')",
    "waiting_on": "status in ('open', 'in_progress') "
    "and coalesce(last_message_from_staff, false) = (:waiting_on = 'customer')",
    "updated_after": "updated_at > :updated_after",
    "unread": "{unread}",
    "field.plan": "fields ->> 'plan' = :plan",
    "field.order_number": "fields ->> 'order_number' = :order_number",
    "q": "exists (select from ticket_search s where s.ticket_id = id and {document} @@ "
    "cast(:q as tsquery))",
}
UNREAD = {
    INBOX: "read_at is null",
    STAFF: """exists (
        select from events e where ticket_id = tickets.id and actor_id <> :me
            and kind in ('message_posted', 'note_posted') and seq > coalesce((
                select seq from read_cursors r where r.ticket_id = e.ticket_id and user_id = :me
            ), 0)
    )""",
}
KEYS = {"priority": "priority_rank"}
# A tag, or a category, that no ticket has.
NOWHERE = "nowhere"
# What is searched for in the tickets that `manage.bulk` makes, the last one once they are labelled.
SEARCHES = {
    "one ticket": "{middle}",
    "one in 300": "zephyr kettle",
    "one in 6": "invoice",
    "only old ones": "antiquated",
    "a customer's address": "person77",
    "everybody's address": "example.com",
}
LABEL = text(
    """
    update ticket_search
    set public = public || 'antiquated'::tsvector, staff = staff || 'antiquated'::tsvector
    where ticket_id in (
        select id from tickets order by created_at, id limit (select count(*) / 100 from tickets)
    )
    """
)


# As many of others' tickets, at every size, has the customer whose lists are read.
COPY = text(
    """
    update tickets set participant_ids = array[cast(:who as uuid)]
    where user_id <> :who and number % (select greatest(count(*) / 50, 1) from tickets) = 0
    """
)


@dataclass(frozen=True)
class People:
    """Who asks."""

    customer: Actor
    csr: Actor
    admin: Actor
    # The newest tickets have changed since then.
    since: datetime
    # One that they are in.
    team_id: UUID


@dataclass(frozen=True)
class Case:
    label: str
    actor: Actor
    path: str
    params: Mapping[str, Any]

    def with_status(self, status: Sequence[str]) -> "Case":
        return replace(self, params={**self.params, "status": status})

    @property
    def is_search(self) -> bool:
        """Whether it is looked for along the list, and may not be there at all."""
        along = {"q", "waiting_on"} | ({"unread"} if self.path == STAFF else set())
        # By their age alone tickets with a value are in an index.
        if "created_at" not in self.params.get("sort", "created_at") or len(self.params) > 2:
            along |= {name for name in self.params if name.startswith("field.")}
        is_vague = self.params.get("team") in ("none", "mine")
        is_vague |= self.params.get("snoozed") == "false"
        return bool(along & self.params.keys()) or is_vague or NOWHERE in self.params.values()

    @property
    def is_skewed(self) -> bool:
        """Whether it is about tickets that may all be at the other end of the list."""
        sort = self.params.get("sort", "")
        is_of_few = any(name in {"tag", "q"} or name.startswith("field.") for name in self.params)
        # A team's oldest tickets are done, and its index does not tell them apart; the newest may
        # be led to by that of the work there is, of which there is no more the more is done.
        along = sort.removeprefix("-") in ("number", "created_at")
        is_of_team = {"team", "status"} <= self.params.keys() and along
        return is_of_team or (is_of_few and "priority" in sort)

    def run(self, session: Session, cursor: str | None) -> object:
        """What the route does, without the route."""
        if self.path == USERS:
            given = admin.UserQuery.model_validate(self.params)
            return administration.accounts(
                session,
                role=given.role,
                is_active=given.is_active,
                email=given.email,
                q=given.q,
                limit=LIMIT + 1,
                before=decode_cursor(cursor, admin.POSITION),
            )
        if self.path == INBOX:
            return inbox.page(
                session,
                self.actor,
                unread="unread" in self.params,
                limit=LIMIT + 1,
                before=decode_cursor(cursor, notifications.POSITION),
            )
        return self._tickets(session, cursor)

    def count(self, session: Session) -> int:
        return lists.count(session, self.actor, self._filters)

    @property
    def _filters(self) -> Filters:
        given = StaffTicketQuery.model_validate(self.params)
        asked = {name: getattr(given, name) for name in Filters.model_fields}
        return OwnList(**asked) if self.path == OWN else given

    def _tickets(self, session: Session, cursor: str | None) -> Page:
        given = StaffTicketQuery.model_validate(self.params)
        sort = Sort.of(given.sort)
        position = decode_cursor(cursor, POSITIONS[sort.field])
        return ticket_list(
            session, self.actor, self._filters, sort, LIMIT, position[1:] if position else None
        )

    def later(self, session: Session) -> str | None:
        """The cursor of a page far behind; None where there is only one."""
        staff = self.actor.role is not Role.USER
        sort = self.params.get("sort", "-created_at")
        field = sort.removeprefix("-")
        if self.params.get("team") == "mine":
            return None
        table = {USERS: "users", INBOX: "notifications"}.get(self.path, "tickets")
        key = KEYS.get(field, field)
        if key == "updated_at" and not staff:
            key = "public_updated_at"
        conditions = [
            "status = any(:status)" if isinstance(value, list) else CONDITIONS[name]
            for name, value in self.params.items()
            if name != "sort"
        ]
        conditions += ["user_id = :me"] * (self.path in (OWN, INBOX))
        where = " and ".join(conditions) or "true"
        where = where.replace("{document}", "staff" if staff else "public")
        where = where.replace("{unread}", UNREAD.get(self.path, ""))
        order = f"{key} {'desc' if sort.startswith('-') else 'asc'}"
        fields = {name.removeprefix("field."): value for name, value in self.params.items()}
        known = {**fields, "q": parsed(self.params.get("q", "")), "me": self.actor.id}
        total = session.scalar(text(f"select count(*) from {table} where {where}"), known) or 0
        at = min(DEPTH, int(total * SHARE))
        row = session.execute(
            text(
                f"select {key}, id from {table} where {where} "
                f"order by {order}, id {order.split()[1]} offset {at} limit 1"
            ),
            known,
        ).one_or_none()
        if row is None or total < 2 * LIMIT:
            return None
        return encode_cursor(*row) if table != "tickets" else encode_cursor(field, *row)


def people(session: Session) -> People:
    """The same at every size: a customer with some 200 tickets, a CSR with their full share."""
    customer = session.scalar(
        text("select user_id from tickets group by 1 order by abs(count(*) - 200), 1 limit 1")
    )
    csr = session.scalar(
        text(
            "select assigned_to_id from tickets where assigned_to_id is not null "
            "group by 1 order by count(*) desc, 1 limit 1"
        )
    )
    boss = session.scalar(text("select id from users where role = 'admin' limit 1"))
    since = session.scalar(
        text("select max(updated_at) - interval '1 day' from tickets where status = 'in_progress'")
    )
    mine = text("select team_id from team_members where user_id = :csr limit 1")
    team_id = session.scalars(mine, {"csr": csr}).one()
    actors = Actor(customer, Role.USER), Actor(csr, Role.CSR), Actor(boss, Role.ADMIN)
    return People(*actors, since, team_id)


def cases(who: People, tickets: int) -> Iterator[Case]:
    """Every list of a desk with so many tickets."""
    searches = {name: words.format(middle=tickets // 2) for name, words in SEARCHES.items()}
    own: list[dict[str, Any]] = [
        {},
        {"status": "closed"},
        {"category": "billing"},
        {"type": "problem"},
        {"field.plan": "business"},
    ]
    staff: list[dict[str, Any]] = [
        {},
        *({"status": status} for status in ("open", "in_progress", "resolved", "closed")),
        {"category": "billing"},
        {"type": "problem"},
        {"priority": "urgent"},
        {"tag": "refund"},
        *({"field.plan": plan} for plan in PLANS),
        {"field.order_number": f"A-{tickets // 2}"},
        {"field.order_number": NOWHERE},
        {"field.plan": "business", "status": ["open", "in_progress"]},
        {"field.plan": "team", "category": "billing"},
        {"category": NOWHERE},
        {"tag": NOWHERE},
        {"user_id": str(who.customer.id)},
        {"assigned_to": str(who.csr.id)},
        {"unassigned": "true"},
        {"status": ["open", "in_progress"]},
        {"team": str(who.team_id)},
        {"team": str(who.team_id), "status": ["open", "in_progress"]},
        {"team": "none"},
        {"team": "mine"},
        {"waiting_on": "staff"},
        {"waiting_on": "customer"},
        {"waiting_on": "staff", "assigned_to": str(who.csr.id)},
        {"waiting_on": "staff", "unassigned": "true"},
        {"snoozed": "true"},
        {"snoozed": "false", "status": ["open", "in_progress"]},
        {"unread": "true"},
        {"unread": "true", "assigned_to": str(who.csr.id)},
    ]
    # What an agent missed while they were away.
    away: dict[str, Any] = {"updated_after": who.since.isoformat()}
    missed = [away, {**away, "status": ["open", "in_progress"]}, {**away, "unread": "true"}]
    for path, actor, narrowed in ((OWN, who.customer, own), (STAFF, who.csr, staff)):
        for filters in narrowed:
            for sort in SORT_NAMES:
                yield Case(_label(path, filters, sort), actor, path, {**filters, "sort": sort})
        for name, words in searches.items():
            for sort in ("-created_at", "created_at", "-updated_at", "-priority"):
                params = {"q": words, "sort": sort}
                yield Case(f"{path} search {name}, {sort}", actor, path, params)
        params = {"q": searches["one in 6"], "status": "open"}
        yield Case(f"{path} search one in 6, status=open", actor, path, params)
    for filters, sort in product(missed, ("updated_at", "-updated_at")):
        yield Case(_label(STAFF, filters, sort), who.csr, STAFF, {**filters, "sort": sort})
    for more in (
        {},
        {"role": "user"},
        {"role": "csr"},
        {"is_active": "true"},
        {"is_active": "false"},
    ):
        yield Case(_label(USERS, more, ""), who.admin, USERS, more)
    for more in ({}, {"unread": "true"}):
        yield Case(_label(INBOX, more, ""), who.csr, INBOX, more)


def _label(path: str, filters: Mapping[str, Any], sort: str) -> str:
    named = {"user_id", "assigned_to", "updated_after"}
    shown = [name if name in named else f"{name}={value}" for name, value in filters.items()]
    return " ".join([path, *shown, sort]).rstrip()
