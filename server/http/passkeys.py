"""Passkeys over HTTP: what browsers send of them, and for which host they sign."""

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from desk.errors import Conflict
from server.services import SERVICES

if TYPE_CHECKING:
    from server.identity.passkey_checks import RelyingParty

NO_NAME = "Passkeys need a host name: open the desk by it, not by an address (localhost does)"
LONGEST_KEY = 16_000
# Of a body with one.
LONGEST_CREDENTIAL = 3 * LONGEST_KEY

Base64url = Annotated[str, StringConstraints(max_length=LONGEST_KEY, pattern=r"^[A-Za-z0-9_-]*$")]


class FromBrowser(BaseModel):
    """What `PublicKeyCredential.toJSON()` makes: newer browsers add members, which are not read."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Attestation(FromBrowser):
    client_data: Annotated[Base64url, Field(alias="clientDataJSON")]
    attestation_object: Annotated[Base64url, Field(alias="attestationObject")]
    transports: Annotated[
        list[Annotated[str, StringConstraints(max_length=32)]], Field(max_length=10)
    ] = []


class Assertion(FromBrowser):
    client_data: Annotated[Base64url, Field(alias="clientDataJSON")]
    authenticator_data: Annotated[Base64url, Field(alias="authenticatorData")]
    signature: Base64url
    user_handle: Annotated[Base64url, Field(alias="userHandle")]


class NewCredential(FromBrowser):
    id: Base64url
    raw_id: Annotated[Base64url, Field(alias="rawId")]
    type: Literal["public-key"]
    response: Attestation


class UsedCredential(FromBrowser):
    id: Base64url
    raw_id: Annotated[Base64url, Field(alias="rawId")]
    type: Literal["public-key"]
    response: Assertion


def as_sent(credential: NewCredential | UsedCredential) -> dict[str, Any]:
    return credential.model_dump(by_alias=True)


async def party_of(request: web.Request) -> "RelyingParty":
    """Whom the request's passkey is for. Raises `Conflict` (``no_host_name``)."""
    settings = request.app[SERVICES].settings
    try:
        url = urlsplit(settings.public_url or _own_origin(request))
        host = url.hostname or ""
    except ValueError:
        host = ""
    if not host or _is_address(host):
        raise Conflict("no_host_name", NO_NAME)
    party = await asyncio.to_thread(_party)
    return party(host, f"{url.scheme}://{url.netloc}", settings.desk_name or host)


def _party() -> "type[RelyingParty]":
    from server.identity.passkey_checks import RelyingParty

    return RelyingParty


def _own_origin(request: web.Request) -> str:
    """Of the page that asks, which is one of ours; what is no browser is told its host's."""
    if request.app[SERVICES].origins.is_own(request):
        return request.headers["Origin"]
    return f"http://{request.host}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
