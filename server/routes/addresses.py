"""Confirming that an address is one's own, by a link that was mailed to it, and another address."""

from aiohttp import web

from desk.accounts import addresses, email_changes
from desk.accounts.email_changes import EmailChange, LinkToken
from server.clock import now
from server.http.contract import NOTHING, At, Gives, Right, done
from server.http.guard import ACTOR, limit, limit_each
from server.http.input import body, no_body
from server.limits import shared
from server.limits.shared import Spent
from server.routes.passwords import require_password
from server.services import SERVICES


async def verify(request: web.Request) -> web.Response:
    """A token is good once, for three days, and until a newer one is mailed. That of a link to a
    new address makes the change; that of a sign-up, with `SIGNUP=verified`, the account.
    """
    await limit(request, shared.VERIFY, request.app[SERVICES].limits.address(request))
    sent = await body(request, addresses.Verification)
    await request.app[SERVICES].desk.run(addresses.verify, sent, now())
    return web.Response(status=204)


async def send(request: web.Request) -> web.Response:
    """Nothing is mailed where the address is confirmed, or where `notify_email` is off, nor to a
    visitor, who was mailed a link with their first message.
    """
    await no_body(request)
    actor = request[ACTOR]
    await limit(request, shared.CONFIRM, str(actor.id))
    secret = request.app[SERVICES].settings.jwt_secret_key
    await request.app[SERVICES].desk.run(addresses.send, actor, secret, now())
    return web.Response(status=204)


async def change(request: web.Request) -> web.Response:
    """The link in the new address makes the change (`POST /auth/email/verify`), the one in the old
    address takes it back for seven days. The answer is the same where the new one has an account.
    """
    await ask_change(request, await body(request, EmailChange))
    return web.Response(status=202)


async def ask_change(request: web.Request, sent: EmailChange) -> None:
    services = request.app[SERVICES]
    stored = await require_password(request, sent.current_password)
    of_account = Spent(shared.CHANGE_EMAIL, (str(request[ACTOR].id),))
    await limit_each(request, of_account, Spent(shared.MAILED, (sent.new_email,)))
    secret = services.settings.jwt_secret_key
    await services.desk.run(
        email_changes.ask, request[ACTOR], sent.new_email, stored, secret, now()
    )


async def undo(request: web.Request) -> web.Response:
    """Ends all sessions of the account and mails a link for a new password to the address."""
    await undo_change(request, await body(request, LinkToken))
    return web.Response(status=204)


async def undo_change(request: web.Request, sent: LinkToken) -> None:
    services = request.app[SERVICES]
    await limit(request, shared.VERIFY, services.limits.address(request))
    secret = services.settings.jwt_secret_key
    await services.desk.run(email_changes.undo, sent.token, secret, now())


ROUTES = (
    At("POST", "/auth/email", change, Right.PERSON).says(
        "Use another address",
        EmailChange,
        Gives(202, None, (), "A link was mailed to the new address"),
        refuses=("403 invalid_credentials", "422 email_unchanged", "429 rate_limited"),
    ),
    At("POST", "/auth/email/undo", undo, Right.ANYONE).says(
        "Take a change of an address back with the token of a mailed link",
        LinkToken,
        done(),
        refuses=("400 invalid_token", "409 email_taken", "429 rate_limited"),
    ),
    At("POST", "/auth/email/verify", verify, Right.ANYONE).says(
        "Confirm an address with the token of a mailed link",
        addresses.Verification,
        done(),
        refuses=("400 invalid_token", "409 email_taken", "429 rate_limited"),
    ),
    At("POST", "/auth/email/verify/send", send, Right.PERSON).says(
        "Have a new link mailed to your address", NOTHING, done(), refuses=("429 rate_limited",)
    ),
)
