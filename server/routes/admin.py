"""Accounts, for admins."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import Field, TypeAdapter

from desk.accounts import administration
from desk.text import Email, Words
from models import Role, Scope, UserKind
from server.clock import now
from server.http.audited import audited, fields_of
from server.http.contract import KEYED, NOTHING, PREFIX, TOTAL, At, Right, listed, made, ok
from server.http.guard import ACTOR
from server.http.idempotency import once
from server.http.input import Paged, Query, body, decode_cursor, path_id, query
from server.http.output import counted, page_of, reply
from server.routes.passwords import REFUSED
from server.services import SERVICES

POSITION = TypeAdapter(tuple[datetime, UUID])


class UserQuery(Paged):
    role: Role | None = None
    is_active: bool | None = None
    email: Annotated[Email | None, Field()] = None
    q: Words | None = Field(None, description="How the name, a word of it or the address begins")
    kind: UserKind = Field(UserKind.PERSON, description="Those of programs act by keys")
    is_visitor: bool = Field(False, description="Those without a log-in, in the others' place")


async def list_users(request: web.Request) -> web.Response:
    params = query(request, UserQuery)
    names = {"role", "is_active", "email", "q", "kind", "is_visitor"}
    filters: dict[str, Any] = params.model_dump(include=names)
    accounts = await request.app[SERVICES].desk.read(
        administration.accounts,
        **filters,
        limit=params.limit + 1,
        before=decode_cursor(params.cursor, POSITION),
    )
    total = await counted(request, params, administration.count, **filters)
    return page_of(
        request, accounts, params.limit, lambda account: (account.created_at, account.id), total
    )


async def add_user(request: web.Request) -> web.Response:
    new = await body(request, administration.NewUser)
    password_hash = await request.app[SERVICES].new_passwords.hashed(
        new.password,
        str(request[ACTOR].id),
        email=new.email,
        full_name=new.full_name,
        pointer="/password",
    )

    def write(account: administration.Account) -> web.Response:
        return reply(account, 201, {"Location": f"{PREFIX}/admin/users/{account.id}"})

    capacity = request.app[SERVICES].settings.default_capacity
    add = audited(request, administration.add, "user_added", "user", data={"role": new.role})
    return await once(request, new, write, add, new, password_hash, capacity)


async def show_user(request: web.Request) -> web.Response:
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(administration.show, _user_id(request)))


async def change_user(request: web.Request) -> web.Response:
    changed = await body(request, administration.UserChange)
    user_id = _user_id(request)
    said = {**fields_of(changed), **changed.model_dump(include={"role", "is_active"})}
    account = await request.app[SERVICES].desk.run(
        audited(request, administration.change, "user_changed", "user", user_id, said),
        request[ACTOR],
        user_id,
        changed,
        now(),
        request.app[SERVICES].settings.default_capacity,
    )
    return reply(account)


def _user_id(request: web.Request) -> UUID:
    return path_id(request, "user_id", "User")


ROUTES = (
    At("GET", "/admin/users", list_users, Right.ADMIN, Scope.ADMIN).says(
        "List accounts, the newest first",
        UserQuery,
        listed(administration.Account, TOTAL, names="user_id"),
        refuses=(),
    ),
    At("POST", "/admin/users", add_user, Right.ADMIN, Scope.ADMIN).says(
        "Make an account of any role",
        administration.NewUser,
        made(administration.Account, names="user_id"),
        refuses=("409 email_taken", *REFUSED, *KEYED),
    ),
    At("GET", "/admin/users/{user_id}", show_user, Right.ADMIN, Scope.ADMIN).says(
        "Show an account", NOTHING, ok(administration.Account), refuses=()
    ),
    At("PATCH", "/admin/users/{user_id}", change_user, Right.ADMIN, Scope.ADMIN).says(
        "Change an account",
        administration.UserChange,
        ok(administration.Account),
        refuses=("409 erased", "409 last_admin", "409 program", "409 visitor"),
    ),
)
