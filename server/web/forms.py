"""What a form posts, and what its page says where that is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import ValidationError

from desk.errors import DeskError, Malformed
from server.http.guard import ACTOR
from server.http.input import MIDDLING_BODY
from server.http.middleware import note
from server.http.problems import refusal
from server.transport.bodies import whole_body
from server.web.custom_fields import blamed
from server.web.pages import Shell, page
from server.web.session import refuse_other_pages

KIND = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
SHEETS = ("css/base.css", "css/customer.css")
WORDS = ("common", "customer")


def form_shell(template: str) -> Shell:
    """A page whose forms work by themselves."""
    return Shell(template, "customer/forms.js", SHEETS, WORDS)


PROBLEM = form_shell("problem.html")


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says of a refusal: keys of words, the first that is known counts."""

    status: int
    keys: Sequence[Sequence[str]]


async def fields(
    request: web.Request, longest: int = MIDDLING_BODY, most: int = MOST_FIELDS
) -> dict[str, str]:
    """The fields of a form of ours. Lines end as they do elsewhere; of a name, the last counts."""
    refuse_other_pages(request)
    if request.content_type != KIND:
        raise web.HTTPUnsupportedMediaType
    raw = await whole_body(request, longest)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most
        )
    except ValueError:
        raise Malformed("invalid_body", "The form cannot be read") from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def said_of(request: web.Request, error: DeskError | ValidationError) -> Said:
    note(request, error)
    problem = refusal(error)
    assert problem is not None
    if isinstance(error, ValidationError):
        names = dict.fromkeys(str(one["loc"][0]) for one in error.errors() if one["loc"])
        return Said(422, [[f"error.field.{name}", "error.other"] for name in names])
    of_fields = ["error.fields"] if blamed(error) else []
    return Said(problem.status, [[f"error.{problem.code}", *of_fields, "error.other"]])


def form_page(
    request: web.Request,
    shell: Shell,
    values: dict[str, Any],
    error: DeskError | ValidationError | None = None,
    status: int = 200,
) -> web.Response:
    """The page with what was filled in, and what is wrong with it."""
    said = said_of(request, error) if error else Said(status, [])
    return page(request, shell, {"errors": said.keys, **values}, status=said.status)


def problem_page(request: web.Request, error: DeskError | ValidationError) -> web.Response:
    user = {"user": request[ACTOR]} if ACTOR in request else {}
    return form_page(request, PROBLEM, user, error)


def see_other(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
