"""Reminders: a person is told of a ticket at a time, and nobody else knows of that."""

from aiohttp import web

from desk.notifications import reminders
from desk.notifications.reminders import Remind
from server.http.contract import NOTHING, At, Right, done
from server.http.guard import ACTOR, limit
from server.http.input import body, no_body, path_id
from server.limits import shared
from server.services import SERVICES


async def start(request: web.Request) -> web.Response:
    actor, sent = request[ACTOR], await body(request, Remind)
    await limit(request, shared.POST, str(actor.id))
    desk = request.app[SERVICES].desk
    await desk.run(reminders.set_reminder, actor, path_id(request), sent)
    return web.Response(status=204)


async def end(request: web.Request) -> web.Response:
    await no_body(request)
    desk = request.app[SERVICES].desk
    await desk.run(reminders.remove, request[ACTOR], path_id(request))
    return web.Response(status=204)


ROUTES = (
    At("PUT", "/tickets/{ticket_id}/reminder", start, Right.VIEWER).says(
        "Be reminded of a ticket, alone, at a time",
        Remind,
        done(),
        refuses=("422 in_the_past", "422 too_long", "429 rate_limited"),
    ),
    At("DELETE", "/tickets/{ticket_id}/reminder", end, Right.VIEWER).says(
        "Be reminded no more", NOTHING, done(), refuses=()
    ),
)
