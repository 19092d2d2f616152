"""The seal on what our processes tell each other over Redis.

Whoever can write to Redis is not thereby one of us: each message begins with an HMAC. Its key is
derived from the secret of the access tokens and from the channel, so that neither a token nor what
was said on another channel can be taken for a message. One that is sent again is harmless: what
it says has been said and done.
"""

import hashlib
import hmac
from collections.abc import Sequence

from desk.crypto import derived_key

PURPOSE = b"messages between processes, 1: "
SEAL_BYTES = hashlib.sha256().digest_size


class Seal:
    """``secrets``: the first seals; each is taken, as a change of the key reaches the processes
    one after the other.
    """

    def __init__(self, secrets: Sequence[str], channel: str) -> None:
        label = PURPOSE + channel.encode()
        self._keys = [derived_key(secret, label) for secret in secrets]

    def closed(self, body: bytes) -> bytes:
        return hmac.digest(self._keys[0], body, hashlib.sha256) + body

    def opened(self, sealed: bytes) -> bytes | None:
        """What was sealed; None if it was not one of us."""
        seal, body = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
        for key in self._keys:
            if hmac.compare_digest(hmac.digest(key, body, hashlib.sha256), seal):
                return body
        return None
