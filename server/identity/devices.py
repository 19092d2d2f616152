"""The cookie by which a browser that signed in before is known: others' guesses don't lock it out.

This is the device cookie of OWASP. It signs nobody in: all that it does is to give the browser a
count of wrong passwords of its own (`server.identity.guesses`). It is good for the account that
signed in with it alone, for `LIFETIME`, and until the password changes. The server stores nothing:
a token is ``<seconds since 1970>.<nonce>.<seal>``, where the seal is an HMAC over the account, the
time, the nonce and the password's hash, under a key that is derived from `JWT_SECRET_KEY`. The
cookie has up to `MOST_ACCOUNTS` of them, joined by ``~``.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from aiohttp import web

from config import Settings
from desk.accounts.accounts import StoredPassword
from desk.crypto import base64url, derived_key

PURPOSE = b"browsers that signed in, 1: "
LIFETIME = timedelta(days=180)
KEPT_SECONDS = int(LIFETIME.total_seconds())
# A browser keeps the tokens of so many accounts: those that signed in last.
MOST_ACCOUNTS = 4
NONCE_BYTES = 16
# The time, the nonce, the seal.
TOKEN = re.compile(r"[0-9]{1,11}\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}")


class Devices:
    """Reads and sets the cookie."""

    def __init__(self, settings: Settings) -> None:
        self._keys = [derived_key(secret, PURPOSE) for secret in settings.secrets]
        self._is_secure = settings.public_url.startswith("https:")
        # A browser takes a name with this prefix from us alone, not from a neighbour's page.
        self._name = "__Host-device" if self._is_secure else "device"

    def known(
        self, request: web.Request, account: StoredPassword | None, now: datetime
    ) -> str | None:
        """The nonce under which this browser's wrong passwords are counted.

        None if there is no such account, or it has not signed in with this browser before.
        """
        token = self._found(request, account, now) if account else None
        return token.split(".")[1] if token else None

    def remember(
        self, request: web.Request, response: web.Response, account: StoredPassword, now: datetime
    ) -> None:
        """Sets the cookie of the account that has signed in; tokens of other accounts stay in it.

        A token of the same account is replaced, so that its lifetime and its count begin anew.
        """
        before = self._found(request, account, now)
        others = [token for token in self._tokens(request) if token != before]
        at, nonce = str(int(now.timestamp())), base64url(secrets.token_bytes(NONCE_BYTES))
        token = f"{at}.{nonce}.{self._seal(self._keys[0], at, nonce, account)}"
        response.set_cookie(
            self._name,
            "~".join([token, *others][:MOST_ACCOUNTS]),
            max_age=KEPT_SECONDS,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="Lax",
        )

    def _found(self, request: web.Request, account: StoredPassword, now: datetime) -> str | None:
        return next((t for t in self._tokens(request) if self._is_good(t, account, now)), None)

    def _tokens(self, request: web.Request) -> Iterator[str]:
        """The tokens in the request's cookie that have the right form, `MOST_ACCOUNTS` at most.

        Whether one is ours says `_is_good`.
        """
        for header in request.headers.getall("Cookie", ()):
            for pair in header.split(";"):
                name, _, value = pair.strip().partition("=")
                if name == self._name:
                    tokens = value.split("~", MOST_ACCOUNTS)[:MOST_ACCOUNTS]
                    yield from filter(TOKEN.fullmatch, tokens)
                    return

    def _is_good(self, token: str, account: StoredPassword, now: datetime) -> bool:
        at, nonce, seal = token.split(".")
        if datetime.fromtimestamp(int(at), UTC) + LIFETIME <= now:
            return False
        return any(
            hmac.compare_digest(self._seal(key, at, nonce, account), seal) for key in self._keys
        )

    def _seal(self, key: bytes, at: str, nonce: str, account: StoredPassword) -> str:
        sealed = "\n".join([str(account.user_id), at, nonce, account.password_hash])
        return base64url(hmac.digest(key, sealed.encode(), hashlib.sha256))
