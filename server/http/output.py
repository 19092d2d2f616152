"""How an answer is written: JSON, pages of lists, counts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from aiohttp import web
from sqlalchemy.orm import Session

from desk.tickets.timeline import LONGEST_READ
from server.http.contract import TOTAL
from server.http.guard import spend_look
from server.http.input import Countable, encode_cursor
from server.limits import shared
from server.services import SERVICES
from wire.codec import encode

P = ParamSpec("P")
T = TypeVar("T")

# What a page of messages may be long, in bytes: the rest is on the next one. What a read ended
# before is on the next one, too, as JSON has no fewer bytes than its texts.
LONGEST_PAGE = LONGEST_READ


def reply(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=encode(value), status=status, headers=headers, content_type="application/json"
    )


async def counted(
    request: web.Request,
    query: Countable,
    rule: Callable[Concatenate[Session, P], int],
    *args: P.args,
    **kwargs: P.kwargs,
) -> dict[str, str]:
    """The header with the number that the rule counts, if it was asked for."""
    if not query.count:
        return {}
    spend_look(request, shared.COUNT)
    return {TOTAL: str(await request.app[SERVICES].desk.read(rule, *args, **kwargs))}


def page(
    request: web.Request,
    items: Sequence[object],
    next_page: Mapping[str, Any] | None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A list, with the way to the next page in ``Link`` (RFC 8288)."""
    links = {}
    if next_page is not None:
        url = request.rel_url.update_query({k: str(v) for k, v in next_page.items()})
        links["Link"] = f'<{url}>; rel="next"'
    return reply(items, headers={**links, **(headers or {})})


def fitting(items: Sequence[T]) -> Sequence[T]:
    """As many of the first items as an answer may be long; one at least."""
    left = LONGEST_PAGE
    for count, item in enumerate(items):
        left -= len(encode(item))
        if left < 0:
            return items[: max(1, count)]
    return items


def page_of(
    request: web.Request,
    items: Sequence[T],
    limit: int,
    position: Callable[[T], Sequence[object]],
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The first ``limit`` of what was found; with more, a cursor at the last one's position."""
    first = items[:limit]
    more = len(items) > limit
    cursor = {"cursor": encode_cursor(*position(first[-1]))} if more else None
    return page(request, first, cursor, headers)
