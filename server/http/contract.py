"""What a route promises: declared in the table beside its handler, read by the generators.

    At("POST", "/users/tickets", open_ticket, Right.PERSON).says(
        "Open a ticket", NewTicket, made(TicketView, ETAG, names="ticket_id"), refuses=KEYED
    )

`At` alone is no `Route`: what does not say what it takes, gives and refuses cannot be registered.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from models import Scope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PREFIX = "/api/v1"

ETAG = "ETag"
LOCATION = "Location"
LINK = "Link"
TOTAL = "X-Total-Count"
ACCEPT_RANGES = "Accept-Ranges"
CONTENT_RANGE = "Content-Range"
DISPOSITION = "Content-Disposition"
COOKIE = "Set-Cookie"

# The media type of files.
ANY = "*/*"

PARAMETER = re.compile(r"\{(\w+)\}")

# What a route refuses that heeds Idempotency-Key (`server.http.idempotency.once`).
KEYED = ("409 in_progress", "422 idempotency_key_reused")

# Takes neither a query nor a body.
NOTHING = None


class FileBody(BaseModel):
    """Takes a file: as the body, or as the first part of a form."""


class Right(Enum):
    """Who may use a route or event, and on which tickets. The tests of access are made from it."""

    ANYONE = "anyone"
    PERSON = "whoever is signed in"
    # Also of the staff who may do nothing else before.
    SETUP = "whoever is signed in, to set up a second factor"
    # The door only asks for a session; whose ticket it is, is a predicate in the queries.
    OWNER = "the customer of the ticket"
    VIEWER = "whoever may see the ticket"
    STAFF = "CSRs and admins"
    ADMIN = "admins"


@dataclass(frozen=True, slots=True)
class Gives:
    """One answer: its status, the shape of its body (None: empty) and the headers it brings.

    ``names``: the parameter of other paths that the body's ``id`` (in a list, the first one's) is.
    The generator links the answer to them.
    """

    status: int
    shape: Any
    headers: tuple[str, ...]
    description: str = ""
    names: str = ""
    # Of a body that is no JSON.
    media: str = "application/json"


def ok(shape: Any, *headers: str, description: str = "") -> Gives:
    return Gives(200, shape, headers, description)


def made(shape: Any, *headers: str, names: str) -> Gives:
    """Something new, and the address where it is from now on."""
    return Gives(201, shape, (LOCATION, *headers), names=names)


def listed(shape: Any, *headers: str, names: str = "") -> Gives:
    """A page of a list, with the way to the next one."""
    return Gives(200, list[shape], (LINK, *headers), names=names)


def done() -> Gives:
    return Gives(204, None, ())


def not_modified() -> Gives:
    """For routes that heed If-None-Match."""
    return Gives(304, None, (ETAG,))


def file(*headers: str) -> Gives:
    """A file, of whatever kind it is."""
    return Gives(200, bytes, (DISPOSITION, ACCEPT_RANGES, *headers), media=ANY)


def file_part(*headers: str) -> Gives:
    """The range of a file that was asked for."""
    return Gives(206, bytes, (DISPOSITION, CONTENT_RANGE, *headers), media=ANY)


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table. ``takes``: a query model, a body model or `NOTHING`; ``refuses``: the
    codes of its own, as "409 ticket_closed". What follows from its right and its input (401, 403,
    404 and 422 of every route like it) is added by the generator.
    """

    method: str
    path: str
    handler: Handler
    right: Right
    # What a program's key takes for it; None: no key is enough.
    scope: Scope | None
    summary: str
    takes: type[BaseModel] | None
    gives: tuple[Gives, ...]
    refuses: tuple[str, ...]

    @property
    def gives_files(self) -> bool:
        """Whether its answers last as long as their readers take."""
        return any(gives.shape is bytes for gives in self.gives)

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return PARAMETER.findall(self.path)

    @property
    def tag(self) -> str:
        """The noun: the module of the handler."""
        return self.handler.__module__.rpartition(".")[2]

    @property
    def operation_id(self) -> str:
        return f"{self.tag}_{getattr(self.handler, '__name__', '')}"


@dataclass(frozen=True, slots=True)
class At:
    """Where a handler is and who may use it; `says` makes it a route. Without a scope it is for
    people alone.
    """

    method: str
    path: str
    handler: Handler
    right: Right
    scope: Scope | None = None

    def says(
        self,
        summary: str,
        takes: type[BaseModel] | None,
        *gives: Gives,
        refuses: tuple[str, ...],
    ) -> Route:
        return Route(
            self.method,
            self.path,
            self.handler,
            self.right,
            self.scope,
            summary,
            takes,
            gives,
            refuses,
        )
