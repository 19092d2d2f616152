"""Signing up, in, on and out."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import StringConstraints

from desk.accounts import accounts, addresses, sessions, sign_ups
from desk.accounts.full_names import require_own
from desk.errors import Malformed, Unauthenticated
from desk.factors import challenges
from desk.factors.challenges import Challenged
from desk.text import Input
from models import Role, Scope
from server.clock import now
from server.http.clients import sign_in_of
from server.http.contract import COOKIE, NOTHING, At, Gives, Right, done, ok
from server.http.guard import ACTOR, limit
from server.http.input import Query, body, no_body, query
from server.http.output import reply
from server.identity.guesses import Guesses
from server.identity.password_login import require_password_login
from server.identity.tokens import Pair
from server.limits import shared
from server.services import SERVICES


class RefreshToken(Input):
    refresh_token: Annotated[str, StringConstraints(max_length=2048)]


@dataclass(frozen=True, slots=True)
class SignedUp:
    id: UUID
    email: str
    full_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class LoggedOut:
    msg: Literal["Successfully logged out", "Token already revoked"]


async def signup(request: web.Request) -> web.Response:
    """A link that confirms the address is mailed to it; the account can be used before.

    With `SIGNUP=verified` the answer is 202 for everybody, and the account is there once the link
    was used; with `closed` nobody makes one.
    """
    await limit(request, shared.SIGNUP, request.app[SERVICES].limits.address(request))
    new = await body(request, accounts.Signup)
    if (profile := await sign_up(request, new)) is None:
        return web.Response(status=202)
    account = SignedUp(profile.id, new.email, profile.full_name, profile.role)
    return reply(account, status=201)


async def sign_up(request: web.Request, new: accounts.Signup) -> accounts.Profile | None:
    """None where the account is there once the link was used that is mailed to it."""
    services = request.app[SERVICES]
    if services.settings.signup == "closed":
        raise sign_ups.closed()
    address = services.limits.address(request)
    await limit(request, shared.SIGNUP_ADDRESS, new.email)
    if services.settings.signup == "verified":
        await limit(request, shared.MAILED, new.email)
    desk_name = services.settings.desk_name
    require_own(new.full_name, desk_name)  # Before it costs a hash.
    password_hash = await services.new_passwords.hashed(
        new.password, address, email=new.email, full_name=new.full_name, pointer="/password"
    )
    secret = services.settings.jwt_secret_key
    if services.settings.signup == "verified":
        await services.desk.run(sign_ups.ask, new, password_hash, secret, now())
        return None
    return await services.desk.run(addresses.sign_up, new, password_hash, secret, now())


async def login(request: web.Request) -> web.Response:
    """A browser gets a cookie that keeps others' wrong guesses from locking it out. It proves
    nothing else, and nothing has to send it.
    """
    await limit(request, shared.LOGIN, request.app[SERVICES].limits.address(request))
    issued, stored = await log_in(request, await body(request, accounts.Login))
    response = reply(request.app[SERVICES].tokens.pair(issued, now()))
    request.app[SERVICES].devices.remember(request, response, stored, now())
    return response


async def log_in(
    request: web.Request, sent: accounts.Login
) -> tuple[sessions.Issued, accounts.StoredPassword]:
    """The session of whoever knows the password. Raises `RateLimited` where too many did not know
    it, `Unauthenticated`, also where a second factor is asked for (`challenges.log_in`), and
    `Forbidden` where a password lets nobody in.
    """
    address = request.app[SERVICES].limits.address(request)
    desk = request.app[SERVICES].desk
    devices = request.app[SERVICES].devices
    stored = await desk.read(accounts.credentials, sent.email)
    device = devices.known(request, stored, now())
    guesses = await Guesses.of(request.app[SERVICES].limits, sent.email, address, device)
    await guesses.require()
    matches = await request.app[SERVICES].passwords.matches(
        sent.password, stored.password_hash if stored else None, address
    )
    if stored is None or not matches:
        user_id = stored.user_id if stored else None
        failures = request.app[SERVICES].failures
        await failures.record("login_failed", sent.email, address, user_id, signed_in_by="password")
        await guesses.count()
        raise Unauthenticated("invalid_credentials", "Invalid credentials")
    # Of guesses that were under way together, none gets in once too many have failed.
    await guesses.require()
    require_password_login(request.app[SERVICES].settings, is_staff=stored.is_staff)
    how = sign_in_of(request, is_new=device is None)
    opened = await desk.run(challenges.log_in, stored, how, now())
    if isinstance(opened, Challenged):
        raise challenges.required(opened)
    return opened, stored


async def refresh(request: web.Request) -> web.Response:
    await limit(request, shared.TOKENS, request.app[SERVICES].limits.address(request))
    sent = await body(request, RefreshToken)
    issued = await refreshed(request, sent.refresh_token)
    return reply(request.app[SERVICES].tokens.pair(issued, now()))


async def refreshed(request: web.Request, refresh_token: str) -> sessions.Issued:
    """The session's next generation; `Unauthenticated` if it is over."""
    tokens = request.app[SERVICES].tokens
    claims = tokens.read(refresh_token, "refresh")
    issued = await request.app[SERVICES].desk.run(
        sessions.refresh,
        claims.session_id,
        claims.generation,
        tokens.refresh_lifetime,
        now(),
        user_id=claims.user_id,
        longest=tokens.session_lifetime,
    )
    if issued is None:
        request.app[SERVICES].authenticator.forget(claims.session_id)
        raise Unauthenticated("refresh_token_revoked", "Refresh token has been revoked")
    return issued


