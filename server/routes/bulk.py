"""Many tickets at once: each changed on its own, as if it had been asked for alone."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import structlog
from aiohttp import web
from pydantic import MISSING, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment, routing
from desk.errors import Conflict, Invalid, Unauthenticated
from desk.text import Id, Input
from desk.tickets.filters import Filters
from desk.tickets.keyset import Sort
from desk.tickets.lists import ticket_list
from desk.tickets.saved_views import ViewQuery
from desk.tickets.views import TicketRow, TicketView
from models import Scope
from server.http.contract import KEYED, At, Right, ok
from server.http.guard import ACTOR, require_role
from server.http.idempotency import once_in_steps
from server.http.input import MIDDLING_BODY, body
from server.http.output import reply
from server.http.problems import internal, refusal
from server.services import SERVICES, Services

log = structlog.get_logger("server.routes.bulk")

MOST_IDS = 100
# Of a query: what one waits for, and what an answer may be long.
MOST_FOUND = 500
# After that no further ticket is tried. Others may hold each of them for a while.
MOST_SECONDS = 45.0
EXAMPLE: dict[str, Any] = {
    "query": {"tag": "vip", "status": ["open"]},
    "expect_count": 12,
    "change": {"priority": "high"},
}


def _unclear(detail: str, pointer: str) -> Invalid:
    return Invalid("invalid", detail, pointer=pointer)


class Bulk(Input):
    """The tickets by their ids, or those that a query finds, as many as expected; and what is to
    become of each.
    """

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    ticket_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_IDS)] | MISSING = MISSING
    query: ViewQuery | MISSING = MISSING
    expect_count: Annotated[int, Field(ge=0, le=MOST_FOUND)] | MISSING = MISSING
    change: routing.Change | MISSING = MISSING
    assign: assignment.Assign | MISSING = MISSING

    @model_validator(mode="after")
    def _is_one_of_each(self) -> Self:
        if (self.ticket_ids is MISSING) == (self.query is MISSING):
            raise _unclear("Send either ticket_ids or a query", "/ticket_ids")
        if (self.query is MISSING) != (self.expect_count is MISSING):
            raise _unclear("Send expect_count with a query, and only then", "/expect_count")
        if (self.change is MISSING) == (self.assign is MISSING):
            raise _unclear("Send either change or assign", "/change")
        return self


@dataclass(frozen=True, slots=True)
class BulkError:
    """Why one ticket is as it was: what it would have been refused with alone."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class BulkDone:
    """One ticket, as it is now."""

    ticket_id: UUID
    ok: Literal[True]
    ticket: TicketRow


@dataclass(frozen=True, slots=True)
class BulkRefused:
    """One ticket that was not changed."""

    ticket_id: UUID
    ok: Literal[False]
    error: BulkError


async def change_many(request: web.Request) -> web.Response:
    """Each ticket is changed in a transaction of its own, by the rules for one alone; none stops
    the others. A query may find at most 500, and has to find as many as `expect_count` says.
    """
    asked = await body(request, Bulk, MIDDLING_BODY)

    async def work() -> web.Response:
        ticket_ids = await _found(request, asked)
        return reply([each async for each in _each(request, asked, ticket_ids)])

    return await once_in_steps(request, asked, work)


async def _found(request: web.Request, asked: Bulk) -> Sequence[UUID]:
    if asked.ticket_ids is not MISSING:
        return list(dict.fromkeys(asked.ticket_ids))
    assert asked.query is not MISSING
    actor = request[ACTOR]
    filters = asked.query.filters(actor.id)
    found = await request.app[SERVICES].desk.read(_ids, actor, filters)
    if len(found) != asked.expect_count:
        raise Conflict("count_changed", "The query does not find as many tickets as expected")
    return found


def _ids(session: Session, actor: Actor, filters: Filters) -> Sequence[UUID]:
    """Of the tickets that the filters find; of more than are changed at once, one more."""
    oldest_first = Sort("number", descending=False)
    page = ticket_list(session, actor, filters, oldest_first, MOST_FOUND + 1, None)
    return [ticket.id for ticket in page.tickets]


async def _each(
    request: web.Request, asked: Bulk, ticket_ids: Sequence[UUID]
) -> AsyncIterator[BulkDone | BulkRefused]:
    services, until = request.app[SERVICES], time.monotonic() + MOST_SECONDS
    ended: BulkError | None = None
    for ticket_id in ticket_ids:
        if time.monotonic() > until:
            ended = BulkError("out_of_time", "The tickets before took too long; ask again")
        if ended is not None:
            yield BulkRefused(ticket_id, False, ended)
            continue
        try:
            actor = await _still(services, request[ACTOR])
            ticket = await _changed(services, actor, ticket_id, asked)
        except Unauthenticated as error:
            ended = BulkError(error.code, error.detail)
            yield BulkRefused(ticket_id, False, ended)
        except Exception as error:
            if (problem := refusal(error)) is None:
                log.exception("a ticket of many failed", ticket_id=str(ticket_id))
                problem = internal()
            yield BulkRefused(ticket_id, False, BulkError(problem.code, problem.detail))
        else:
            yield BulkDone(ticket_id, True, _row(ticket))


async def _still(services: Services, actor: Actor) -> Actor:
    """Whoever began, if they may go on: a session may end meanwhile."""
    assert actor.session_id is not None
    now = await services.authenticator.of_session(actor.session_id)
    require_role(now, actor)
    return now


async def _changed(services: Services, actor: Actor, ticket_id: UUID, asked: Bulk) -> TicketView:
    if asked.change is not MISSING:
        return await services.desk.run(routing.change, actor, ticket_id, asked.change, None)
    assert asked.assign is not MISSING
    return await services.desk.run(assignment.assign, actor, ticket_id, asked.assign, None)


def _row(ticket: TicketView) -> TicketRow:
    values: dict[str, Any] = {each.name: getattr(ticket, each.name) for each in fields(TicketRow)}
    return TicketRow(**values)


ROUTES = (
    At("POST", "/csr/tickets/bulk", change_many, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Change or assign many tickets",
        Bulk,
        ok(list[BulkDone | BulkRefused]),
        refuses=("409 count_changed", "422 unknown_field", *KEYED),
    ),
)
