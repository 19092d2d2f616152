"""The link in a mail that ends the mails, for whoever holds it: no login, no end of validity.

The token is the person's id with an HMAC. Its key is derived from the secret of the access
tokens, so that neither can be taken for the other.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from uuid import UUID

from desk.crypto import derived_key

PATH = "/unsubscribe"
PURPOSE = b"unsubscribe from mail, 1"
SIGNATURE_BYTES = 20
TOKEN_BYTES = 16 + SIGNATURE_BYTES


def link(base_url: str, secret: str, user_id: UUID) -> str:
    return f"{base_url}{PATH}?token={token(secret, user_id)}"


def token(secret: str, user_id: UUID) -> str:
    signed = user_id.bytes + _signature(secret, user_id.bytes)
    return base64.urlsafe_b64encode(signed).decode()


def reader(secrets: Iterable[str], given: str) -> UUID | None:
    """Whose token it is; None if none of the secrets made it."""
    try:
        raw = base64.b64decode(given, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != TOKEN_BYTES:
        return None
    person, signature = raw[:16], raw[16:]
    good = [hmac.compare_digest(_signature(secret, person), signature) for secret in secrets]
    return UUID(bytes=person) if any(good) else None


def _signature(secret: str, person: bytes) -> bytes:
    return hmac.digest(derived_key(secret, PURPOSE), person, hashlib.sha256)[:SIGNATURE_BYTES]
