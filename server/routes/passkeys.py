"""One's own passkeys: which there are, a new one, and one less."""

from typing import Any

from aiohttp import web
from pydantic import MISSING

from desk.accounts.passwords import GivenPassword
from desk.errors import Forbidden
from desk.factors import passkeys
from desk.factors.passkeys import PasskeyName, PasskeyView
from desk.text import Input
from server.clock import now
from server.http.contract import LOCATION, NOTHING, PREFIX, At, Gives, Right, done, made, ok
from server.http.guard import ACTOR, limit
from server.http.input import Query, body, optional_body, path_id, query
from server.http.output import reply
from server.http.passkeys import LONGEST_CREDENTIAL, NewCredential, as_sent, party_of
from server.limits import shared
from server.routes.passwords import require_password
from server.routes.second_factor import forget
from server.services import SERVICES


class Reauthentication(Input):
    """The password, of who signed in more than ten minutes ago."""

    current_password: GivenPassword | MISSING = MISSING


class MadePasskey(Input):
    name: PasskeyName
    credential: NewCredential


async def options(request: web.Request) -> web.Response:
    """What `navigator.credentials.create` takes, as JSON (`parseCreationOptionsFromJSON`)."""
    actor, desk = request[ACTOR], request.app[SERVICES].desk
    await limit(request, shared.PASSKEY, str(actor.id))
    owner = await desk.read(passkeys.owner, actor)
    await require_presence(request, await optional_body(request, Reauthentication))
    party = await party_of(request)
    challenge = await desk.run(passkeys.challenge, actor.session_id, now())
    return reply(party.new_passkey_options(challenge, owner))


async def add(request: web.Request) -> web.Response:
    """What the browser has made of the options: `credential` is its `toJSON()`."""
    sent = await body(request, MadePasskey, LONGEST_CREDENTIAL)
    actor, desk = request[ACTOR], request.app[SERVICES].desk
    await limit(request, shared.PASSKEY, str(actor.id))
    party, credential = await party_of(request), as_sent(sent.credential)
    challenge = party.challenge_of(credential)
    # Without a session it would be a challenge for a sign-in.
    session_id = actor.session_id
    if session_id is None or not await desk.run(passkeys.spend, challenge, session_id, now()):
        raise passkeys.invalid_passkey()
    new = party.made(challenge, credential, sent.name)
    added = await desk.run(passkeys.add, actor, new, now())
    forget(request)
    return reply(added, 201, {LOCATION: f"{PREFIX}/auth/passkeys/{added.id}"})


async def list_passkeys(request: web.Request) -> web.Response:
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(passkeys.listed, request[ACTOR]))


async def remove(request: web.Request) -> web.Response:
    actor, passkey_id = request[ACTOR], path_id(request, "passkey_id", "Passkey")
    await require_presence(request, await optional_body(request, Reauthentication))
    await request.app[SERVICES].desk.run(passkeys.remove, actor, passkey_id, now())
    forget(request)
    return web.Response(status=204)


async def require_presence(request: web.Request, sent: Reauthentication) -> None:
    """Raises `Forbidden` unless it is the person who asks, and not only their session."""
    if sent.current_password is not MISSING:
        await require_password(request, sent.current_password)
        return
    desk = request.app[SERVICES].desk
    if not await desk.read(passkeys.is_fresh, request[ACTOR], now()):
        raise Forbidden("password_required", "Send your current_password, too, or sign in again")


ROUTES = (
    At("POST", "/auth/passkeys/options", options, Right.SETUP).says(
        "Begin to add a passkey",
        Reauthentication,
        ok(dict[str, Any]),
        refuses=(
            "403 invalid_credentials",
            "403 password_required",
            "403 visitor",
            "409 no_host_name",
            "429 rate_limited",
            "503 busy",
        ),
    ),
    At("POST", "/auth/passkeys", add, Right.SETUP).says(
        "Add a passkey",
        MadePasskey,
        made(PasskeyView, names="passkey_id"),
        refuses=(
            "401 invalid_passkey",
            "409 no_host_name",
            "409 passkey_known",
            "409 too_many_passkeys",
            "429 rate_limited",
        ),
    ),
    At("GET", "/auth/passkeys", list_passkeys, Right.SETUP).says(
        "List your passkeys",
        NOTHING,
        Gives(200, list[PasskeyView], (), names="passkey_id"),
        refuses=(),
    ),
    At("DELETE", "/auth/passkeys/{passkey_id}", remove, Right.PERSON).says(
        "Remove a passkey",
        Reauthentication,
        done(),
        refuses=(
            "403 invalid_credentials",
            "403 password_required",
            "429 rate_limited",
            "503 busy",
        ),
    ),
)
