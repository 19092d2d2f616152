"""The staff's side: all tickets, assigning and changing them."""

import re
from collections.abc import Set as AbstractSet
from uuid import UUID

from aiohttp import web

from desk import assignment, tickets, views
from desk.lists import Filters
from desk.text import Tag
from models import Priority
from server import keys
from server.routes.tickets import TicketQuery, ticket_page, ticket_reply
from server.routing import Query, Right, Route, body, no_body, now, path_id, query

TAG = re.compile(r'"(\d{1,18})"')


class StaffTicketQuery(TicketQuery):
    unassigned: bool | None = None
    assigned_to: UUID | None = None
    priority: Priority | None = None
    tag: Tag | None = None
    user_id: UUID | None = None


async def list_tickets(request: web.Request) -> web.Response:
    actor = request[keys.actor]
    given = query(request, StaffTicketQuery, {"assigned_to": {"me": str(actor.id)}})
    filters = Filters(
        status=given.status,
        category=given.category,
        type=given.type,
        priority=given.priority,
        tag=given.tag,
        user_id=given.user_id,
        assigned_to=given.assigned_to,
        unassigned=given.unassigned,
    )
    return await ticket_page(request, actor, given, filters)


async def show_ticket(request: web.Request) -> web.Response:
    query(request, Query)
    ticket = await request.app[keys.desk].read(views.show, request[keys.actor], path_id(request))
    return ticket_reply(ticket)


async def assign(request: web.Request) -> web.Response:
    wanted = await body(request, assignment.Assign)
    ticket = await request.app[keys.desk].run(
        assignment.assign,
        request[keys.actor],
        path_id(request),
        wanted,
        now(),
        expected_versions(request),
    )
    return ticket_reply(ticket)


async def claim(request: web.Request) -> web.Response:
    await no_body(request)
    ticket = await request.app[keys.desk].run(
        assignment.claim, request[keys.actor], path_id(request), now()
    )
    return ticket_reply(ticket)


async def change(request: web.Request) -> web.Response:
    wanted = await body(request, tickets.Change)
    ticket = await request.app[keys.desk].run(
        tickets.change,
        request[keys.actor],
        path_id(request),
        wanted,
        now(),
        expected_versions(request),
    )
    return ticket_reply(ticket)


def expected_versions(request: web.Request) -> AbstractSet[int] | None:
    """The versions that ``If-Match`` accepts; None for any. A weak tag matches nothing."""
    given = ",".join(request.headers.getall("If-Match", ()))
    if not given or given.strip() == "*":
        return None
    matches = (TAG.fullmatch(tag.strip()) for tag in given.split(","))
    return {int(match[1]) for match in matches if match}


ROUTES = (
    Route("GET", "/csr/tickets", list_tickets, Right.STAFF),
    Route("GET", "/csr/tickets/{ticket_id}", show_ticket, Right.STAFF),
    Route("POST", "/csr/tickets/{ticket_id}/assign", assign, Right.STAFF),
    Route("POST", "/csr/tickets/{ticket_id}/claim", claim, Right.STAFF),
    Route("PATCH", "/csr/tickets/{ticket_id}", change, Right.STAFF),
)
