"""What a request brings: its body, query, path and cursors, as models of ours or refused."""

import base64
import binascii
import re
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import ClassVar, TypeVar, cast
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from desk.errors import Invalid, NotFound
from desk.tickets import views
from server.transport.bodies import whole_body
from wire.codec import decode, encode

M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound="Query")
T = TypeVar("T")

# The ticket of the path, where that names it by its number (`server.http.guard`).
TICKET: web.RequestKey[UUID | None] = web.RequestKey("ticket")
# Of at most 18 digits: every such number is one that the column can hold.
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
ID_POSITION = TypeAdapter(tuple[UUID])
# Errors that are told of; what more is wrong is not looked at.
MOST_ERRORS = 20
# What a body may be long, in bytes: names and passwords; a few short texts; what people write,
# when each character of it is escaped.
SHORT_BODY = 4 * 1024
MIDDLING_BODY = 16 * 1024
LONGEST_BODY = 256 * 1024


class Query(BaseModel):
    """Query parameters: text that is converted, unknown ones refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    # The parameters that may be sent several times.
    repeatable: ClassVar[frozenset[str]] = frozenset()
    # How the names begin that the model knows beside its own.
    prefix: ClassVar[str | None] = None


class Countable(Query):
    """What every list takes."""

    count: bool = Field(False, description="Whether to add `X-Total-Count`, the whole list's")


class Paged(Countable):
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=200, description="Where the last page ended")


def validated(model: type[M], value: object) -> M:
    """The model of a value. Raises pydantic's ValidationError.

    Each member that the model does not know makes an error, and an error takes a hundred times as
    long as to read the member: of an endless number of them only the first few are looked at.
    """
    return model.model_validate(_bounded(model, value))


def _bounded(model: type[BaseModel], value: object) -> object:
    if not isinstance(value, Mapping) or len(value) <= MOST_ERRORS:
        return value
    prefix = getattr(model, "prefix", None)
    fields = {name for name in value if prefix and name.startswith(prefix)} | {*model.model_fields}
    unknown = islice((name for name in value if name not in fields), _spare(model))
    known = (name for name in value if name in fields)
    return {name: value[name] for name in (*known, *unknown)}


def _spare(model: type[BaseModel]) -> int:
    """How many errors are left for names that the model does not know."""
    return max(1, MOST_ERRORS - len(model.model_fields))


async def body(request: web.Request, model: type[M], longest: int = SHORT_BODY) -> M:
    """The body of a route that takes nothing else: no query."""
    query(request, Query)
    _require_json(request)
    return validated(model, decode(await whole_body(request, longest)))


async def optional_body(request: web.Request, model: type[M]) -> M:
    """As `body`; without one, as with an empty object."""
    query(request, Query)
    _require_json(request)
    raw = await whole_body(request, SHORT_BODY)
    return validated(model, decode(raw) if raw.strip() else {})


async def no_body(request: web.Request) -> None:
    """For routes without a body: nothing, or an empty object; and no query."""
    query(request, Query)
    await query_alone(request)


async def query_alone(request: web.Request) -> None:
    """For routes that take a query: no body but an empty object."""
    _require_json(request)
    raw = await whole_body(request, SHORT_BODY)
    if raw.strip() and decode(raw) != {}:
        raise Invalid("invalid", "This route takes no body", pointer="")


def _require_json(request: web.Request) -> None:
    """Of a body that says what it is. A page of another origin can send text or a form unasked."""
    kind = request.content_type
    says_kind = "Content-Type" in request.headers and request.can_read_body
    if says_kind and kind != "application/json" and not kind.endswith("+json"):
        raise web.HTTPUnsupportedMediaType


def query(
    request: web.Request, model: type[Q], words: Mapping[str, Mapping[str, str]] | None = None
) -> Q:
    """The query parameters. ``words``: per parameter, values that stand for another ("me")."""
    if not request.query_string:
        return cast(Q, _default(model))
    sent = request.query
    for name in sent:
        if name not in model.repeatable and len(sent.getall(name)) > 1:
            raise Invalid("invalid", "A parameter was sent twice", pointer="/query")
    meanings = words or {}
    plain = {k: meanings.get(k, {}).get(v, v) for k, v in sent.items()}
    several = {name: sent.getall(name) for name in model.repeatable & plain.keys()}
    return validated(model, {**plain, **several})


@cache
def _default(model: type[Query]) -> Query:
    """What a query says that says nothing. Nobody changes it: it is frozen."""
    return validated(model, {})


def path_id(request: web.Request, name: str = "ticket_id", what: str = "Ticket") -> UUID:
    """An id in the path; what is no id is not found. A ticket's number has become its id."""
    if name == "ticket_id" and TICKET in request:
        if (known := request[TICKET]) is None:
            raise views.not_found()
        return known
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise NotFound(f"{what.lower()}_not_found", f"{what} not found") from None


def ticket_number(text: str) -> int | None:
    """The number that a ticket is named by in a path, in place of its id."""
    return int(text) if NUMBER.fullmatch(text) else None


def encode_cursor(*position: object) -> str:
    return base64.urlsafe_b64encode(encode(position)).decode().rstrip("=")


def id_after(cursor: str | None) -> UUID | None:
    """The id in the cursor of a list that is sorted by it alone."""
    position = decode_cursor(cursor, ID_POSITION)
    return position[0] if position else None


def decode_cursor(cursor: str | None, shape: TypeAdapter[T]) -> T | None:
    """The position in a cursor that we gave out; `Invalid` for any other text."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return shape.validate_json(raw)
    except (binascii.Error, ValidationError, ValueError):
        raise Invalid("invalid_cursor", "Not a cursor of this list", pointer="/cursor") from None
