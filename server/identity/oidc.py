"""The staff's identity provider, as OpenID Connect has it: what it is asked, and what is believed.

What it publishes of itself is kept for an hour. Whatever it answers is bounded in size and time,
no redirect is followed, and nothing but its signed token says who somebody is.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import aiohttp
import jwt
import orjson
import structlog

from config import Settings
from config_sign_on import is_private_to_others
from desk.accounts import single_sign_on
from desk.errors import Forbidden, Unauthenticated, Unavailable
from server.identity.sign_on_cookie import SignOn

log = structlog.get_logger("server.identity.oidc")

ALGORITHMS = ("RS256", "ES256", "EdDSA")
CLAIMS = ["iss", "sub", "aud", "exp", "iat"]
# Clocks of the provider and of ours may differ by this much.
LEEWAY_SECONDS = 60
KEPT_SECONDS = 3600.0
# A key that is not known is looked for again as often.
SECONDS_BETWEEN_LOOKS = 60.0
# After a failure the provider is left alone for this long, so that nobody waits for it in vain.
REST_SECONDS = 5.0
TIMEOUT = aiohttp.ClientTimeout(total=10)
LONGEST_ANSWER = 256 * 1024
LONGEST_CODE = 2048
LONGEST_SUBJECT = 255
# Of its errors, in the log.
LONGEST_SAID = 100


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the provider is asked for what. ``asks_secret_in_body``: rather than in a header."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    scopes: tuple[str, ...]
    asks_secret_in_body: bool


class IdentityProvider:
    """Asks it, and keeps what it says of itself. ``clock``: seconds that never go back."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._http: aiohttp.ClientSession | None = None
        self._lock = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._metadata_until = 0.0
        self._keys: list[jwt.PyJWK] = []
        self._keys_at = float("-inf")
        self._rests_until = float("-inf")

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    @property
    def redirect_uri(self) -> str:
        return f"{self._settings.base_url}/web/oidc/callback"

    async def address(self, started: SignOn) -> str:
        """Where a browser goes to sign in. Raises `Unavailable`."""
        metadata = await self._described()
        claim = self._settings.role_claim.claim
        # Some give a claim only to who asks for it by its name.
        more = (claim,) if claim in metadata.scopes else ()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(("openid", "email", "profile", *more)),
            "state": started.state,
            "nonce": started.nonce,
            "code_challenge": started.challenge,
            "code_challenge_method": "S256",
        }
        joined = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joined}{urlencode(asked)}"

    async def redeem(self, code: str, started: SignOn) -> dict[str, Any]:
        """The claims of the token that a code stands for.

        Raises `Unauthenticated` for a code that is not good (any more) and for a token that is not
        for us, `Unavailable` where the provider does not answer as one.
        """
        metadata = await self._described()
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": started.verifier,
        }
        client, secret = self._settings.oidc_client_id, self._settings.oidc_client_secret
        headers = {}
        if metadata.asks_secret_in_body:
            sent |= {"client_id": client, "client_secret": secret}
        else:  # Each as in a form (RFC 6749, 2.3.1).
            encoded = aiohttp.encode_basic_auth(quote_plus(client), quote_plus(secret))
            headers["Authorization"] = encoded
        status, answer = await self._ask(
            "POST", metadata.token_endpoint, data=sent, headers=headers
        )
        if status == 400 and answer.get("error") == "invalid_grant":
            raise single_sign_on.over()
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            said = str(answer.get("error"))[:LONGEST_SAID]
            log.warning("provider gives no token", status=status, error=said)
            raise unavailable()
        return await self._read(token, started)

    async def _read(self, token: str, started: SignOn) -> dict[str, Any]:
        client_id = self._settings.oidc_client_id
        try:
            header = jwt.get_unverified_header(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                await self._key(header.get("kid")),
                algorithms=ALGORITHMS,
                audience=client_id,
                issuer=self._settings.oidc_issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": CLAIMS},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            log.warning("token is not good", error=type(error).__name__)
            raise not_believed() from None
        subject, audience = claims["sub"], claims["aud"]
        is_for_us = claims.get("azp", client_id) == client_id and (
            isinstance(audience, str) or len(audience) == 1 or "azp" in claims
        )
        is_known = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT
        if not is_for_us or not is_known or not (subject.isascii() and subject.isprintable()):
            raise not_believed()
        if claims.get("nonce") != started.nonce:
            raise not_believed()
        return claims

    async def _key(self, key_id: object) -> jwt.PyJWK:
        """The key of a token. Raises `Unauthenticated` where the provider has none such."""
        if self._clock() >= self._keys_at + KEPT_SECONDS:
            await self._fetch_keys()
        if (key := self._known(key_id)) is not None:
            return key
        if self._clock() >= self._keys_at + SECONDS_BETWEEN_LOOKS:
            await self._fetch_keys()
        if (key := self._known(key_id)) is None:
            log.warning("token of an unknown key")
            raise not_believed()
        return key

    def _known(self, key_id: object) -> jwt.PyJWK | None:
        if key_id is None:  # It needs none where there is one key.
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == key_id), None)

    async def _fetch_keys(self) -> None:
        metadata = await self._described()
        status, answer = await self._ask("GET", metadata.jwks_uri)
        listed = answer.get("keys")
        if status != 200 or not isinstance(listed, list):
            raise unavailable()
        self._keys = [key for each in listed if (key := _key(each)) is not None]
        self._keys_at = self._clock()

    async def _described(self) -> Metadata:
        async with self._lock:
            if self._metadata is None or self._clock() >= self._metadata_until:
                self._metadata = await self._discover()
                self._metadata_until = self._clock() + KEPT_SECONDS
            return self._metadata

    async def _discover(self) -> Metadata:
        if self._clock() < self._rests_until:
            raise unavailable()
        issuer = self._settings.oidc_issuer
        try:
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            status, answer = await self._ask("GET", url)
            if status != 200 or answer.get("issuer") != issuer:
                log.warning("provider is none, or not that of OIDC_ISSUER", status=status)
                raise unavailable()
            return _metadata(answer)
        except Unavailable:
            self._rests_until = self._clock() + REST_SECONDS
            raise

    async def _ask(self, method: str, url: str, **sent: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer; an empty one where it is none."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=TIMEOUT,
                # A code is good once: it is not sent over a connection that may just be ending.
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            )
        try:
            async with self._http.request(method, url, allow_redirects=False, **sent) as response:
                body = b""
                async for part in response.content.iter_any():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        raise unavailable()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("provider does not answer", error=type(error).__name__)
            raise unavailable() from None
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            answer = None
        return response.status, answer if isinstance(answer, dict) else {}


def unavailable() -> Unavailable:
    return Unavailable("provider_unavailable", "The identity provider does not answer as one")


def not_believed() -> Unauthenticated:
    return Unauthenticated("invalid_id_token", "What the identity provider says is not for us")


def denied() -> Forbidden:
    return Forbidden("sign_in_denied", "The identity provider refused")


def _metadata(answer: dict[str, Any]) -> Metadata:
    methods = _words(answer.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]))
    return Metadata(
        _url(answer, "authorization_endpoint"),
        _url(answer, "token_endpoint"),
        _url(answer, "jwks_uri"),
        _words(answer.get("scopes_supported")),
        asks_secret_in_body="client_secret_basic" not in methods,
    )


def _url(answer: dict[str, Any], name: str) -> str:
    url = answer.get(name)
    if not isinstance(url, str) or not is_private_to_others(url):
        log.warning("provider names no such address with TLS", name=name)
        raise unavailable()
    return url


def _words(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _key(listed: object) -> jwt.PyJWK | None:
    """A key that signs as we take it; others may be among them."""
    if not isinstance(listed, dict) or listed.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(listed)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError):
        return None
    return key if key.algorithm_name in ALGORITHMS else None
