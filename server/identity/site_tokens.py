"""Tokens by which a site says who its visitor is: made by the site, with the secret we share."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from pydantic import BaseModel, ConfigDict, ValidationError

from config import Settings
from desk.accounts.full_names import FullName, require_own
from desk.accounts.identities import LONGEST_LIFE, Identity, refused
from desk.errors import Invalid
from desk.text import Email, Text

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
    """Reads them, with the secret of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.identity_secret
        self._desk_name = settings.desk_name

    def read(self, token: str, now: datetime) -> Identity:
        """Who it names.

        Raises `Unauthenticated` for any other than a good one: forged, expired, good for longer
        than ten minutes, with a claim that is none of ours; and where there is no secret.
        """
        if self._secret is None or len(token) > LONGEST:
            raise refused()
        try:
            read: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
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
