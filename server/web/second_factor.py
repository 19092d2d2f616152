"""The page of one's second factor and passkeys. All but adding a passkey needs no script."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from aiohttp import web
from pydantic import ValidationError

from desk.errors import DeskError, Malformed
from desk.factors import factors, passkeys, totp
from desk.factors.totp import Confirmation
from server.clock import now
from server.http.guard import ACTOR
from server.http.input import validated
from server.routes import second_factor
from server.routes.passkeys import Reauthentication, require_presence
from server.routes.second_factor import CurrentPassword, SwitchOff, qr_code
from server.services import SERVICES
from server.web.forms import SHEETS, WORDS, fields, form_page, see_other
from server.web.pages import Shell
from server.web.reader import SETUP_PATH, Refused, for_readers

PAGE = Shell("second_factor.html", "customer/second_factor.js", SHEETS, WORDS)
SECRET = re.compile(r"[A-Z2-7]{32}")

# Does what a form asks for: what the page shows then, or None where it says that it is done.
Act = Callable[[web.Request, Mapping[str, str]], Awaitable[dict[str, Any] | None]]


def add_second_factor_page(app: web.Application) -> None:
    app.router.add_get(SETUP_PATH, for_readers(show, for_setup=True))
    app.router.add_post(SETUP_PATH, for_readers(change, for_setup=True))


async def show(request: web.Request) -> web.Response:
    return await _page(request, {})


async def change(request: web.Request) -> web.Response:
    """One of the page's forms, which says which one it is."""
    sent = await fields(request)
    what = sent.get("do", "")
    if what not in ACTS:
        raise Malformed("invalid_body", "The form cannot be read")
    try:
        shown = await ACTS[what](request, sent)
    except Refused as error:
        # A code that was mistyped is not the end of what was begun.
        begun = _shown_secret(request, sent) if what == "confirm" else {}
        return await _page(request, begun, error)
    return see_other(f"{SETUP_PATH}?done={what}") if shown is None else await _page(request, shown)


async def _page(
    request: web.Request,
    shown: dict[str, Any],
    error: DeskError | ValidationError | None = None,
) -> web.Response:
    actor, desk = request[ACTOR], request.app[SERVICES].desk
    done = request.query.get("done", "")
    values: dict[str, Any] = {
        "user": actor,
        "of": await desk.read(factors.of_account, actor, now()),
        "codes": None,
        "svg": None,
        "done": done if done in {"off", "remove", "passkey"} else "",
        **shown,
    }
    return form_page(request, PAGE, values, error)


async def _start(request: web.Request, sent: Mapping[str, str]) -> dict[str, Any]:
    given = validated(CurrentPassword, {"current_password": sent.get("current_password", "")})
    begun = await second_factor.started(request, given.current_password)
    return {"secret": begun.secret, "uri": begun.uri, "svg": qr_code(begun.uri)}


def _shown_secret(request: web.Request, sent: Mapping[str, str]) -> dict[str, Any]:
    """The secret that the form came with: nothing but its own page shows it again."""
    secret = sent.get("secret", "")
    if not SECRET.fullmatch(secret):
        return {}
    uri = totp.uri(secret, request[ACTOR].full_name, request.app[SERVICES].settings.desk_name)
    return {"secret": secret, "uri": uri, "svg": qr_code(uri)}


async def _confirm(request: web.Request, sent: Mapping[str, str]) -> dict[str, Any]:
    codes = await second_factor.confirmed(request, _code(sent))
    return {"codes": codes.recovery_codes}


async def _renew(request: web.Request, sent: Mapping[str, str]) -> dict[str, Any]:
    codes = await second_factor.renewed_codes(request, _code(sent))
    return {"codes": codes.recovery_codes}


def _code(sent: Mapping[str, str]) -> Confirmation:
    return validated(Confirmation, {"code": sent.get("code", "")})


async def _switch_off(request: web.Request, sent: Mapping[str, str]) -> None:
    given = {name: sent.get(name, "") for name in SwitchOff.model_fields}
    await second_factor.switched_off(request, validated(SwitchOff, given))


async def _remove(request: web.Request, sent: Mapping[str, str]) -> None:
    given = {name: sent[name] for name in Reauthentication.model_fields if sent.get(name)}
    await require_presence(request, validated(Reauthentication, given))
    try:
        passkey_id = UUID(sent.get("passkey_id", ""))
    except ValueError:
        raise passkeys.not_found() from None
    desk = request.app[SERVICES].desk
    await desk.run(passkeys.remove, request[ACTOR], passkey_id, now())
    second_factor.forget(request)


# By what a form's button says (`do`). What is done is told by the word `factor.done.<do>`.
ACTS: Mapping[str, Act] = {
    "start": _start,
    "confirm": _confirm,
    "renew": _renew,
    "off": _switch_off,
    "remove": _remove,
}
