"""Keys that are derived from the secret of the access tokens, and tokens that are handed out."""

import base64
import hashlib
import hmac


def derived_key(secret: str, purpose: bytes) -> bytes:
    """A key for one purpose alone: what it signs cannot be taken for anything else of ours."""
    return hmac.digest(secret.encode(), purpose, hashlib.sha256)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token that is good once, of ours or of anybody's making."""
    # What nobody can guess needs no slow hash.
    return hashlib.sha256(token.encode(errors="replace")).digest()


def base64url(raw: bytes) -> str:
    """As it stands in addresses and cookies: without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
