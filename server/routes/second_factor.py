"""The second step of a log-in, and one's own second factor: on, new recovery codes, off."""

from dataclasses import dataclass
from io import BytesIO

from aiohttp import web

from desk.accounts.accounts import StoredPassword
from desk.accounts.passwords import GivenPassword
from desk.accounts.sessions import Issued
from desk.errors import Unauthenticated
from desk.factors import challenges, totp
from desk.factors.challenges import SecondFactor
from desk.factors.totp import Code, Confirmation, NewSecret, RecoveryCodes
from desk.text import Input
from server.clock import now
from server.http.clients import sign_in_of
from server.http.contract import COOKIE, At, Right, done, ok
from server.http.guard import ACTOR, limit
from server.http.input import body
from server.http.output import reply
from server.identity.tokens import Pair
from server.limits import shared
from server.routes.passwords import require_password
from server.services import SERVICES


class CurrentPassword(Input):
    current_password: GivenPassword


class SwitchOff(Input):
    current_password: GivenPassword
    code: Code


@dataclass(frozen=True, slots=True)
class ShownSecret:
    """``svg``: ``uri`` as a QR code."""

    secret: str
    uri: str
    svg: str


async def log_in(request: web.Request) -> web.Response:
    """The code is one of the app, or a recovery code; each is good once. A challenge has five tries
    and five minutes.
    """
    issued, stored = await second_step(request, await body(request, SecondFactor))
    response = reply(request.app[SERVICES].tokens.pair(issued, now()))
    request.app[SERVICES].devices.remember(request, response, stored, now())
    return response


async def second_step(request: web.Request, sent: SecondFactor) -> tuple[Issued, StoredPassword]:
    """The session of whoever has both factors. Raises `Unauthenticated` and `RateLimited`."""
    services = request.app[SERVICES]
    await limit(request, shared.LOGIN, services.limits.address(request))
    answered = await services.desk.run(
        challenges.answer,
        sent,
        services.settings.secrets,
        sign_in_of(request),
        now(),
    )
    if isinstance(answered, Unauthenticated):
        raise answered
    return answered


async def start(request: web.Request) -> web.Response:
    """Nothing changes until a code is confirmed. Asked for again, there is another secret."""
    sent = await body(request, CurrentPassword)
    secret = await started(request, sent.current_password)
    return reply(ShownSecret(secret.secret, secret.uri, qr_code(secret.uri)))


async def started(request: web.Request, password: str) -> NewSecret:
    services, actor = request.app[SERVICES], request[ACTOR]
    stored = await require_password(request, password)
    settings = services.settings
    terms = (actor, stored, settings.secrets, settings.desk_name, now())
    return await services.desk.run(totp.start, *terms)


def qr_code(text: str) -> str:
    """As SVG without a style or class, which our pages' policy would refuse; on white."""
    import segno

    out = BytesIO()
    code = segno.make(text, error="m")
    code.save(out, kind="svg", scale=4, light="#fff", xmldecl=False, svgclass=None, lineclass=None)
    return out.getvalue().decode().strip()


async def confirm(request: web.Request) -> web.Response:
    """In force from now on; your other sessions are over. Shows the recovery codes, once."""
    return reply(await confirmed(request, await body(request, Confirmation)))


async def confirmed(request: web.Request, sent: Confirmation) -> RecoveryCodes:
    services, actor = request.app[SERVICES], request[ACTOR]
    codes = await services.desk.run(totp.confirm, actor, sent, services.settings.secrets, now())
    forget(request)
    return codes


async def renew_codes(request: web.Request) -> web.Response:
    """For who has the app: a recovery code does not count. Those before are void."""
    return reply(await renewed_codes(request, await body(request, Confirmation)))


async def renewed_codes(request: web.Request, sent: Confirmation) -> RecoveryCodes:
    services, actor = request.app[SERVICES], request[ACTOR]
    codes = await services.desk.run(totp.renew_codes, actor, sent, services.settings.secrets, now())
    if not isinstance(codes, RecoveryCodes):
        raise codes
    return codes


async def switch_off(request: web.Request) -> web.Response:
    """The code is one of the app, or a recovery code."""
    await switched_off(request, await body(request, SwitchOff))
    return web.Response(status=204)


async def switched_off(request: web.Request, sent: SwitchOff) -> None:
    services, actor = request.app[SERVICES], request[ACTOR]
    stored = await require_password(request, sent.current_password)
    refused = await services.desk.run(
        totp.switch_off,
        actor,
        stored,
        Confirmation(code=sent.code),
        services.settings.secrets,
        now(),
    )
    if refused is not None:
        raise refused
    forget(request)


def forget(request: web.Request) -> None:
    """What one may do follows from what one signs in with."""
    if session_id := request[ACTOR].session_id:
        request.app[SERVICES].authenticator.forget(session_id)


ROUTES = (
    At("POST", "/auth/login/second_factor", log_in, Right.ANYONE).says(
        "Log in: the second step",
        SecondFactor,
        ok(Pair, COOKIE),
        refuses=("401 challenge_over", "401 invalid_code", "429 rate_limited"),
    ),
    At("POST", "/auth/totp", start, Right.SETUP).says(
        "Begin to set up a second factor",
        CurrentPassword,
        ok(ShownSecret),
        refuses=(
            "403 invalid_credentials",
            "409 totp_enabled",
            "429 rate_limited",
            "503 busy",
        ),
    ),
    At("POST", "/auth/totp/confirm", confirm, Right.SETUP).says(
        "Put the second factor in force",
        Confirmation,
        ok(RecoveryCodes),
        refuses=("409 totp_enabled", "422 invalid_code"),
    ),
    At("POST", "/auth/totp/recovery_codes", renew_codes, Right.PERSON).says(
        "Make new recovery codes",
        Confirmation,
        ok(RecoveryCodes),
        refuses=("422 invalid_code", "429 rate_limited"),
    ),
    At("DELETE", "/auth/totp", switch_off, Right.SETUP).says(
        "Switch the second factor off",
        SwitchOff,
        done(),
        refuses=("403 invalid_credentials", "422 invalid_code", "429 rate_limited", "503 busy"),
    ),
)
