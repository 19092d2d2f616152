"""What tickets are labelled with: for the staff what there is, for a new one what is offered."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from desk.tickets import labels
from models import Scope
from server.http.contract import NOTHING, At, Right, ok
from server.http.input import Query, query
from server.http.output import reply
from server.services import SERVICES


@dataclass(frozen=True, slots=True)
class FormOut:
    """What a new ticket may be about, as this desk offers it. Other words are taken, too."""

    categories: Sequence[str]
    types: Sequence[str]


async def list_labels(request: web.Request) -> web.Response:
    """Each list has at most 200 names, the most frequent first. `count` is of active tickets."""
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(labels.labels))


async def show_form(request: web.Request) -> web.Response:
    """As the settings say, and not what other people have written."""
    query(request, Query)
    settings = request.app[SERVICES].settings
    return reply(FormOut(settings.categories_offered, settings.types_offered))


ROUTES = (
    At("GET", "/csr/labels", list_labels, Right.STAFF, Scope.TICKETS_READ).says(
        "List the categories, types and tags of tickets", NOTHING, ok(labels.Labels), refuses=()
    ),
    At("GET", "/form", show_form, Right.PERSON, Scope.TICKETS_READ).says(
        "Show what a new ticket may be about", NOTHING, ok(FormOut), refuses=()
    ),
)
