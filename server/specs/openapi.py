"""OpenAPI 3.1, generated from the table of routes and the models behind it."""

import sys
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from desk.tickets.drafts import DraftView
from desk.tickets.views import TicketView
from models import Scope
from server.http.contract import KEYED, NOTHING, PREFIX, FileBody, Gives, Right, Route
from server.http.idempotency import REPEATED
from server.http.input import Paged, Query
from server.specs.examples import example
from server.specs.links import links
from server.specs.schemas import REF, Schema, Schemas, prose
from server.transport.uploads import FORM
from wire.shapes import TimelineEvent

TITLE = "Ticket desk"
VERSION = "1"
ABOUT = """\
A support-ticket system: REST for everything, Socket.IO and a plain WebSocket for what is live
(see [/asyncapi](/asyncapi)).

Log in with `POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`.
Programs send a key there, which an admin makes (`POST /api/v1/admin/api_keys`): for what its scopes
name.

* Unknown fields and unknown query parameters are refused (422). Every text has a bound.
* Bodies are JSON, but for files: one that says it is something else is 415, and so is one with a
  `Content-Encoding`.
* Refusals are problems (RFC 9457) with a stable `code`. With 429 and 503 comes `Retry-After`.
* Lists are paged: the next page is in `Link: <…>; rel="next"` (RFC 8288).
* `{ticket_id}` also takes the ticket's number: `/tickets/42/timeline`.
* JSON of 1 kB and more is compressed for `Accept-Encoding: gzip`, unless it has a secret in it.
* A ticket's `ETag` is its version; `PATCH` and assign heed `If-Match`, and so do drafts.
* `Idempotency-Key`, where a `POST` takes it: a repeat within 24 hours gets the first answer.
"""

HEADERS = {
    "ETag": "What is shown, in its version. Of a ticket `If-Match` compares the version alone.",
    REPEATED: "`true` where this is the answer that was given the first time.",
    "Link": 'The next page: `<…>; rel="next"`. Absent on the last one.',
    "Accept-Ranges": "`bytes`: `Range` may ask for a part.",
    "Content-Disposition": "The name, and whether it may be shown or is for saving.",
    "Content-Range": "Which bytes these are, and of how many.",
    "Location": "Where what was made is from now on, or where what was merged is to be asked for.",
    "RateLimit-Limit": "Requests that are allowed in the window.",
    "RateLimit-Remaining": "Requests that are left in it.",
    "RateLimit-Reset": "Seconds until the window is over.",
    "Retry-After": "Seconds after which another try makes sense.",
    "Set-Cookie": "`device`, `__Host-device` with https: a browser that signed in before.",
    "WWW-Authenticate": "How to authenticate: `Bearer`.",
    "X-Total-Count": "How many there are on all pages. Only with `count=true`.",
}
RATES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
REFUSAL_HEADERS = {
    308: ("Location",),
    401: ("WWW-Authenticate",),
    429: ("Retry-After", *RATES),
    503: ("Retry-After",),
}
# Request headers, by the code or status that tells that a route heeds them.
HEEDED = {
    "412 version_mismatch": ("If-Match", "Act only on this version of the ticket (an `ETag`)."),
    "412 draft_changed": (
        "If-Match",
        'Act only on this version of the draft (an `ETag`); `"0"`: only if there is none.',
    ),
    "304": ("If-None-Match", "Answer 304 if the ticket is still of this version (an `ETag`)."),
    KEYED[-1]: (
        "Idempotency-Key",
        "1 to 64 printable characters of your own. The same request with the same key within 24 "
        "hours is carried out once; the answer is the same.",
    ),
}
WORDS = {
    200: "As asked",
    201: "Made",
    202: "Begun",
    204: "Done",
    206: "A part of it",
    304: "Still of that version",
}
BINARY: Schema = {"type": "string", "format": "binary"}
UUID: Schema = {"type": "string", "format": "uuid"}
# What stands in a path beside ids.
TICKET: Schema = {"anyOf": [UUID, {"type": "integer", "minimum": 1}]}
PATH: dict[str, Schema] = {
    "ticket_id": {"description": "The ticket's id, or its number.", "schema": TICKET},
    "participant": {
        "description": "A customer's id, or address.",
        "schema": {"anyOf": [UUID, {"type": "string", "format": "email"}]},
    },
    "other_id": {"description": "The other ticket's id, or its number.", "schema": TICKET},
}
# What else a refusal tells, by its code: a member's name, and its shape.
TOLD: dict[str, tuple[str, Any]] = {
    "answered_meanwhile": ("events", list[TimelineEvent]),
    "draft_changed": ("current", DraftView | None),
    "merged": ("into", uuid.UUID),
    "second_factor_required": ("challenge", str),
    "version_mismatch": ("current", TicketView),
}
PROBLEM: Schema = {
    "description": "A refusal (RFC 9457). `code` is stable, `detail` is for people.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "description": "What is wrong with the input, where it is the input.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "format": "json-pointer"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}


