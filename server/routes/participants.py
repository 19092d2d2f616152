"""Customers on copy of a ticket: it is their own as it is its customer's."""

from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from desk.accounts import customers
from desk.errors import Invalid
from desk.text import Email
from desk.tickets import participants
from desk.tickets.people import Person
from models import Scope
from server.http.contract import NOTHING, At, Gives, Right, done, ok
from server.http.guard import ACTOR
from server.http.input import Query, no_body, path_id, query
from server.http.output import reply
from server.services import SERVICES

ADDRESS: TypeAdapter[str] = TypeAdapter(Email)


async def list_participants(request: web.Request) -> web.Response:
    """But for its customer, whom the ticket names."""
    query(request, Query)
    actor, ticket_id = request[ACTOR], path_id(request)
    return reply(await request.app[SERVICES].desk.read(participants.participants, actor, ticket_id))


async def put_participant(request: web.Request) -> web.Response:
    """By an id; or by an address, which makes the customer if nobody has it."""
    await no_body(request)
    desk, actor, ticket_id = request.app[SERVICES].desk, request[ACTOR], path_id(request)
    if "@" in (named := request.match_info["participant"]):
        address = _address(named)
        return reply(await desk.run(customers.put_on_copy, actor, ticket_id, address, None))
    return reply(await desk.run(participants.put, actor, ticket_id, _user_id(request), None))


async def remove_participant(request: web.Request) -> web.Response:
    """Their sockets leave the ticket's room, and what was to be mailed to them is not."""
    await no_body(request)
    desk, actor, ticket_id = request.app[SERVICES].desk, request[ACTOR], path_id(request)
    if "@" in (named := request.match_info["participant"]):
        await desk.run(customers.take_off_copy, actor, ticket_id, _address(named), None)
    else:
        await desk.run(participants.take_off, actor, ticket_id, _user_id(request), None)
    return web.Response(status=204)


def _address(named: str) -> str:
    try:
        return ADDRESS.validate_python(named)
    except ValidationError:
        raise Invalid("invalid", "Not an address", pointer="/participant") from None


def _user_id(request: web.Request) -> UUID:
    return path_id(request, "participant", "Participant")


LISTED = Gives(200, list[Person], (), names="participant")
ROUTES = (
    At(
        "GET",
        "/tickets/{ticket_id}/participants",
        list_participants,
        Right.VIEWER,
        Scope.TICKETS_READ,
    ).says("List who is on copy of a ticket", NOTHING, LISTED, refuses=()),
    At(
        "PUT",
        "/csr/tickets/{ticket_id}/participants/{participant}",
        put_participant,
        Right.STAFF,
        Scope.TICKETS_WRITE,
    ).says(
        "Put a customer on copy, by their id or address",
        NOTHING,
        ok(Person),
        refuses=(
            "308 merged",
            "409 too_many_copies",
            "409 too_many_participants",
            "422 not_a_customer",
        ),
    ),
    At(
        "DELETE",
        "/csr/tickets/{ticket_id}/participants/{participant}",
        remove_participant,
        Right.STAFF,
        Scope.TICKETS_WRITE,
    ).says("Take a customer off", NOTHING, done(), refuses=("308 merged",)),
)
