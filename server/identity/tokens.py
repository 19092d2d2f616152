"""Tokens: short access tokens, and refresh tokens that name their session's generation."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import jwt
from pydantic import with_config

from config import Settings
from desk.accounts.sessions import Issued
from desk.errors import Unauthenticated

ISSUER = AUDIENCE = "ticket-desk"
CLAIMS = ["sub", "sid", "jti", "iss", "aud", "iat", "nbf", "exp", "typ"]
# Clocks of two web hosts may differ by this much.
LEEWAY = timedelta(seconds=2)
LONGEST = 4096

Kind = Literal["access", "refresh"]


@with_config(title="Tokens")
@dataclass(frozen=True, slots=True)
class Pair:
    """What a login or refresh answers. ``expires_in``: seconds that the access token has left."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says."""

    user_id: UUID
    session_id: UUID
    generation: int
    expires_at: datetime


def _key_id(key: str) -> str:
    """Tells the keys apart without telling anything of them."""
    return hashlib.sha256(b"key id of " + key.encode()).hexdigest()[:8]


def _header(token: str) -> str:
    return token.partition(".")[0]


def _named(token: str) -> str:
    """The id of the key that it says it was made with."""
    return str(jwt.get_unverified_header(token).get("kid", ""))


class Tokens:
    """Makes and reads the tokens, with the keys of the settings."""

    def __init__(self, settings: Settings) -> None:
        current = settings.jwt_secret_key
        previous = settings.jwt_previous_secret_key
        self._algorithm = settings.algorithm
        # By their ids; and by the header of the tokens that they make, which is the same in each.
        # Tokens are made with the current one alone.
        keys = [key for key in (previous, current) if key]
        self._keys = {_key_id(key): key for key in keys}
        self._by_header = {_header(self._signed({}, key)): key for key in keys}
        self._key = current
        self.access_lifetime = timedelta(minutes=settings.access_token_expire_minutes)
        self.session_lifetime = timedelta(days=settings.session_max_days)
        self.refresh_lifetime = min(
            timedelta(days=settings.refresh_token_expire_days), self.session_lifetime
        )

    def pair(self, issued: Issued, now: datetime) -> Pair:
        """The pair of a generation, the same whenever it is asked for."""
        expires_at = issued.at + self.access_lifetime
        return Pair(
            access_token=self._encode("access", issued, expires_at),
            refresh_token=self._encode("refresh", issued, issued.at + self.refresh_lifetime),
            expires_in=max(0, int((expires_at - now).total_seconds())),
        )

    def _encode(self, kind: Kind, issued: Issued, expires_at: datetime) -> str:
        claims = {
            "typ": kind,
            "sub": str(issued.user_id),
            "sid": str(issued.session_id),
            "gen": issued.generation,
            "jti": f"{issued.session_id}.{issued.generation}.{kind}",
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": issued.at,
            "nbf": issued.at,
            "exp": expires_at,
        }
        return self._signed(claims, self._key)

    def _signed(self, claims: dict[str, Any], key: str) -> str:
        headers = {"kid": _key_id(key)}
        return jwt.encode(claims, key, algorithm=self._algorithm, headers=headers)

    def read(self, token: str, kind: Kind) -> Claims:
        """The claims of a good token of the kind.

        Raises `Unauthenticated` for any other: expired, forged, of another algorithm or kind,
        or no token at all.
        """
        code = "invalid_refresh_token" if kind == "refresh" else "invalid_token"
        refused = Unauthenticated(code, "The token is not valid")
        if len(token) > LONGEST:
            raise refused
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._by_header.get(_header(token)) or self._keys[_named(token)],
                algorithms=[self._algorithm],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": CLAIMS},
            )
            if claims["typ"] != kind:
                raise refused
            return Claims(
                UUID(str(claims["sub"])),
                UUID(str(claims["sid"])),
                int(claims["gen"]),
                datetime.fromtimestamp(int(claims["exp"]), UTC),
            )
        # A lone surrogate or a claim of another type is no PyJWTError.
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError) as error:
            raise refused from error
