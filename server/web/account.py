"""The account page: what one can do about one's own account, in forms that need no script."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from desk.accounts import accounts, sessions
from desk.errors import DeskError
from server.clock import now
from server.http.guard import ACTOR, limit
from server.http.input import validated
from server.limits import shared
from server.routes.auth import set_password
from server.services import SERVICES
from server.web.forms import fields, form_page, form_shell, see_other
from server.web.reader import Refused, for_readers
from server.web.session import clear_cookie

ACCOUNT = form_shell("account.html")
PATH = "/account"

# After these nobody is there who could be told.
LEAVING = {"everywhere"}

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
    values: dict[str, Any] = {
        "user": actor,
        "profile": await request.app[SERVICES].desk.read(accounts.profile, actor.id),
        "done": done if done in ACTS.keys() - LEAVING else "",
    }
    return form_page(request, ACCOUNT, values, error)


async def _change_profile(request: web.Request, sent: Mapping[str, str]) -> None:
    await limit(request, shared.PROFILE, str(request[ACTOR].id))
    changed = {"full_name": sent.get("full_name", ""), "notify_email": "notify_email" in sent}
    profile = validated(accounts.ProfileChange, changed)
    desk, desk_name = request.app[SERVICES].desk, request.app[SERVICES].settings.desk_name
    await desk.run(accounts.change_profile, request[ACTOR], profile, desk_name)


async def _change_password(request: web.Request, sent: Mapping[str, str]) -> None:
    given = {name: sent.get(name, "") for name in accounts.PasswordChange.model_fields}
    await set_password(request, validated(accounts.PasswordChange, given))


async def _end_everywhere(request: web.Request, _: Mapping[str, str]) -> web.Response:
    user_id = request[ACTOR].id
    await request.app[SERVICES].desk.run(sessions.end_all, user_id, "logged_out", now())
    response = see_other("/login")
    clear_cookie(request, response)
    return response


# By what a form's button says (`do`). What is done is told by the word `account.done.<do>`.
ACTS: Mapping[str, Act] = {
    "profile": _change_profile,
    "password": _change_password,
    "everywhere": _end_everywhere,
}
