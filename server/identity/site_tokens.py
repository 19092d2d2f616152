"""Tokens by which a site says who its visitor is: signed by the site, with the secret that we share
or with a key of its own.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from pydantic import BaseModel, ConfigDict, ValidationError

from config import Settings
from desk.accounts.full_names import FullName, require_own
from desk.accounts.identities import LONGEST_LIFE, Identity, refused
from desk.errors import Invalid
from desk.text import Email, Text
from server.identity import site_keys
from server.identity.site_keys import SiteKey

LONGEST = 4096
LEEWAY = timedelta(seconds=2)


class SiteClaims(BaseModel):
    """What we read of a token; what else is in it is the site's."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    sub: Annotated[str, Text(255)]
    jti: Annotated[str, Text(255)]
    exp: int | float
    email: Email | None = None
    name: FullName | None = None


class SiteTokens:
    """Reads them, with the secret and the public keys of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.identity_secret
        self._keys = site_keys.load(settings.identity_jwks_file)
        self._desk_name = settings.desk_name

    def read(self, token: str, now: datetime) -> Identity:
        """Who it names.

        Raises `Unauthenticated` for any other than a good one: forged, expired, good for longer
        than ten minutes, with a claim that is none of ours; and where there is no key for it.
        """
        if len(token) > LONGEST:
            raise refused()
        try:
            by = self._key(token)
            read: dict[str, Any] = jwt.decode(
                token,
                by.key,
                algorithms=[by.algorithm],
                leeway=LEEWAY,
                options={"require": ["sub", "jti", "exp"], "verify_aud": False},
            )
            claims = SiteClaims.model_validate(read)
            expires_at = datetime.fromtimestamp(claims.exp, UTC)
            if claims.name is not None:
                require_own(claims.name, self._desk_name)
        # A lone surrogate, or a time that no calendar has, is no PyJWTError.
        except (jwt.PyJWTError, ValidationError, Invalid, ValueError, OverflowError, TypeError):
            raise refused() from None
        if expires_at > now + LONGEST_LIFE + LEEWAY:
            raise refused()
        return Identity(claims.sub, claims.jti, expires_at, claims.email, claims.name)

    def _key(self, token: str) -> SiteKey:
        """The one that the token names, which says by itself how it verifies; else the secret."""
        named = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
        if named is None and self._secret is None:
            raise refused()
        return named or SiteKey("HS256", self._secret)
