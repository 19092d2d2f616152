"""Signing up, in, on and out."""

from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from desk import accounts, sessions
from desk.errors import Malformed, Unauthenticated
from desk.text import Input
from server import keys
from server.routing import Query, Right, Route, body, now, query, reply
from server.tokens import Claims


class RefreshToken(Input):
    refresh_token: Annotated[str, StringConstraints(max_length=8192)]


async def signup(request: web.Request) -> web.Response:
    new = await body(request, accounts.Signup)
    password_hash = await request.app[keys.passwords].hashed(new.password)
    profile = await request.app[keys.desk].run(
        accounts.create, new.email, new.full_name, password_hash
    )
    return reply(profile, status=201)


async def login(request: web.Request) -> web.Response:
    given = await body(request, accounts.Login)
    desk, tokens = request.app[keys.desk], request.app[keys.tokens]
    found = await desk.read(accounts.credentials, given.email)
    matches = await request.app[keys.passwords].matches(
        given.password, found.password_hash if found else None
    )
    if found is None or not matches:
        raise Unauthenticated("invalid_credentials", "Invalid credentials")
    issued = await desk.run(sessions.open_session, found.user_id, tokens.refresh_lifetime, now())
    return reply(tokens.pair(issued, now()))


async def refresh(request: web.Request) -> web.Response:
    tokens = request.app[keys.tokens]
    claims = await _claims(request)
    issued = await request.app[keys.desk].run(
        sessions.refresh, claims.session_id, claims.generation, tokens.refresh_lifetime, now()
    )
    if issued is None:
        request.app[keys.identity].forget(claims.session_id)
        raise Unauthenticated("refresh_token_revoked", "Refresh token has been revoked")
    return reply(tokens.pair(issued, now()))


async def logout(request: web.Request) -> web.Response:
    try:
        claims = await _claims(request)
    except Unauthenticated as error:
        raise Malformed("invalid_refresh_token", error.detail) from error
    ended = await request.app[keys.desk].run(sessions.log_out, claims.session_id, now())
    request.app[keys.identity].forget(claims.session_id)
    return reply({"msg": "Successfully logged out" if ended else "Token already revoked"})


async def _claims(request: web.Request) -> Claims:
    given = await body(request, RefreshToken)
    return request.app[keys.tokens].read(given.refresh_token, "refresh")


async def me(request: web.Request) -> web.Response:
    query(request, Query)
    actor = request[keys.actor]
    return reply(await request.app[keys.desk].read(accounts.profile, actor.id))


ROUTES = (
    Route("POST", "/auth/signup", signup, Right.ANYONE),
    Route("POST", "/auth/login", login, Right.ANYONE),
    Route("POST", "/auth/refresh", refresh, Right.ANYONE),
    Route("POST", "/auth/logout", logout, Right.ANYONE),
    Route("GET", "/auth/me", me, Right.PERSON),
)