def document(routes: Sequence[Route]) -> Schema:
    schemas = Schemas(
        [route.takes for route in routes if route.takes not in (NOTHING, FileBody)],
        [
            *(shape for _, shape in TOLD.values()),
            *(gives.shape for route in routes for gives in route.gives if gives.shape is not None),
        ],
    )
    paths: defaultdict[str, Schema] = defaultdict(dict)
    for route in routes:
        paths[PREFIX + route.path][route.method.lower()] = _operation(route, schemas, routes)
    queries = {route.takes.__name__ for route in routes if route.takes and _is_query(route.takes)}
    components = {name: s for name, s in schemas.components.items() if name not in queries}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": name, "description": prose(sys.modules[module].__doc__)}
            for name, module in dict.fromkeys(
                (route.tag, route.handler.__module__) for route in routes
            )
        ],
        "paths": dict(paths),
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "tdk_…",
                    "description": "The key of a program, with the scope that is named.",
                },
            },
        },
    }


def _is_query(model: type[BaseModel]) -> bool:
    return issubclass(model, Query)


def _operation(route: Route, schemas: Schemas, routes: Sequence[Route]) -> Schema:
    operation: Schema = {
        "tags": [route.tag],
        "summary": route.summary,
        "description": _description(route),
        "operationId": route.operation_id,
        "security": _security(route),
        "parameters": [*_in_path(route), *_in_query(route, schemas), *_in_headers(route)],
        "responses": {
            **{str(gives.status): _answer(route, gives, schemas, routes) for gives in route.gives},
            **{
                str(status): _problem(status, codes, schemas)
                for status, codes in refused(route).items()
            },
        },
    }
    if route.takes is not None and not _is_query(route.takes):
        operation["requestBody"] = {"required": True, "content": _content(route.takes, schemas)}
    return operation


def _security(route: Route) -> list[Schema]:
    if route.right is Right.ANYONE:
        return []
    by_key = [] if route.scope is None else [{"apiKey": [route.scope.value]}]
    return [{"accessToken": []}, *by_key]


def _content(takes: type[BaseModel], schemas: Schemas) -> Schema:
    if takes is FileBody:
        part = {"type": "object", "properties": {"file": BINARY}, "required": ["file"]}
        return {"application/octet-stream": {"schema": BINARY}, FORM: {"schema": part}}
    schema = schemas.taken(takes)
    return {"application/json": {"schema": schema, "example": example(schemas, schema)}}


def _description(route: Route) -> str:
    """The handler's own words, and who may ask."""
    docstring = prose(route.handler.__doc__)
    return "\n\n".join(filter(None, [docstring, allowed(route.right, route.scope)]))


def allowed(right: Right, scope: Scope | None) -> str:
    """Who may use a route or an event, for people."""
    by_key = f" Of keys, those with the scope `{scope}`." if scope else ""
    return f"For {right.value}.{by_key}"


def _in_path(route: Route) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, **PATH.get(name, {"schema": UUID})}
        for name in route.parameters
    ]


def _in_query(route: Route, schemas: Schemas) -> list[Schema]:
    if route.takes is None or not _is_query(route.takes):
        return []
    query = schemas.resolved(schemas.taken(route.takes))
    named = [_query_parameter(name, schema) for name, schema in query.get("properties", {}).items()]
    return [*named, *_open_parameters(query.get("patternProperties", {}))]


