"""Undo: what was done to a ticket at once is taken back at once."""

from dataclasses import dataclass

from aiohttp import web

from desk.access import Audience
from desk.actions import undo
from desk.tickets.views import TicketView
from models import Scope
from server.http.contract import At, Right, ok
from server.http.guard import ACTOR
from server.http.input import body, path_id
from server.http.output import reply
from server.services import SERVICES
from wire.shapes import TimelineEvent, timeline_event


@dataclass(frozen=True, slots=True)
class Undone:
    """The ticket as it is now, and what has changed it back. ``messages_kept``: how many messages
    of the batch stay, as what was said was said.
    """

    ticket: TicketView
    events: list[TimelineEvent]
    messages_kept: int


async def take_back(request: web.Request) -> web.Response:
    """Changes back what your own use of a macro changed, or as an admin anybody's, as events of
    their own; `batch` as in their `cause`. Messages are not undone. 409 `changed_since` where
    somebody has changed the same since, with an error for each. A repeat gets what the first one
    did; and an undo is a batch, which may be undone.
    """
    wanted = await body(request, undo.Undo)
    desk, actor = request.app[SERVICES].desk, request[ACTOR]
    undone = await desk.run(undo.undo, actor, path_id(request), wanted, None)
    events = [timeline_event(event, Audience.STAFF) for event in undone.done.events]
    return reply(Undone(undone.done.ticket, events, undone.messages_kept))


ROUTES = (
    At("POST", "/csr/tickets/{ticket_id}/undo", take_back, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Take back what was done to a ticket at once",
        undo.Undo,
        ok(Undone),
        refuses=(
            "308 merged",
            "403 admin_required",
            "404 batch_not_found",
            "409 changed_since",
            "409 invalid_transition",
            "409 ticket_closed",
            "422 field_removed",
            "422 field_required",
            "422 no_such_team",
            "422 not_assignable",
            "422 unknown_field",
        ),
    ),
)
