"""Views: lists of tickets by name, with what is in them."""

from uuid import UUID

from aiohttp import web

from desk.tickets import saved_views
from server.clock import now
from server.http.audited import audited, fields_of
from server.http.contract import KEYED, NOTHING, PREFIX, At, Right, done, made, ok
from server.http.guard import ACTOR
from server.http.idempotency import once
from server.http.input import MIDDLING_BODY, Query, body, no_body, path_id, query
from server.http.output import reply
from server.services import SERVICES


async def list_views(request: web.Request) -> web.Response:
    """All of them: there are no more than some hundred."""
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(saved_views.views, request[ACTOR]))


async def add(request: web.Request) -> web.Response:
    new = await body(request, saved_views.NewView, MIDDLING_BODY)

    def write(view: saved_views.ViewShown) -> web.Response:
        return reply(view, 201, {"Location": f"{PREFIX}/csr/views/{view.id}"})

    add = audited(request, saved_views.add, "view_added", "view")
    return await once(request, new, write, add, request[ACTOR], new, now())


async def change(request: web.Request) -> web.Response:
    changed = await body(request, saved_views.ViewChange, MIDDLING_BODY)
    view_id, said = _view_id(request), fields_of(changed)
    change = audited(request, saved_views.change, "view_changed", "view", view_id, said)
    return reply(await request.app[SERVICES].desk.run(change, request[ACTOR], view_id, changed))


async def remove(request: web.Request) -> web.Response:
    await no_body(request)
    view_id = _view_id(request)
    remove = audited(request, saved_views.remove, "view_removed", "view", view_id)
    await request.app[SERVICES].desk.run(remove, request[ACTOR], view_id)
    return web.Response(status=204)


def _view_id(request: web.Request) -> UUID:
    return path_id(request, "view_id", "View")


WRITES = ("403 admin_required",)
ROUTES = (
    At("GET", "/csr/views", list_views, Right.STAFF).says(
        "List the views: those that everybody has, the shared ones and your own",
        NOTHING,
        ok(list[saved_views.ViewShown]),
        refuses=(),
    ),
    At("POST", "/csr/views", add, Right.STAFF).says(
        "Save a list of tickets as a view; admins may share it",
        saved_views.NewView,
        made(saved_views.ViewShown, names="view_id"),
        refuses=(*WRITES, "409 too_many_views", "422 unknown_field", *KEYED),
    ),
    At("PATCH", "/csr/views/{view_id}", change, Right.STAFF).says(
        "Change a view of your own; admins, a shared one",
        saved_views.ViewChange,
        ok(saved_views.ViewShown),
        refuses=(*WRITES, "409 too_many_views", "422 unknown_field"),
    ),
    At("DELETE", "/csr/views/{view_id}", remove, Right.STAFF).says(
        "Remove a view of your own; admins, a shared one", NOTHING, done(), refuses=WRITES
    ),
)
