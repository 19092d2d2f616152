"""The account page: what one can do about one's own account, in forms that need no script."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from desk.accounts import accounts, own_sessions, sessions
from desk.accounts.email_changes import EmailChange
from desk.erasure import requests
from desk.errors import DeskError
from desk.text import Id, Input
from server.clock import now
from server.http.guard import ACTOR, limit, limit_opening
from server.http.input import validated
from server.limits import shared
from server.routes.addresses import ask_change
from server.routes.passwords import set_password
from server.services import SERVICES
from server.web.forms import fields, form_page, form_shell, see_other
from server.web.reader import Refused, for_readers
from server.web.session import clear_cookie

ACCOUNT = form_shell("account.html")
PATH = "/account"


class WhichSession(Input):
    session_id: Id


# After these nobody is there who could be told, or another page says it.
LEAVING = {"everywhere", "erasure"}

# Does what a form asks for; None: the page says that it is done.
Act = Callable[[web.Request, Mapping[str, str]], Awaitable[web.Response | None]]


def add_account_page(app: web.Application) -> None:
    app.router.add_get(PATH, for_readers(show_account))
    app.router.add_post(PATH, for_readers(change_account))


async def show_account(request: web.Request) -> web.Response:
    return await _account_page(request)


async def change_account(request: web.Request) -> web.Response:
    """One of the page's forms, which says which one it is."""
    sent = await fields(request)
    what = sent.get("do", "")
    if what not in ACTS:
        what = "profile"
    try:
        response = await ACTS[what](request, sent)
    except Refused as error:
        return await _account_page(request, error)
    return response or see_other(f"{PATH}?done={what}")


async def _account_page(
    request: web.Request, error: DeskError | ValidationError | None = None
) -> web.Response:
    actor = request[ACTOR]
    done = request.query.get("done", "")
    desk = request.app[SERVICES].desk
    values: dict[str, Any] = {
        "user": actor,
        "profile": await desk.read(accounts.profile, actor.id),
        "sessions": await desk.read(own_sessions.show_all, actor, now()),
        "done": done if done in ACTS.keys() - LEAVING else "",
    }
    return form_page(request, ACCOUNT, values, error)


async def _change_profile(request: web.Request, sent: Mapping[str, str]) -> None:
    await limit(request, shared.PROFILE, str(request[ACTOR].id))
    changed = {"full_name": sent.get("full_name", ""), "notify_email": "notify_email" in sent}
    profile = validated(accounts.ProfileChange, changed)
    desk, desk_name = request.app[SERVICES].desk, request.app[SERVICES].settings.desk_name
    await desk.run(accounts.change_profile, request[ACTOR], profile, desk_name)


async def _change_password(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    given = {name: sent.get(name, "") for name in accounts.PasswordChange.model_fields}
    stored = await set_password(request, validated(accounts.PasswordChange, given))
    response = see_other(f"{PATH}?done=password")
    request.app[SERVICES].devices.remember(request, response, stored, now())
    return response


async def _change_email(request: web.Request, sent: Mapping[str, str]) -> None:
    given = {name: sent.get(name, "") for name in EmailChange.model_fields}
    await ask_change(request, validated(EmailChange, given))


async def _end_session(request: web.Request, sent: Mapping[str, str]) -> web.Response | None:
    """Whoever ends the one that they are in is at the sign-in then."""
    session_id = validated(WhichSession, {"session_id": sent.get("session_id", "")}).session_id
    services, actor = request.app[SERVICES], request[ACTOR]
    await services.desk.run(own_sessions.end, actor, session_id, now())
    services.authenticator.forget(session_id)
    return _left(request) if session_id == actor.session_id else None


async def _end_everywhere(request: web.Request, _: Mapping[str, str]) -> web.Response:
    user_id = request[ACTOR].id
    await request.app[SERVICES].desk.run(sessions.end_all, user_id, "logged_out", now())
    return _left(request)


def _left(request: web.Request) -> web.Response:
    response = see_other("/login")
    clear_cookie(request, response)
    return response


async def _ask_for_erasure(request: web.Request, _: Mapping[str, str]) -> web.Response:
    await limit_opening(request)
    ticket = await request.app[SERVICES].desk.run(requests.ask, request[ACTOR])
    return see_other(f"/tickets/{ticket.number}")


# By what a form's button says (`do`). What is done is told by the word `account.done.<do>`.
ACTS: Mapping[str, Act] = {
    "profile": _change_profile,
    "email": _change_email,
    "password": _change_password,
    "session": _end_session,
    "everywhere": _end_everywhere,
    "erasure": _ask_for_erasure,
}
