"""The public keys of sites that say who their visitors are: a JWK set (RFC 7517) in a file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from config import Misconfigured

# By the kind of a key and its curve: each verifies by one algorithm alone, whatever a token says.
ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
SMALLEST_RSA = 2048


@dataclass(frozen=True, slots=True)
class SiteKey:
    algorithm: str
    key: Any


def load(path: str) -> dict[str, SiteKey]:
    """The keys of the file by their ids; none without a file.

    Raises `Misconfigured` where a key cannot be used, or should not be there.
    """
    if not path:
        return {}
    try:
        listed = json.loads(Path(path).read_text())["keys"]
        keys = {jwk["kid"]: _key(jwk) for jwk in listed}
        if not keys or len(keys) < len(listed):
            raise ValueError("has no key, or two with one kid")
    except (OSError, ValueError, TypeError, KeyError, jwt.PyJWTError) as error:
        why: object = f"has no {error}" if isinstance(error, KeyError) else error
        why = error.strerror if isinstance(error, OSError) else why
        raise Misconfigured(f"IDENTITY_JWKS_FILE: {path}: {why}") from None
    return keys


def _key(jwk: dict[str, Any]) -> SiteKey:
    if not isinstance(jwk["kid"], str):
        raise ValueError("has a kid that is no text")
    algorithm = ALGORITHMS.get((jwk["kty"], jwk.get("crv")))
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        raise ValueError(f"{jwk['kid']} is for none of RS256, ES256 and EdDSA")
    if "d" in jwk:
        raise ValueError(f"{jwk['kid']} is a private key, which only the site should have")
    key = jwt.PyJWK(jwk, algorithm).key
    if algorithm == "RS256" and key.key_size < SMALLEST_RSA:
        raise ValueError(f"{jwk['kid']} has under {SMALLEST_RSA} bits")
    return SiteKey(algorithm, key)
