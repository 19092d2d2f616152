"""Opening a browser's session with more than a password, or with a passkey instead of one."""

from aiohttp import web

from desk.accounts import accounts
from desk.accounts.accounts import StoredPassword
from desk.factors import passkeys
from desk.factors.challenges import SecondFactor
from desk.text import Input
from server.clock import now
from server.http.clients import sign_in_of
from server.http.guard import limit
from server.http.input import body, no_body
from server.http.output import reply
from server.http.passkeys import LONGEST_CREDENTIAL, UsedCredential, as_sent, party_of
from server.identity.password_login import require_password_login
from server.limits import shared
from server.routes.second_factor import second_step
from server.services import SERVICES
from server.web.session import PATH, refuse_other_pages, replaced, signed_in


class UsedPasskey(Input):
    """What the browser has made of the options: `credential` is its `toJSON()`."""

    credential: UsedCredential


def add_session_factors(app: web.Application) -> None:
    app.router.add_post(f"{PATH}/second_factor", sign_in_second_step)
    app.router.add_post(f"{PATH}/passkey/options", passkey_options)
    app.router.add_post(f"{PATH}/passkey", sign_in_by_passkey)


async def sign_in_second_step(request: web.Request) -> web.Response:
    refuse_other_pages(request)
    issued, stored = await second_step(request, await body(request, SecondFactor))
    response = await signed_in(request, issued)
    request.app[SERVICES].devices.remember(request, response, stored, now())
    return await replaced(request, response)


async def passkey_options(request: web.Request) -> web.Response:
    """What `navigator.credentials.get` takes, as JSON (`parseRequestOptionsFromJSON`)."""
    refuse_other_pages(request)
    await no_body(request)
    services = request.app[SERVICES]
    await limit(request, shared.LOGIN, services.limits.address(request))
    party = await party_of(request)
    challenge = await services.desk.run(passkeys.challenge, None, now())
    return reply(party.sign_in_options(challenge))


async def sign_in_by_passkey(request: web.Request) -> web.Response:
    """Whatever is wrong, the answer is the same: it tells nothing of accounts and passkeys."""
    refuse_other_pages(request)
    services = request.app[SERVICES]
    await limit(request, shared.LOGIN, services.limits.address(request))
    sent = await body(request, UsedPasskey, LONGEST_CREDENTIAL)
    party, credential = await party_of(request), as_sent(sent.credential)
    challenge = party.challenge_of(credential)
    if not await services.desk.run(passkeys.spend, challenge, None, now()):
        raise passkeys.invalid_passkey()
    known = await services.desk.read(passkeys.known, party.credential_id_of(credential))
    if known is None:
        raise passkeys.invalid_passkey()
    count = party.use_count(challenge, credential, known)
    require_password_login(services.settings, is_staff=known.is_staff)
    stored_hash = await services.desk.read(accounts.stored_hash, known.user_id)
    account = StoredPassword(known.user_id, stored_hash or "")
    how = sign_in_of(request, is_new=services.devices.known(request, account, now()) is None)
    issued = await services.desk.run(passkeys.sign_in, known, count, how, now())
    response = await signed_in(request, issued)
    services.devices.remember(request, response, account, now())
    return await replaced(request, response)
