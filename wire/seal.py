"""The seal on what our processes tell each other over Redis.

Whoever can write to Redis is not thereby one of us: each message begins with an HMAC of the channel
and of what is said, cut to 128 bits. Its key is derived from the secret of the access tokens, so
that neither a token nor what was said on another channel can be taken for a message. One that is
sent again is harmless: what it says has been said and done.
"""

import hashlib
import hmac
from collections.abc import Sequence

from desk.crypto import derived_key

PURPOSE = b"messages between processes, 2"
SEAL_BYTES = 16


class Seal:
    """``secrets``: the first seals; each is taken, as a change of the key reaches the processes
    one after the other.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [derived_key(secret, PURPOSE) for secret in secrets]

    def closed(self, channel: bytes, body: bytes) -> bytes:
        return _seal(self._keys[0], channel, body) + body

    def opened(self, channel: bytes, sealed: bytes) -> bytes | None:
        """What was sealed; None if it was not one of us, or was said elsewhere."""
        seal, body = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
        for key in self._keys:
            if hmac.compare_digest(_seal(key, channel, body), seal):
                return body
        return None


def _seal(key: bytes, channel: bytes, body: bytes) -> bytes:
    # A channel has no such byte: it ends where the body begins.
    return hmac.digest(key, channel + b"\0" + body, hashlib.sha256)[:SEAL_BYTES]
