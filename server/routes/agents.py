"""Who works here, how much they have, and why a ticket is theirs."""

from aiohttp import web

from desk.assignment import agents, decisions
from models import Scope
from server.http.contract import NOTHING, TOTAL, At, Right, listed, ok
from server.http.guard import ACTOR
from server.http.input import Paged, Query, body, id_after, path_id, query
from server.http.output import counted, page_of, reply
from server.services import SERVICES


async def list_agents(request: web.Request) -> web.Response:
    params = query(request, Paged)
    page = await request.app[SERVICES].desk.read(
        agents.agents, limit=params.limit + 1, after=id_after(params.cursor)
    )
    total = await counted(request, params, agents.count)
    return page_of(request, page, params.limit, lambda agent: (agent.user_id,), total)


async def set_availability(request: web.Request) -> web.Response:
    availability = await body(request, agents.Availability)
    agent = await request.app[SERVICES].desk.run(
        agents.set_availability, request[ACTOR], availability
    )
    return reply(agent)


async def explain_assignment(request: web.Request) -> web.Response:
    query(request, Query)
    explanation = await request.app[SERVICES].desk.read(
        decisions.newest, request[ACTOR], path_id(request)
    )
    return reply(explanation)


ROUTES = (
    At("GET", "/csr/agents", list_agents, Right.STAFF, Scope.PEOPLE_READ).says(
        "List the active staff, with the room that they have for tickets",
        Paged,
        listed(agents.Agent, TOTAL),
        refuses=(),
    ),
    At("PUT", "/csr/me/availability", set_availability, Right.STAFF).says(
        "Say whether you take tickets, and how many",
        agents.Availability,
        ok(agents.Agent),
        refuses=("404 user_not_found",),
    ),
    At(
        "GET",
        "/csr/tickets/{ticket_id}/assignment",
        explain_assignment,
        Right.STAFF,
        Scope.TICKETS_READ,
    ).says(
        "Explain why a ticket is whose it is",
        NOTHING,
        ok(decisions.Explanation),
        refuses=("404 not_assigned_yet",),
    ),
)
