"""Accounts, for admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import Field, TypeAdapter

from desk import admins
from desk.text import Email
from models import Role
from server import audit, keys
from server.routing import (
    PREFIX,
    Paged,
    Query,
    Right,
    Route,
    body,
    decode_cursor,
    encode_cursor,
    now,
    page,
    path_id,
    query,
    reply,
)

POSITION = TypeAdapter(tuple[datetime, UUID])


class UserQuery(Paged):
    role: Role | None = None
    is_active: bool | None = None
    email: Annotated[Email | None, Field()] = None


async def list_users(request: web.Request) -> web.Response:
    given = query(request, UserQuery)
    found = await request.app[keys.desk].read(
        admins.accounts,
        role=given.role,
        is_active=given.is_active,
        email=given.email,
        limit=given.limit + 1,
        before=decode_cursor(given.cursor, POSITION),
    )
    shown = found[: given.limit]
    last = shown[-1] if len(found) > given.limit else None
    cursor = {"cursor": encode_cursor(last.created_at, last.id)} if last else None
    return page(request, shown, cursor)


async def add_user(request: web.Request) -> web.Response:
    new = await body(request, admins.NewUser)
    password_hash = await request.app[keys.passwords].hashed(new.password)
    account = await request.app[keys.desk].run(admins.add, new, password_hash)
    audit.note("user_added", by=request[keys.actor].id, user_id=account.id, role=account.role)
    return reply(account, 201, {"Location": f"{PREFIX}/admin/users/{account.id}"})


async def show_user(request: web.Request) -> web.Response:
    query(request, Query)
    return reply(await request.app[keys.desk].read(admins.show, _user_id(request)))


async def change_user(request: web.Request) -> web.Response:
    wanted = await body(request, admins.UserChange)
    account = await request.app[keys.desk].run(
        admins.change, request[keys.actor], _user_id(request), wanted, now()
    )
    audit.note(
        "user_changed",
        by=request[keys.actor].id,
        user_id=account.id,
        role=account.role,
        is_active=account.is_active,
    )
    return reply(account)


def _user_id(request: web.Request) -> UUID:
    return path_id(request, "user_id", "User")


ROUTES = (
    Route("GET", "/admin/users", list_users, Right.ADMIN),
    Route("POST", "/admin/users", add_user, Right.ADMIN),
    Route("GET", "/admin/users/{user_id}", show_user, Right.ADMIN),
    Route("PATCH", "/admin/users/{user_id}", change_user, Right.ADMIN),
)
