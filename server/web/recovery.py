"""The pages of mailed links: a new password, and an address that is taken back.

The token is in the fragment of the link: a script puts it into the form, and whoever has none types
it. To look at a page uses no token up.
"""

from collections.abc import Mapping

from aiohttp import web
from pydantic import ValidationError

from desk.accounts.email_changes import LinkToken
from desk.accounts.password_resets import Forgotten, Reset
from desk.errors import DeskError
from server.http.input import validated
from server.routes.addresses import undo_change
from server.routes.passwords import ask_reset, set_forgotten
from server.web.forms import SHEETS, WORDS, fields, form_page, see_other
from server.web.pages import Shell
from server.web.reader import Refused

SCRIPT = "customer/link.js"
FORGOT = Shell("forgot.html", "customer/forms.js", SHEETS, WORDS)
RESET, UNDO = (Shell(name, SCRIPT, SHEETS, WORDS) for name in ("reset.html", "undo.html"))


def add_recovery_pages(app: web.Application) -> None:
    for path, show, take in (
        ("/forgot", show_forgot, forgot),
        ("/reset", show_reset, reset),
        ("/undo", show_undo, undo),
    ):
        app.router.add_get(path, show)
        app.router.add_post(path, take)


async def show_forgot(request: web.Request) -> web.Response:
    return _forgot_page(request, "")


async def forgot(request: web.Request) -> web.Response:
    """Says the same whether or not there is such an account."""
    sent = await fields(request)
    email = sent.get("email", "").strip()
    try:
        await ask_reset(request, validated(Forgotten, {"email": email}))
    except Refused as error:
        return _forgot_page(request, email, error)
    return _forgot_page(request, email, is_done=True)


def _forgot_page(
    request: web.Request,
    email: str,
    error: DeskError | ValidationError | None = None,
    *,
    is_done: bool = False,
) -> web.Response:
    return form_page(request, FORGOT, {"email": email, "is_done": is_done}, error)


async def show_reset(request: web.Request) -> web.Response:
    return form_page(request, RESET, {"token": ""})


async def reset(request: web.Request) -> web.Response:
    """A password that is refused leaves the token good: it stays in the form."""
    sent = await fields(request)
    try:
        given = {name: sent.get(name, "") for name in Reset.model_fields}
        await set_forgotten(request, validated(Reset, given))
    except Refused as error:
        return form_page(request, RESET, {"token": sent.get("token", "")}, error)
    return see_other("/login?done=reset")


async def show_undo(request: web.Request) -> web.Response:
    return _undo_page(request, {})


async def undo(request: web.Request) -> web.Response:
    sent = await fields(request)
    try:
        await undo_change(request, validated(LinkToken, {"token": sent.get("token", "")}))
    except Refused as error:
        return _undo_page(request, sent, error)
    return see_other("/login?done=undo")


def _undo_page(
    request: web.Request,
    sent: Mapping[str, str],
    error: DeskError | ValidationError | None = None,
) -> web.Response:
    return form_page(request, UNDO, {"token": sent.get("token", "")}, error)
