"""Confirming that an address is one's own, by a link that was mailed to it."""

from aiohttp import web

from desk.accounts import addresses
from server.clock import now
from server.http.contract import NOTHING, At, Right, done
from server.http.guard import ACTOR, limit
from server.http.input import body, no_body
from server.limits import shared
from server.services import SERVICES


async def verify(request: web.Request) -> web.Response:
    """A token is good once, for three days, and until a newer one is mailed."""
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


ROUTES = (
    At("POST", "/auth/email/verify", verify, Right.ANYONE).says(
        "Confirm an address with the token of a mailed link",
        addresses.Verification,
        done(),
        refuses=("400 invalid_token", "429 rate_limited"),
    ),
    At("POST", "/auth/email/verify/send", send, Right.PERSON).says(
        "Have a new link mailed to your address", NOTHING, done(), refuses=("429 rate_limited",)
    ),
)
