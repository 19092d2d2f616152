"""Passwords: changed by whoever knows them, replaced by whoever reads the account's mails."""

from aiohttp import web

from desk.accounts import accounts, password_resets
from desk.accounts.accounts import StoredPassword
from desk.accounts.password_resets import Forgotten, Reset
from server.clock import now
from server.http.contract import At, Gives, Right, done
from server.http.guard import ACTOR, limit, limit_each
from server.http.input import body
from server.identity.guesses import forgive
from server.identity.password_login import require_password_login
from server.limits import shared
from server.limits.shared import Spent
from server.services import SERVICES

MAILED = Gives(202, None, (), "Mailed, if there is anybody to mail it to")
# What every new password may be refused for.
REFUSED = ("422 password_guessable", "422 password_breached", "503 busy")


async def forgot(request: web.Request) -> web.Response:
    """The answer is the same whether or not the address has an account. The link is good for 30
    minutes, once, and until a newer one is mailed.
    """
    await ask_reset(request, await body(request, Forgotten))
    return web.Response(status=202)


async def ask_reset(request: web.Request, sent: Forgotten) -> None:
    address = request.app[SERVICES].limits.address(request)
    of_address = Spent(shared.FORGOT_ADDRESS, (address,))
    await limit_each(request, of_address, Spent(shared.MAILED, (sent.email,)))
    secret = request.app[SERVICES].settings.jwt_secret_key
    await request.app[SERVICES].desk.run(
        password_resets.ask,
        sent.email,
        secret,
        now(),
        staff_have_passwords=request.app[SERVICES].settings.staff_have_passwords,
    )


async def reset(request: web.Request) -> web.Response:
    """Ends every session of the account. A password that is refused leaves the token good."""
    await set_forgotten(request, await body(request, Reset))
    return web.Response(status=204)


async def set_forgotten(request: web.Request, sent: Reset) -> None:
    services = request.app[SERVICES]
    address = services.limits.address(request)
    await limit(request, shared.VERIFY, address)
    owner = await services.desk.read(password_resets.owner, sent.token, now())
    require_password_login(services.settings, is_staff=owner.is_staff)
    new_hash = await services.new_passwords.hashed(
        sent.new_password,
        address,
        email=owner.email,
        full_name=owner.full_name,
        pointer="/new_password",
    )
    await services.desk.run(password_resets.reset, sent.token, new_hash, now())
    await forgive(services.limits, owner.email, address)


async def change(request: web.Request) -> web.Response:
    await set_password(request, await body(request, accounts.PasswordChange))
    return web.Response(status=204)


async def set_password(request: web.Request, sent: accounts.PasswordChange) -> StoredPassword:
    actor = request[ACTOR]
    services = request.app[SERVICES]
    require_password_login(services.settings, is_staff=actor.is_staff)
    stored = await require_password(request, sent.current_password)
    profile = await services.desk.read(accounts.profile, actor.id)
    new_hash = await services.new_passwords.hashed(
        sent.new_password,
        str(actor.id),
        email=profile.email or "",
        full_name=profile.full_name,
        pointer="/new_password",
    )
    await services.desk.run(accounts.change_password, actor, stored, new_hash, now())
    return StoredPassword(actor.id, new_hash)


async def require_password(request: web.Request, given: str) -> str:
    """The hash of the password of whoever is signed in, which they gave again.

    Raises `Forbidden` where it is another, or they have none, and `RateLimited` where it was too
    often: who holds a session may not guess on either.
    """
    actor = request[ACTOR]
    services = request.app[SERVICES]
    await limit(request, shared.PASSWORD, str(actor.id))
    await services.limits.require(shared.WRONG_PASSWORD_HERE, str(actor.id), "change")
    stored = await services.desk.read(accounts.stored_hash, actor.id)
    matches = await services.passwords.matches(given, stored, str(actor.id))
    if stored is None or not matches:
        await services.limits.hit(shared.WRONG_PASSWORD_HERE, str(actor.id), "change")
        raise accounts.wrong_password()
    await services.limits.require(shared.WRONG_PASSWORD_HERE, str(actor.id), "change")
    return stored


ROUTES = (
    At("POST", "/auth/password", change, Right.PERSON).says(
        "Change your password and end your other sessions",
        accounts.PasswordChange,
        done(),
        refuses=(
            "403 invalid_credentials",
            "403 password_login_off",
            "429 rate_limited",
            *REFUSED,
        ),
    ),
    At("POST", "/auth/password/forgot", forgot, Right.ANYONE).says(
        "Have a link for a new password mailed",
        Forgotten,
        MAILED,
        refuses=("429 rate_limited",),
    ),
    At("POST", "/auth/password/reset", reset, Right.ANYONE).says(
        "Set a new password with the token of a mailed link",
        Reset,
        done(),
        refuses=("400 invalid_token", "403 password_login_off", "429 rate_limited", *REFUSED),
    ),
)
