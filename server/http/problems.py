"""Every refusal in one shape: a problem over HTTP (RFC 9457), an error in an ack on sockets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from desk import errors
from desk.tickets.messages import AnsweredMeanwhile
from server.http.input import MOST_ERRORS
from wire.codec import encode
from wire.shapes import timeline_event

STATUS: dict[type[errors.DeskError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Merged: 308,
    errors.Invalid: 422,
    errors.OutOfRange: 416,
    errors.RateLimited: 429,
    errors.Busy: 503,
    errors.Unavailable: 503,
}
HEADERS: dict[int, dict[str, str]] = {
    # A merge may be undone: nobody is to remember where it led.
    308: {"Cache-Control": "no-store"},
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": "1"},
}
# Codes are stable, and so not made of phrases: Python 3.13 has other ones for 413.
HTTP: dict[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address"),
    405: ("method_not_allowed", "This address does not take that method"),
    415: (
        "unsupported_media_type",
        "Send the body as application/json, without a Content-Encoding",
    ),
    413: ("content_too_large", "The body is too large"),
}
LONGEST_POINTER = 200
# Whose body is not worth reading to its end.
CLOSES = {413, 415}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the caller is told instead of an answer."""

    status: int
    code: str
    detail: str
    errors: Sequence[dict[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    # More of the problem, or error: see `DeskError.members`.
    members: Mapping[str, object] = field(default_factory=dict)

    def as_ack(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "detail": self.detail, **self.members}
        if self.errors:
            error["errors"] = self.errors
        return {"ok": False, "error": error}

    def as_response(self) -> web.Response:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.members,
        }
        if self.errors:
            body["errors"] = self.errors
        response = web.Response(
            body=encode(body),
            status=self.status,
            headers={**HEADERS.get(self.status, {}), **self.headers},
            content_type="application/problem+json",
        )
        if self.status in CLOSES:
            response.force_close()
        return response


def refusal(error: Exception) -> Refusal | None:
    """What the caller is told of an error; None if it is a fault of ours."""
    if isinstance(error, errors.DeskError):
        pointers = [{"pointer": error.pointer, "detail": error.detail}] if error.pointer else []
        if isinstance(error, AnsweredMeanwhile):
            seen = [timeline_event(event, error.audience) for event in error.events]
            error.members["events"] = seen
        status, more = _status(error), (error.headers, error.members)
        return Refusal(status, error.code, error.detail, pointers, *more)
    if isinstance(error, ValidationError):
        return _invalid(error)
    if isinstance(error, web.HTTPException):
        return _http(error)
    if isinstance(error, web.RequestPayloadError):
        # Cut off.
        return Refusal(400, "invalid_body", "The body cannot be read")
    return None


def _status(error: errors.DeskError) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def internal() -> Refusal:
    return Refusal(500, "internal", "Something went wrong on our side; it was logged")


def _invalid(error: ValidationError) -> Refusal:
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    listed = [
        {"pointer": _pointer(one["loc"]), "detail": one["msg"]} for one in mistakes[:MOST_ERRORS]
    ]
    first = listed[0]
    return Refusal(422, "invalid", f"{first['pointer']}: {first['detail']}", listed)


def _pointer(location: Sequence[str | int]) -> str:
    """An RFC 6901 pointer. Names come from the client: bounded, and without lone surrogates."""
    names = (str(name).replace("~", "~0").replace("/", "~1") for name in location)
    pointer = "".join(f"/{name}" for name in names)[:LONGEST_POINTER]
    return pointer.encode("utf-8", "replace").decode()


def _http(error: web.HTTPException) -> Refusal:
    code, detail = HTTP.get(error.status) or (_snake(error.reason), error.reason)
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Refusal(error.status, code, detail, headers=allow)


def _snake(reason: str) -> str:
    return reason.lower().replace(" ", "_").replace("-", "_")
