"""Links to files that need no sign-in for some minutes: for pictures and download managers.

A link is of one file and one session: whoever made it loses it with the right to the file, and
with the session.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from config import Settings
from desk.crypto import base64url, derived_key
from desk.errors import Forbidden

PURPOSE = b"link to an attachment, 1"
EXPORT = b"link to an export, 1"
LIFETIME = timedelta(minutes=5)
TIME_BYTES = 8
SIGNATURE_BYTES = 20
TOKEN_BYTES = 16 + TIME_BYTES + SIGNATURE_BYTES


class AttachmentLinks:
    """Signs the tokens of such links, and reads them. ``purpose``: of one kind of them."""

    def __init__(self, settings: Settings, purpose: bytes = PURPOSE) -> None:
        self._keys = [derived_key(secret, purpose) for secret in settings.secrets]

    def token(self, attachment_id: UUID, session_id: UUID, now: datetime) -> tuple[str, datetime]:
        """The token, and until when it is good."""
        expires_at = (now + LIFETIME).replace(microsecond=0)
        said = session_id.bytes + int(expires_at.timestamp()).to_bytes(TIME_BYTES, "big")
        return base64url(said + _signature(self._keys[0], attachment_id, said)), expires_at

    def session(self, attachment_id: UUID, token: str, now: datetime) -> UUID:
        """Whose session may read the attachment. Raises `Forbidden` (``link_expired``), also for
        a token that is not ours.
        """
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _expired() from None
        said, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        good = [
            hmac.compare_digest(_signature(key, attachment_id, said), signature)
            for key in self._keys
        ]
        if len(raw) != TOKEN_BYTES or not any(good):
            raise _expired()
        if datetime.fromtimestamp(int.from_bytes(said[16:], "big"), UTC) <= now:
            raise _expired()
        return UUID(bytes=said[:16])


def _signature(key: bytes, attachment_id: UUID, said: bytes) -> bytes:
    return hmac.digest(key, attachment_id.bytes + said, hashlib.sha256)[:SIGNATURE_BYTES]


def _expired() -> Forbidden:
    return Forbidden("link_expired", "This link is over; ask for a new one")
