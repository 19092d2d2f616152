"""Making one ticket of two, and two of one."""

from aiohttp import web

from desk.merging import merges, splits
from desk.tickets.views import TicketView
from models import Scope
from server.http.contract import ETAG, KEYED, NOTHING, PREFIX, At, Right, made, ok
from server.http.guard import ACTOR
from server.http.idempotency import once
from server.http.input import body, no_body, path_id
from server.routes.tickets import ticket_reply
from server.services import SERVICES


async def merge(request: web.Request) -> web.Response:
    """The ticket is closed for good, and a part of the other: whoever opens, joins or writes to it
    is led there. Its timeline stays where it is, for whoever may see the other. Into a ticket that
    is a part itself is into the one that it is a part of. The answer is the ticket merged into.
    """
    asked = await body(request, merges.Merging)
    return await once(
        request, asked, ticket_reply, merges.merge, request[ACTOR], path_id(request), asked, None
    )


async def unmerge(request: web.Request) -> web.Response:
    """Within a day, and while nothing was posted on the ticket that it was merged into."""
    await no_body(request)
    desk, actor = request.app[SERVICES].desk, request[ACTOR]
    return ticket_reply(await desk.run(merges.unmerge, actor, path_id(request), None))


async def split(request: web.Request) -> web.Response:
    """The messages have to be one customer's, whose the new ticket is; the first of them is what it
    was opened with. The ticket that had them keeps them.
    """
    asked = await body(request, splits.Splitting)

    def write(ticket: TicketView) -> web.Response:
        return ticket_reply(ticket, 201, {"Location": f"{PREFIX}/csr/tickets/{ticket.id}"})

    return await once(
        request, asked, write, splits.split, request[ACTOR], path_id(request), asked, None
    )


ROUTES = (
    At("POST", "/csr/tickets/{ticket_id}/merge", merge, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Merge a ticket into another",
        merges.Merging,
        ok(TicketView, ETAG),
        refuses=(
            "409 already_merged",
            "409 different_customers",
            "409 merge_circle",
            "409 ticket_closed",
            "409 too_many_copies",
            "409 too_many_participants",
            *KEYED,
        ),
    ),
    At("POST", "/csr/tickets/{ticket_id}/unmerge", unmerge, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Undo the merge of a ticket",
        NOTHING,
        ok(TicketView, ETAG),
        refuses=("409 cannot_undo", "409 changed_since", "409 not_merged"),
    ),
    At("POST", "/csr/tickets/{ticket_id}/split", split, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Open a ticket for messages of another",
        splits.Splitting,
        made(TicketView, ETAG, names="ticket_id"),
        refuses=("308 merged", "422 not_a_message", *KEYED),
    ),
)
