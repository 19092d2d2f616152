"""What every route shares: who may use it, how its input is read and its answer written."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Forbidden, Invalid, Malformed, NotFound, Unauthenticated
from desk.tickets.timeline import LONGEST_READ
from models import Role
from server import keys
from server.http.contract import TOTAL, Handler, Right, Route
from server.http.input import validated
from server.limits import shared
from server.limits.shared import Limit
from wire.codec import decode, encode

M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound="Query")
P = ParamSpec("P")
T = TypeVar("T")

PREFIX = "/api/v1"

# What a body may be long, in bytes: names and passwords; a few short texts; what people write,
# when each character of it is escaped.
SHORT_BODY = 4 * 1024
MIDDLING_BODY = 16 * 1024
LONGEST_BODY = 256 * 1024
# What a page of messages may be long, in bytes: the rest is on the next one. What a read ended
# before is on the next one, too, as JSON has no fewer bytes than its texts.
LONGEST_PAGE = LONGEST_READ


class Query(BaseModel):
    """Query parameters: text that is converted, unknown ones refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    # The parameters that may be sent several times.
    repeatable: ClassVar[frozenset[str]] = frozenset()


class Countable(Query):
    """What every list takes."""

    count: bool = Field(False, description="Whether to add `X-Total-Count`, the whole list's")


class Paged(Countable):
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=200, description="Where the last page ended")


def guarded(route: Route) -> Handler:
    """The handler behind its right."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if route.right is not Right.ANYONE:
            actor, _ = await request.app[keys.authenticator].of_token(bearer(request))
            request[keys.actor] = actor
            admit(route.right, actor)
            if route.method == "GET" and not actor.is_staff:
                spend_look(request, shared.LOOK)
                async with request.app[keys.read_slots].of(actor.id):
                    return await route.handler(request)
        return await route.handler(request)

    return handle


def admit(right: Right, actor: Actor) -> None:
    if right is Right.STAFF and not actor.is_staff:
        raise Forbidden("csr_required", "CSR privileges required")
    if right is Right.ADMIN and actor.role is not Role.ADMIN:
        raise Forbidden("admin_required", "Admin privileges required")


def require_role(actor: Actor, before: Actor) -> None:
    """Whose role has changed is in rooms that are not theirs any more, and has to connect anew."""
    if actor.role is not before.role:
        raise Unauthenticated("role_changed", "The role has changed; log in again")


def bearer(request: web.Request) -> str:
    given = request.headers.getall("Authorization", ())
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("not_authenticated", "Send Authorization: Bearer <access token>")
    return token.strip()


async def limit(request: web.Request, limited: Limit, *who: str) -> None:
    """Counts the request against a limit; the answer will say what is left of it."""
    request[keys.headers] = await request.app[keys.limits].hit(limited, *who)


def spend_look(request: web.Request, limited: Limit) -> None:
    """Counts a read of a customer's, here alone: it costs this process and the database."""
    actor = request[keys.actor]
    if not actor.is_staff:
        request.app[keys.limits].spend_here(limited, str(actor.id))


def now() -> datetime:
    return datetime.now(UTC)


async def body(request: web.Request, model: type[M], longest: int = SHORT_BODY) -> M:
    """The body of a route that takes nothing else: no query."""
    query(request, Query)
    _require_json(request)
    return validated(model, decode(await whole_body(request, longest)))


async def no_body(request: web.Request) -> None:
    """For routes without a body: nothing, or an empty object; and no query."""
    query(request, Query)
    _require_json(request)
    raw = await whole_body(request, SHORT_BODY)
    if raw.strip() and decode(raw) != {}:
        raise Invalid("invalid", "This route takes no body", pointer="")


def _require_json(request: web.Request) -> None:
    """Of a body that says what it is. A page of another origin can send text or a form unasked."""
    kind = request.content_type
    said = "Content-Type" in request.headers and request.can_read_body
    if said and kind != "application/json" and not kind.endswith("+json"):
        raise web.HTTPUnsupportedMediaType


async def whole_body(request: web.Request, longest: int) -> bytes:
    """The body, read once; `Malformed` if it cannot be read to its end."""
    # What says that it is too long is not waited for.
    if (request.content_length or 0) > longest:
        raise _too_long(request, longest)
    found = bytearray()
    try:
        while chunk := await request.content.readany():
            found += chunk
            if len(found) > longest:
                raise _too_long(request, longest)
        return bytes(found)
    except (web.RequestPayloadError, ConnectionError) as error:
        # Cut off.
        raise Malformed("invalid_body", "The body cannot be read") from error


def _too_long(request: web.Request, longest: int) -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(longest, request.content_length or longest + 1)


def query(
    request: web.Request, model: type[Q], words: Mapping[str, Mapping[str, str]] | None = None
) -> Q:
    """The query parameters. ``words``: per parameter, values that stand for another ("me")."""
    given = request.query
    for name in given:
        if name not in model.repeatable and len(given.getall(name)) > 1:
            raise Invalid("invalid", "A parameter was sent twice", pointer="/query")
    spoken = words or {}
    plain = {k: spoken.get(k, {}).get(v, v) for k, v in given.items()}
    several = {name: given.getall(name) for name in model.repeatable & plain.keys()}
    return validated(model, {**plain, **several})


def path_id(request: web.Request, name: str = "ticket_id", what: str = "Ticket") -> UUID:
    """An id in the path; what is no id is not found."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise NotFound(f"{what.lower()}_not_found", f"{what} not found") from None


def reply(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=encode(value), status=status, headers=headers, content_type="application/json"
    )


async def counted(
    request: web.Request,
    given: Countable,
    rule: Callable[Concatenate[Session, P], int],
    *args: P.args,
    **kwargs: P.kwargs,
) -> dict[str, str]:
    """The header with the number that the rule counts, if it was asked for."""
    if not given.count:
        return {}
    spend_look(request, shared.COUNT)
    return {TOTAL: str(await request.app[keys.desk].read(rule, *args, **kwargs))}


def encode_cursor(*position: object) -> str:
    return base64.urlsafe_b64encode(encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str | None, shape: TypeAdapter[T]) -> T | None:
    """The position in a cursor that we gave out; `Invalid` for any other text."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return shape.validate_json(raw)
    except (binascii.Error, ValidationError, ValueError):
        raise Invalid("invalid_cursor", "Not a cursor of this list", pointer="/cursor") from None


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
    found: Sequence[T],
    limit: int,
    position: Callable[[T], Sequence[object]],
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The first ``limit`` of what was found; with more, a cursor at the last one's position."""
    shown = found[:limit]
    more = len(found) > limit
    cursor = {"cursor": encode_cursor(*position(shown[-1]))} if more else None
    return page(request, shown, cursor, headers)
