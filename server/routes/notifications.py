"""The caller's inbox of notifications."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter

from desk.notifications import inbox
from server.clock import now
from server.http.contract import NOTHING, TOTAL, At, Right, done, listed
from server.http.guard import ACTOR
from server.http.input import Paged, decode_cursor, no_body, path_id, query
from server.http.output import counted, page_of
from server.services import SERVICES
from wire.shapes import NotificationOut

POSITION = TypeAdapter(tuple[datetime, UUID])


class InboxQuery(Paged):
    unread: bool = False


async def list_notifications(request: web.Request) -> web.Response:
    params = query(request, InboxQuery)
    rows = await request.app[SERVICES].desk.read(
        inbox.page,
        request[ACTOR],
        unread=params.unread,
        limit=params.limit + 1,
        before=decode_cursor(params.cursor, POSITION),
    )
    notifications = [NotificationOut.of(row) for row in rows]
    total = await counted(request, params, inbox.count, request[ACTOR], unread=params.unread)
    return page_of(
        request, notifications, params.limit, lambda row: (row.created_at, row.id), total
    )


async def mark_read(request: web.Request) -> web.Response:
    await no_body(request)
    await request.app[SERVICES].desk.run(
        inbox.mark_read,
        request[ACTOR],
        path_id(request, "notification_id", "Notification"),
        now(),
    )
    return web.Response(status=204)


async def mark_all_read(request: web.Request) -> web.Response:
    await no_body(request)
    await request.app[SERVICES].desk.run(inbox.mark_all_read, request[ACTOR], now())
    return web.Response(status=204)


ROUTES = (
    At("GET", "/notifications", list_notifications, Right.PERSON).says(
        "List your notifications, the newest first",
        InboxQuery,
        listed(NotificationOut, TOTAL, names="notification_id"),
        refuses=(),
    ),
    At("POST", "/notifications/read_all", mark_all_read, Right.PERSON).says(
        "Mark all of your notifications as read", NOTHING, done(), refuses=()
    ),
    At("POST", "/notifications/{notification_id}/read", mark_read, Right.PERSON).says(
        "Mark a notification as read", NOTHING, done(), refuses=()
    ),
)