def _open_parameters(patterns: Schema) -> list[Schema]:
    """Parameters with names of a pattern, as OpenAPI says that: the members of an object."""
    whole = {"type": "object", "patternProperties": patterns, "additionalProperties": False}
    shown = {"name": "fields", "in": "query", "style": "form", "explode": True, "schema": whole}
    return [shown] if patterns else []


def _query_parameter(name: str, schema: Schema) -> Schema:
    """A parameter that may be left out cannot be null: it is text."""
    plain = {k: v for k, v in schema.items() if k != "description" and v is not None}
    if "anyOf" in plain:
        kinds = [kind for kind in plain.pop("anyOf") if kind.get("type") != "null"]
        plain |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    description = {"description": schema["description"]} if "description" in schema else {}
    often = {"style": "form", "explode": True} if plain.get("type") == "array" else {}
    return {"name": name, "in": "query", **description, **often, "schema": plain}


def _in_headers(route: Route) -> list[Schema]:
    signs = {*route.refuses, *(str(gives.status) for gives in route.gives)}
    return [
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for sign, (name, text) in HEEDED.items()
        if sign in signs
    ]


def _answer(route: Route, gives: Gives, schemas: Schemas, routes: Sequence[Route]) -> Schema:
    rates = RATES if "429 rate_limited" in route.refuses else ()
    repeated = (REPEATED,) if KEYED[-1] in route.refuses else ()
    answer: Schema = {"description": gives.description or _words(gives)}
    if headers := (*gives.headers, *repeated, *rates):
        answer["headers"] = {name: _header(name) for name in headers}
    if gives.shape is not None:
        schema = schemas.given(gives.shape)
        shown = {} if gives.shape is bytes else {"example": example(schemas, schema)}
        answer["content"] = {gives.media: {"schema": schema, **shown}}
    if led := links(route, gives, routes):
        answer["links"] = led
    return answer


def _words(gives: Gives) -> str:
    return WORDS[gives.status]


def _header(name: str) -> Schema:
    is_number = name == "X-Total-Count" or name.startswith("RateLimit")
    kind = "integer" if is_number else "string"
    return {"description": HEADERS[name], "schema": {"type": kind}}


def refused(route: Route) -> dict[int, list[str]]:
    """Every code that the route may refuse with, by status."""
    refusals = [tuple(refusal.split(" ", 1)) for refusal in (*route.refuses, *_implied(route))]
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for status, code in refusals:
        if code not in codes[int(status)]:
            codes[int(status)].append(code)
    return {status: sorted(codes[status]) for status in sorted(codes)}


def _implied(route: Route) -> list[str]:
    """What follows from who may use a route and from what it takes."""
    refusals = ["422 invalid", "500 internal", "503 unavailable"]
    if route.right is not Right.ANYONE:
        refusals += ["401 not_authenticated", "401 invalid_token", "401 session_ended"]
        refusals += ["401 creator_inactive", "401 key_expired", "403 scope_required"]
        # Customers' reads, and keys that are tried.
        refusals.append("429 rate_limited")
    if route.right not in (Right.ANYONE, Right.SETUP):
        refusals.append("403 second_factor_setup_required")
    if route.right is Right.STAFF:
        refusals.append("403 csr_required")
    if route.right is Right.ADMIN:
        refusals.append("403 admin_required")
    refusals += [f"404 {name.removesuffix('_id')}_not_found" for name in route.parameters]
    if route.takes is not None and issubclass(route.takes, Paged):
        refusals.append("422 invalid_cursor")
    if route.method != "GET":
        refusals += ["400 invalid_json", "400 invalid_body", "413 content_too_large"]
        refusals.append("415 unsupported_media_type")
    return refusals


def _problem(status: int, codes: list[str], schemas: Schemas) -> Schema:
    told = {TOLD[code][0]: schemas.given(TOLD[code][1]) for code in codes if code in TOLD}
    whole = {**PROBLEM, "properties": {**PROBLEM["properties"], **told}}
    code = {"type": "object", "properties": {"code": {"enum": codes}}}
    problem: dict[str, Any] = {"allOf": [whole if told else {"$ref": REF + "Problem"}, code]}
    answer: Schema = {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {"application/problem+json": {"schema": problem}},
    }
    if headers := REFUSAL_HEADERS.get(status):
        answer["headers"] = {name: _header(name) for name in headers}
    return answer
