"""The audit log, for admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import Field, TypeAdapter

from desk import audit_log
from desk.audit_log import EntryShown, Wanted
from desk.text import Id, Moment, Text
from models import Scope
from server.http.contract import TOTAL, At, Right, listed
from server.http.input import Paged, decode_cursor, query
from server.http.output import counted, page_of
from server.services import SERVICES

POSITION = TypeAdapter(tuple[datetime, UUID])


class AuditQuery(Paged):
    actor_id: Id | None = Field(None, description="Who did it")
    action: Annotated[str, Text(64)] | None = Field(None, description="What was done")
    subject_id: Annotated[str, Text(100)] | None = Field(None, description="To whom or what")
    since: Annotated[Moment, Field(strict=False)] | None = Field(None, description="Not before")


async def list_entries(request: web.Request) -> web.Response:
    """Entries are never changed. Each is sealed within seconds: `manage verify-audit`."""
    params = query(request, AuditQuery)
    wanted = Wanted(params.actor_id, params.action, params.subject_id, params.since)
    entries = await request.app[SERVICES].desk.read(
        audit_log.entries,
        wanted,
        limit=params.limit + 1,
        before=decode_cursor(params.cursor, POSITION),
    )
    total = await counted(request, params, audit_log.count, wanted)
    return page_of(request, entries, params.limit, lambda entry: (entry.at, entry.id), total)


ROUTES = (
    At("GET", "/admin/audit", list_entries, Right.ADMIN, Scope.ADMIN).says(
        "List the audit log, the newest first", AuditQuery, listed(EntryShown, TOTAL), refuses=()
    ),
)
