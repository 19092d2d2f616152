"""Macros: kept by the staff, and used on tickets."""

from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from desk.access import Audience
from desk.actions.batches import Done
from desk.macros import macros, use
from desk.tickets.views import TicketView
from models import Scope
from server.clock import now
from server.http.audited import audited, fields_of
from server.http.contract import KEYED, NOTHING, PREFIX, TOTAL, At, Right, done, listed, made, ok
from server.http.guard import ACTOR, limit
from server.http.idempotency import once
from server.http.input import (
    LONGEST_BODY,
    Paged,
    body,
    id_after,
    no_body,
    path_id,
    query,
)
from server.http.output import counted, page_of, reply
from server.http.tags import expected_versions
from server.limits import shared
from server.services import SERVICES
from wire.shapes import TimelineEvent, timeline_event


@dataclass(frozen=True, slots=True)
class MacroUsed:
    """The ticket as it is now, and all that the macro has done to it."""

    ticket: TicketView
    events: list[TimelineEvent]

    @classmethod
    def of(cls, used: Done) -> "MacroUsed":
        return cls(used.ticket, [timeline_event(event, Audience.STAFF) for event in used.events])


async def list_macros(request: web.Request) -> web.Response:
    """Your own, your teams' and everyone's; admins are shown all teams'."""
    params, actor = query(request, Paged), request[ACTOR]
    page = await request.app[SERVICES].desk.read(
        macros.macros, actor, limit=params.limit + 1, after=id_after(params.cursor)
    )
    total = await counted(request, params, macros.count, actor)
    return page_of(request, page, params.limit, lambda macro: (macro.id,), total)


async def add(request: web.Request) -> web.Response:
    new = await body(request, macros.NewMacro, LONGEST_BODY)

    def write(macro: macros.MacroShown) -> web.Response:
        return reply(macro, 201, {"Location": f"{PREFIX}/csr/macros/{macro.id}"})

    said = {"scope": new.scope}
    add = audited(request, macros.add, "macro_added", "macro", data=said)
    return await once(request, new, write, add, request[ACTOR], new, now())


async def change(request: web.Request) -> web.Response:
    """What it has done before stays as it was done."""
    changed = await body(request, macros.MacroChange, LONGEST_BODY)
    macro_id, said = _macro_id(request), fields_of(changed)
    change = audited(request, macros.change, "macro_changed", "macro", macro_id, said)
    return reply(await request.app[SERVICES].desk.run(change, request[ACTOR], macro_id, changed))


async def remove(request: web.Request) -> web.Response:
    await no_body(request)
    macro_id = _macro_id(request)
    remove = audited(request, macros.remove, "macro_removed", "macro", macro_id)
    await request.app[SERVICES].desk.run(remove, request[ACTOR], macro_id)
    return web.Response(status=204)


async def preview(request: web.Request) -> web.Response:
    """What it would say on a ticket. Words that are empty there are in it as they are written."""
    wanted = await body(request, use.Preview)
    services = request.app[SERVICES]
    macro_id, name = _macro_id(request), services.settings.desk_name
    return reply(await services.desk.read(use.preview, request[ACTOR], macro_id, wanted, name))


async def apply(request: web.Request) -> web.Response:
    """In one transaction: it says first what the macro says, then does what it does; or nothing,
    where a part is refused, to which `errors` points as to the macro's own. A repeat of the
    `client_id` gets what the first one did. `If-Match`: only on a ticket as it was seen.
    """
    actor = request[ACTOR]
    await limit(request, shared.POST, str(actor.id))
    wanted = await body(request, use.Use, LONGEST_BODY)
    services = request.app[SERVICES]
    used = await services.desk.run(
        use.apply,
        actor,
        path_id(request),
        _macro_id(request),
        wanted,
        services.settings.desk_name,
        expected_versions(request),
        None,
    )
    return reply(MacroUsed.of(used))


def _macro_id(request: web.Request) -> UUID:
    return path_id(request, "macro_id", "Macro")


SET = (
    "422 field_removed",
    "422 no_such_team",
    "422 not_assignable",
    "422 unknown_field",
)
WRITES = (
    *("403 admin_required", "403 not_in_team", "409 macro_name_taken", "409 too_many_macros"),
    *SET,
)
ROUTES = (
    At("GET", "/csr/macros", list_macros, Right.STAFF, Scope.TICKETS_READ).says(
        "List the macros that you may use, the oldest first",
        Paged,
        listed(macros.MacroShown, TOTAL, names="macro_id"),
        refuses=(),
    ),
    At("POST", "/csr/macros", add, Right.STAFF).says(
        "Make a macro of your own, of a team of yours, or as an admin of everyone",
        macros.NewMacro,
        made(macros.MacroShown, names="macro_id"),
        refuses=(*WRITES, *KEYED),
    ),
    At("PATCH", "/csr/macros/{macro_id}", change, Right.STAFF).says(
        "Change a macro", macros.MacroChange, ok(macros.MacroShown), refuses=WRITES
    ),
    At("DELETE", "/csr/macros/{macro_id}", remove, Right.STAFF).says(
        "Remove a macro",
        NOTHING,
        done(),
        refuses=("403 admin_required", "403 not_in_team"),
    ),
    At("POST", "/csr/macros/{macro_id}/preview", preview, Right.STAFF, Scope.TICKETS_READ).says(
        "Show what a macro would say on a ticket",
        use.Preview,
        ok(use.Previewed),
        refuses=("404 ticket_not_found",),
    ),
    At("POST", "/tickets/{ticket_id}/macros/{macro_id}", apply, Right.STAFF).says(
        "Use a macro on a ticket",
        use.Use,
        ok(MacroUsed),
        refuses=(
            *SET,
            "308 merged",
            "409 attachment_unavailable",
            "409 client_id_reused",
            "409 invalid_transition",
            "409 not_active",
            "409 ticket_closed",
            "412 answered_meanwhile",
            "412 version_mismatch",
            "422 field_required",
            "422 fields_too_large",
            "422 in_the_past",
            "422 not_mentionable",
            "422 too_long",
            "422 too_many_tags",
            "422 word_empty",
            "429 rate_limited",
        ),
    ),
)
