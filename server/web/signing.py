"""Signing in, up and out by forms, which need no script."""

import re
from collections.abc import Mapping

from aiohttp import web
from pydantic import ValidationError

from desk.accounts import accounts
from desk.accounts.sessions import Issued
from desk.errors import DeskError
from desk.factors.challenges import SecondFactor
from models import Role
from server.clock import now
from server.http.guard import limit
from server.http.input import validated
from server.limits import shared
from server.routes import auth
from server.routes.second_factor import second_step
from server.services import SERVICES
from server.web.forms import SHEETS, WORDS, fields, form_page, form_shell, see_other
from server.web.pages import Shell
from server.web.session import leave, replaced, set_cookie

# What was done before one signs in, as a page says.
DONE = ("reset", "undo")
LOGIN = Shell("login.html", "customer/login.js", SHEETS, WORDS)
SIGNUP = form_shell("signup.html")
SECOND_STEP = form_shell("second_step.html")
# Where one may be sent after signing in: a path of ours, which no browser takes for a host.
OURS = re.compile(r"/(tickets|desk|account|attachments)(/[A-Za-z0-9/_-]*)?")


def home(role: Role) -> str:
    return "/tickets" if role is Role.USER else "/desk"


def sign_in_page(
    request: web.Request,
    filled: Mapping[str, str],
    error: DeskError | ValidationError | None = None,
    status: int = 200,
) -> web.Response:
    done = request.query.get("done", "")
    values = {
        "email": filled.get("email", ""),
        "next": filled.get("next", ""),
        "signup": request.app[SERVICES].settings.signup,
        "done": done if done in DONE else "",
    }
    return form_page(request, LOGIN, values, error, status)


def sign_up_page(
    request: web.Request,
    filled: Mapping[str, str],
    error: DeskError | ValidationError | None = None,
    *,
    is_mailed: bool = False,
) -> web.Response:
    values = {
        **{name: filled.get(name, "") for name in ("full_name", "email")},
        "signup": request.app[SERVICES].settings.signup,
        "is_mailed": is_mailed,
    }
    return form_page(request, SIGNUP, values, error)


def second_step_page(
    request: web.Request,
    challenge: str,
    wanted: str,
    error: DeskError | ValidationError | None = None,
) -> web.Response:
    return form_page(request, SECOND_STEP, {"challenge": challenge, "next": wanted}, error)


async def sign_in(request: web.Request) -> web.Response:
    sent = await fields(request)
    try:
        await limit(request, shared.LOGIN, request.app[SERVICES].limits.address(request))
        login = {"email": sent.get("email", "").strip(), "password": sent.get("password", "")}
        given = validated(accounts.Login, login)
        issued, stored = await auth.log_in(request, given)
    except (DeskError, ValidationError) as error:
        if isinstance(error, DeskError) and error.code == "second_factor_required":
            challenge = str(error.members["challenge"])
            return second_step_page(request, challenge, sent.get("next", ""))
        return sign_in_page(request, sent, error)
    return await _signed_in(request, issued, stored, sent.get("next", ""))


async def sign_in_second_step(request: web.Request) -> web.Response:
    """A wrong code may be tried again; when the challenge is over, one begins anew."""
    sent = await fields(request)
    wanted = sent.get("next", "")
    try:
        given = {name: sent.get(name, "") for name in SecondFactor.model_fields}
        issued, stored = await second_step(request, validated(SecondFactor, given))
    except (DeskError, ValidationError) as error:
        if isinstance(error, DeskError) and error.code == "challenge_over":
            return sign_in_page(request, {"next": wanted}, error)
        return second_step_page(request, sent.get("challenge", ""), wanted, error)
    return await _signed_in(request, issued, stored, wanted)


async def sign_up(request: web.Request) -> web.Response:
    sent = await fields(request)
    try:
        await limit(request, shared.SIGNUP, request.app[SERVICES].limits.address(request))
        given = {name: sent.get(name, "") for name in ("full_name", "email", "password")}
        new = validated(accounts.Signup, given)
        if await auth.sign_up(request, new) is None:
            return sign_up_page(request, {}, is_mailed=True)
        login = accounts.Login(email=new.email, password=new.password)
        issued, stored = await auth.log_in(request, login)
    except (DeskError, ValidationError) as error:
        return sign_up_page(request, sent, error)
    return await _signed_in(request, issued, stored, "")


async def _signed_in(
    request: web.Request, issued: Issued, stored: accounts.StoredPassword, wanted: str
) -> web.Response:
    services = request.app[SERVICES]
    profile = await services.desk.read(accounts.profile, issued.user_id)
    path = wanted if OURS.fullmatch(wanted) else home(profile.role)
    response = see_other(path)
    services.devices.remember(request, response, stored, now())
    set_cookie(request, response, services.tokens.pair(issued, now()).refresh_token)
    return await replaced(request, response)


async def sign_out(request: web.Request) -> web.Response:
    await fields(request)
    return await leave(request, see_other("/login"))
