"""Absences: until when somebody of the staff is away; one's own, and others' for admins."""

from uuid import UUID

from aiohttp import web

from desk.assignment import absences
from server.clock import now
from server.http.audited import audited
from server.http.contract import NOTHING, At, Right, done, ok
from server.http.guard import ACTOR
from server.http.input import Query, body, no_body, path_id, query
from server.http.output import reply
from server.services import SERVICES


async def show_mine(request: web.Request) -> web.Response:
    return await _shown(request, request[ACTOR].id)


async def set_mine(request: web.Request) -> web.Response:
    away = await body(request, absences.Away)
    user_id = request[ACTOR].id
    return reply(await request.app[SERVICES].desk.run(absences.set_away, user_id, away, now()))


async def end_mine(request: web.Request) -> web.Response:
    await no_body(request)
    await request.app[SERVICES].desk.run(absences.come_back, request[ACTOR].id)
    return web.Response(status=204)


async def show_theirs(request: web.Request) -> web.Response:
    return await _shown(request, _user_id(request))


async def set_theirs(request: web.Request) -> web.Response:
    away = await body(request, absences.Away)
    user_id = _user_id(request)
    set_away = audited(request, absences.set_away, "away_set", "user", user_id)
    return reply(await request.app[SERVICES].desk.run(set_away, user_id, away, now()))


async def end_theirs(request: web.Request) -> web.Response:
    await no_body(request)
    user_id = _user_id(request)
    come_back = audited(request, absences.come_back, "away_ended", "user", user_id)
    await request.app[SERVICES].desk.run(come_back, user_id)
    return web.Response(status=204)


async def _shown(request: web.Request, user_id: UUID) -> web.Response:
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(absences.show, user_id))


def _user_id(request: web.Request) -> UUID:
    return path_id(request, "user_id", "User")


SHOWN = ok(absences.AbsenceShown)
NONE = ("404 not_away",)
SETS = ("404 user_not_found", "422 in_the_past", "422 too_long")
ROUTES = (
    At("GET", "/csr/me/away", show_mine, Right.STAFF).says(
        "Show your absence, if there is one or will be", NOTHING, SHOWN, refuses=NONE
    ),
    At("PUT", "/csr/me/away", set_mine, Right.STAFF).says(
        "Say until when you are away", absences.Away, SHOWN, refuses=SETS
    ),
    At("DELETE", "/csr/me/away", end_mine, Right.STAFF).says(
        "Say that you are back, or will not be away", NOTHING, done(), refuses=()
    ),
    At("GET", "/admin/users/{user_id}/away", show_theirs, Right.ADMIN).says(
        "Show somebody's absence", NOTHING, SHOWN, refuses=NONE
    ),
    At("PUT", "/admin/users/{user_id}/away", set_theirs, Right.ADMIN).says(
        "Say until when somebody is away", absences.Away, SHOWN, refuses=SETS[1:]
    ),
    At("DELETE", "/admin/users/{user_id}/away", end_theirs, Right.ADMIN).says(
        "End somebody's absence", NOTHING, done(), refuses=()
    ),
)
