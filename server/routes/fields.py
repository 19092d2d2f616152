"""Custom fields: for everybody those that they may see, for admins their definitions."""

from uuid import UUID

from aiohttp import web

from desk.tickets import fields
from desk.tickets.fields import FieldChange, FieldView, NewField
from server.clock import now
from server.http.audited import audited, fields_of
from server.http.contract import KEYED, NOTHING, PREFIX, At, Right, done, made, ok
from server.http.guard import ACTOR
from server.http.idempotency import once
from server.http.input import LONGEST_BODY, Query, body, no_body, path_id, query
from server.http.output import reply
from server.services import SERVICES


async def list_fields(request: web.Request) -> web.Response:
    """All of them, removed ones too, so that what tickets have of them can be read."""
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(fields.fields, request[ACTOR]))


async def list_all(request: web.Request) -> web.Response:
    """In the order in which they were made, removed ones too."""
    return await list_fields(request)


async def add(request: web.Request) -> web.Response:
    new = await body(request, NewField, LONGEST_BODY)

    def write(field: FieldView) -> web.Response:
        return reply(field, 201, {"Location": f"{PREFIX}/admin/fields/{field.id}"})

    add = audited(request, fields.add, "field_added", "field", data={"key": new.key})
    return await once(request, new, write, add, new, now())


async def change(request: web.Request) -> web.Response:
    """Choices that are left out are archived: a ticket that has one keeps it, no other gets it."""
    changed = await body(request, FieldChange, LONGEST_BODY)
    field_id, said = _field_id(request), fields_of(changed)
    change = audited(request, fields.change, "field_changed", "field", field_id, said)
    return reply(await request.app[SERVICES].desk.run(change, field_id, changed, now()))


async def remove(request: web.Request) -> web.Response:
    """Tickets keep the values that they have, and take no more. One that was never used is deleted,
    and its key is free.
    """
    await no_body(request)
    field_id = _field_id(request)
    remove = audited(request, fields.remove, "field_removed", "field", field_id)
    await request.app[SERVICES].desk.run(remove, field_id, now())
    return web.Response(status=204)


def _field_id(request: web.Request) -> UUID:
    return path_id(request, "field_id", "Field")


ROUTES = (
    At("GET", "/fields", list_fields, Right.PERSON).says(
        "List the custom fields that you may see", NOTHING, ok(list[FieldView]), refuses=()
    ),
    At("GET", "/admin/fields", list_all, Right.ADMIN).says(
        "List the custom fields", NOTHING, ok(list[FieldView]), refuses=()
    ),
    At("POST", "/admin/fields", add, Right.ADMIN).says(
        "Add a custom field to tickets",
        NewField,
        made(FieldView, names="field_id"),
        refuses=("409 key_taken", "409 too_many_fields", *KEYED),
    ),
    At("PATCH", "/admin/fields/{field_id}", change, Right.ADMIN).says(
        "Change a custom field; bring a removed one back",
        FieldChange,
        ok(FieldView),
        refuses=("409 field_in_use", "409 too_many_fields"),
    ),
    At("DELETE", "/admin/fields/{field_id}", remove, Right.ADMIN).says(
        "Remove a custom field", NOTHING, done(), refuses=()
    ),
)
