"""A single sign-on under way: what the browser that began it keeps, and nobody else has.

It is in a cookie of that browser, signed and not stored: a state, by which the answer is known to
be for this browser, a nonce that is in the provider's token, and the secret without which nobody
can redeem the code (PKCE).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import jwt
from aiohttp import web

from config import Settings
from desk.accounts.single_sign_on import LONGEST
from desk.crypto import base64url, derived_key

PURPOSE = b"single sign-ons under way, 1: "
ALGORITHM = "HS256"
LONGEST_COOKIE = 4096


@dataclass(frozen=True, slots=True)
class SignOn:
    """``return_to``: a path of ours. ``session_id``: of who was signed in, and will not be."""

    state: str
    nonce: str
    verifier: str
    return_to: str
    session_id: UUID | None

    @classmethod
    def begin(cls, return_to: str, session_id: UUID | None) -> Self:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, return_to, session_id)

    @property
    def challenge(self) -> str:
        return base64url(hashlib.sha256(self.verifier.encode()).digest())


class SignOnCookie:
    """Sets, reads and takes away the cookie. The answer comes from another site: hence Lax."""

    def __init__(self, settings: Settings) -> None:
        self._keys = [derived_key(secret, PURPOSE) for secret in settings.secrets]
        self._is_secure = settings.public_url.startswith("https:")
        # A browser takes a name with this prefix from us alone, not from a neighbour's page.
        self._name = "__Host-oidc" if self._is_secure else "oidc"

    def set(self, response: web.Response, started: SignOn, now: datetime) -> None:
        claims = {
            "state": started.state,
            "nonce": started.nonce,
            "verifier": started.verifier,
            "to": started.return_to,
            "sid": str(started.session_id or ""),
            "exp": now + LONGEST,
        }
        response.set_cookie(
            self._name,
            jwt.encode(claims, self._keys[0], algorithm=ALGORITHM),
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: web.Response) -> None:
        response.del_cookie(
            self._name, path="/", secure=self._is_secure, httponly=True, samesite="Lax"
        )

    def read(self, request: web.Request, now: datetime) -> SignOn | None:
        """The sign-on that this browser has begun; None if there is none, or it took too long."""
        token = request.cookies.get(self._name, "")
        for key in self._keys if len(token) <= LONGEST_COOKIE else ():
            try:
                options: Any = {"require": ["exp"], "verify_exp": False}
                read = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
            except (jwt.PyJWTError, ValueError):  # A lone surrogate is no PyJWTError.
                continue
            if datetime.fromtimestamp(read["exp"], UTC) <= now:
                return None
            session_id = UUID(read["sid"]) if read["sid"] else None
            return SignOn(read["state"], read["nonce"], read["verifier"], read["to"], session_id)
        return None
