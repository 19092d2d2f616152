"""What a person has written on a ticket and not sent, for all of their devices."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter

from desk.tickets import drafts
from desk.tickets.drafts import DraftView, NewDraft
from models import DraftKind
from server.http.contract import ETAG, NOTHING, TOTAL, At, Right, done, listed, ok
from server.http.guard import ACTOR
from server.http.input import (
    LONGEST_BODY,
    Paged,
    Query,
    body,
    decode_cursor,
    path_id,
    query,
    query_alone,
)
from server.http.output import counted, page_of, reply
from server.http.tags import expected_versions
from server.limits import shared
from server.services import SERVICES

POSITION = TypeAdapter(tuple[datetime, UUID, DraftKind])


class WhichDraft(Query):
    kind: DraftKind | None = None


async def keep(request: web.Request) -> web.Response:
    """Keeps what you are writing, in place of what was kept before. With `If-Match` only if nobody
    else has written on it, such as you on another device: the refusal shows the other text, or
    null if it is gone.
    """
    new = await body(request, NewDraft, LONGEST_BODY)
    _spend(request)
    draft = await request.app[SERVICES].desk.run(
        drafts.keep, request[ACTOR], path_id(request), new, expected_versions(request)
    )
    return reply(draft, headers={"ETag": f'"{draft.version}"'})


async def show(request: web.Request) -> web.Response:
    """Your reply and your note: each as far as there is one."""
    query(request, Query)
    desk = request.app[SERVICES].desk
    return reply(await desk.read(drafts.of_ticket, request[ACTOR], path_id(request)))


async def discard(request: web.Request) -> web.Response:
    """Without `kind` both. What is gone already is no mistake."""
    params = query(request, WhichDraft)
    await query_alone(request)
    _spend(request)
    await request.app[SERVICES].desk.run(
        drafts.discard, request[ACTOR], path_id(request), params.kind, expected_versions(request)
    )
    return web.Response(status=204)


def _spend(request: web.Request) -> None:
    request.app[SERVICES].limits.spend_here(shared.DRAFT, str(request[ACTOR].id))


async def list_own(request: web.Request) -> web.Response:
    params = query(request, Paged)
    actor, before = request[ACTOR], decode_cursor(params.cursor, POSITION)
    found = await request.app[SERVICES].desk.read(drafts.page, actor, params.limit + 1, before)
    total = await counted(request, params, drafts.count, actor)
    return page_of(
        request,
        found,
        params.limit,
        lambda draft: (draft.updated_at, draft.ticket_id, draft.kind),
        total,
    )


ROUTES = (
    At("PUT", "/tickets/{ticket_id}/draft", keep, Right.VIEWER).says(
        "Keep a draft",
        NewDraft,
        ok(DraftView, ETAG),
        refuses=("308 merged", "403 csr_required", "412 draft_changed", "429 rate_limited"),
    ),
    At("GET", "/tickets/{ticket_id}/draft", show, Right.VIEWER).says(
        "Show your drafts on a ticket", NOTHING, ok(list[DraftView]), refuses=()
    ),
    At("DELETE", "/tickets/{ticket_id}/draft", discard, Right.VIEWER).says(
        "Remove a draft", WhichDraft, done(), refuses=("412 draft_changed", "429 rate_limited")
    ),
    At("GET", "/csr/drafts", list_own, Right.STAFF).says(
        "List your drafts on all tickets, the last written first",
        Paged,
        listed(DraftView, TOTAL),
        refuses=(),
    ),
)