async def logout(request: web.Request) -> web.Response:
    await limit(request, shared.TOKENS, request.app[SERVICES].limits.address(request))
    sent = await body(request, RefreshToken)
    try:
        ended = await end_session(request, sent.refresh_token)
    except Unauthenticated as error:
        raise Malformed("invalid_refresh_token", error.detail) from error
    return reply(LoggedOut("Successfully logged out" if ended else "Token already revoked"))


async def end_session(request: web.Request, refresh_token: str) -> bool:
    """False if it was over already. Raises `Unauthenticated` for what is no refresh token."""
    claims = request.app[SERVICES].tokens.read(refresh_token, "refresh")
    ended = await request.app[SERVICES].desk.run(sessions.log_out, claims.session_id, now())
    request.app[SERVICES].authenticator.forget(claims.session_id)
    return ended


async def logout_all(request: web.Request) -> web.Response:
    await no_body(request)
    user_id = request[ACTOR].id
    await request.app[SERVICES].desk.run(sessions.end_all, user_id, "logged_out", now())
    return web.Response(status=204)


async def me(request: web.Request) -> web.Response:
    query(request, Query)
    actor = request[ACTOR]
    return reply(await request.app[SERVICES].desk.read(accounts.profile, actor.id))


async def change_me(request: web.Request) -> web.Response:
    await limit(request, shared.PROFILE, str(request[ACTOR].id))
    changed = await body(request, accounts.ProfileChange)
    desk, desk_name = request.app[SERVICES].desk, request.app[SERVICES].settings.desk_name
    return reply(await desk.run(accounts.change_profile, request[ACTOR], changed, desk_name))


ROUTES = (
    At("POST", "/auth/signup", signup, Right.ANYONE).says(
        "Make an account for yourself, as a customer",
        accounts.Signup,
        Gives(201, SignedUp, ()),
        Gives(202, None, (), "A link was mailed, if the address has no account"),
        refuses=(
            "403 signup_closed",
            "409 email_taken",
            "422 name_reserved",
            "422 password_guessable",
            "422 password_breached",
            "429 rate_limited",
            "503 busy",
        ),
    ),
    At("POST", "/auth/login", login, Right.ANYONE).says(
        "Log in",
        accounts.Login,
        ok(Pair, COOKIE),
        refuses=(
            "401 invalid_credentials",
            "401 passkey_required",
            "401 second_factor_required",
            "403 password_login_off",
            "429 rate_limited",
            "503 busy",
        ),
    ),
    At("POST", "/auth/refresh", refresh, Right.ANYONE).says(
        "Exchange a refresh token for a new pair",
        RefreshToken,
        ok(Pair),
        refuses=("401 invalid_refresh_token", "401 refresh_token_revoked", "429 rate_limited"),
    ),
    At("POST", "/auth/logout", logout, Right.ANYONE).says(
        "End the session of a refresh token",
        RefreshToken,
        ok(LoggedOut),
        refuses=("400 invalid_refresh_token", "429 rate_limited"),
    ),
    At("POST", "/auth/logout_all", logout_all, Right.PERSON).says(
        "End all of your sessions", NOTHING, done(), refuses=()
    ),
    At("GET", "/auth/me", me, Right.PERSON, Scope.PEOPLE_READ).says(
        "Show your profile", NOTHING, ok(accounts.Profile), refuses=()
    ),
    At("PATCH", "/auth/me", change_me, Right.PERSON).says(
        "Change your profile",
        accounts.ProfileChange,
        ok(accounts.Profile),
        refuses=("422 name_reserved", "429 rate_limited"),
    ),
)
