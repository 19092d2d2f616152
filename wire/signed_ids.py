"""An id that its holder cannot have made up: with an HMAC, whose key is of one purpose alone.

The key is derived from the secret of the access tokens, so that no token can be taken for another.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from uuid import UUID

from desk.crypto import derived_key

SIGNATURE_BYTES = 20
TOKEN_BYTES = 16 + SIGNATURE_BYTES


def token(secret: str, purpose: bytes, of: UUID) -> str:
    """48 characters that need no escape in an address."""
    signed = of.bytes + _signature(secret, purpose, of.bytes)
    return base64.urlsafe_b64encode(signed).decode()


def read(secrets: Iterable[str], purpose: bytes, given: str) -> UUID | None:
    """Whose token it is; None if none of the secrets made it for the purpose."""
    try:
        raw = base64.b64decode(given, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != TOKEN_BYTES:
        return None
    of, signature = raw[:16], raw[16:]
    good = [hmac.compare_digest(_signature(secret, purpose, of), signature) for secret in secrets]
    return UUID(bytes=of) if any(good) else None


def _signature(secret: str, purpose: bytes, of: bytes) -> bytes:
    return hmac.digest(derived_key(secret, purpose), of, hashlib.sha256)[:SIGNATURE_BYTES]
