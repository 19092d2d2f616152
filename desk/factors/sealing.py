"""Secrets that the database keeps and we must read again: sealed with AES-GCM.

A sealed secret is ``<which key, 4 bytes><nonce, 12 bytes><ciphertext and tag>``, for one account:
moved to another row it does not open. The key is derived from `JWT_SECRET_KEY`; what was sealed
under the one before it still opens.
"""

import hashlib
import secrets
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from desk.crypto import derived_key

PURPOSE = b"second factors, 1"
KEY_ID_BYTES = 4
NONCE_BYTES = 12


def seal(keys: Sequence[str], text: str, user_id: UUID) -> bytes:
    """Under the newest of the keys, which is the first."""
    key, nonce = derived_key(keys[0], PURPOSE), secrets.token_bytes(NONCE_BYTES)
    return _key_id(key) + nonce + AESGCM(key).encrypt(nonce, text.encode(), user_id.bytes)


def unseal(keys: Sequence[str], sealed: bytes, user_id: UUID) -> str | None:
    """None: none of the keys opens it."""
    nonce, ciphertext = sealed[KEY_ID_BYTES:][:NONCE_BYTES], sealed[KEY_ID_BYTES + NONCE_BYTES :]
    for key in (derived_key(secret, PURPOSE) for secret in keys):
        if _key_id(key) == sealed[:KEY_ID_BYTES]:
            try:
                return AESGCM(key).decrypt(nonce, ciphertext, user_id.bytes).decode()
            except InvalidTag:
                return None
    return None


def is_current(keys: Sequence[str], sealed: bytes) -> bool:
    """Whether it is under the newest of the keys."""
    return _key_id(derived_key(keys[0], PURPOSE)) == sealed[:KEY_ID_BYTES]


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:KEY_ID_BYTES]
