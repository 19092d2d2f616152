"""The people whom the caller may meet, by their names."""

from typing import Annotated

from aiohttp import web
from pydantic import BeforeValidator, Field

from desk.text import Id
from desk.tickets import people
from desk.tickets.people import Person
from models import Scope
from server.http.contract import NOTHING, At, Right, ok
from server.http.guard import ACTOR
from server.http.input import Query, path_id, query
from server.http.output import reply
from server.services import SERVICES

MOST_IDS = 100


def _split(sent: object) -> object:
    """Of what was sent as often as there are ids, or with commas between them."""
    if not isinstance(sent, list):
        return sent
    return [part for text in sent[: MOST_IDS + 1] for part in str(text).split(",", MOST_IDS)]


class PeopleQuery(Query):
    repeatable = frozenset({"ids"})

    ids: Annotated[list[Id], BeforeValidator(_split)] = Field(
        max_length=MOST_IDS, description="`ids=…&ids=…`, or with commas between them"
    )


async def list_people(request: web.Request) -> web.Response:
    """Whom the caller may not meet, or nobody is, is left out."""
    asked = query(request, PeopleQuery)
    return reply(await request.app[SERVICES].desk.read(people.met, request[ACTOR], asked.ids))


async def list_people_of_ticket(request: web.Request) -> web.Response:
    """Whoever opened it, has it or had it, or did something that the caller is shown."""
    query(request, Query)
    return reply(
        await request.app[SERVICES].desk.read(people.in_timeline, request[ACTOR], path_id(request))
    )


ROUTES = (
    At("GET", "/people", list_people, Right.PERSON, Scope.PEOPLE_READ).says(
        "Name people by their ids", PeopleQuery, ok(list[Person]), refuses=()
    ),
    At(
        "GET", "/tickets/{ticket_id}/people", list_people_of_ticket, Right.VIEWER, Scope.PEOPLE_READ
    ).says("List the people of a ticket's timeline", NOTHING, ok(list[Person]), refuses=()),
)
