"""Visitors whom a site names by its own keys, and over the API."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from config import Misconfigured, Settings
from desk.crypto import base64url
from desk.errors import Unauthenticated
from server.identity import site_keys
from server.identity.site_tokens import SiteTokens
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import now
from tests.server.conftest import serving

SECRET = "5b1e0c7e9d3a48269f8e7d6c5b4a39281706f5e4d3c2b1a0f7e6d5c4b3a29180"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
PRIVATE: dict[str, Any] = {"RS256": RSA, "ES256": EC, "EdDSA": ED}
JWKS: dict[str, dict[str, Any]] = {
    "RS256": RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True),
    "ES256": ECAlgorithm.to_jwk(EC.public_key(), as_dict=True),
    "EdDSA": OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True),
}
for name, jwk in JWKS.items():
    jwk["kid"] = f"the {name}"


@pytest.fixture(scope="module")
def settings(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps({"keys": [*JWKS.values()]}))
    return backend.settings.model_copy(update={"identity_jwks_file": str(path)})


def token(key: Any, algorithm: str, kid: str | None) -> str:
    said = {"sub": "shop-9", "jti": str(uuid4()), "exp": now() + timedelta(minutes=9)}
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


@pytest.mark.parametrize("algorithm", JWKS)
def test_a_key_of_the_file_verifies_by_its_own_algorithm(
    settings: Settings, algorithm: str
) -> None:
    tokens, private = SiteTokens(settings), PRIVATE[algorithm]
    good = token(private, algorithm, f"the {algorithm}")
    assert tokens.read(good, now()).subject == "shop-9"
    others = [
        token(private, algorithm, kid) for kid in (None, "unknown", "the", *OTHERS[algorithm])
    ]
    for wrong in [*others, good[:-4] + "AAAA"]:
        with pytest.raises(Unauthenticated, match="not valid"):
            tokens.read(wrong, now())


OTHERS = {name: [f"the {other}" for other in JWKS if other != name] for name in JWKS}


def forged(key: bytes, kid: str | None) -> str:
    """A token of HS256 with a key that PyJWT itself would not sign with."""
    header = {"alg": "HS256", "typ": "JWT", "kid": kid} if kid else {"alg": "HS256"}
    said = {"sub": "shop-9", "jti": "1", "exp": int(now().timestamp()) + 60}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, said))
    return f"{text}.{base64url(hmac.digest(key, text.encode(), 'sha256'))}"


def test_a_public_key_is_no_secret(settings: Settings) -> None:
    """What everybody may read signs nothing, whatever a token says of its algorithm."""
    with_secret = settings.model_copy(update={"identity_secret": SECRET})
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for kid in ("the RS256", "the ES256", "unknown", None):
        for public in (pem, json.dumps(JWKS["RS256"]).encode(), b""):
            with pytest.raises(Unauthenticated):
                SiteTokens(with_secret).read(forged(public, kid), now())
    for kid in ("the RS256", "the EdDSA"):
        with pytest.raises(Unauthenticated):  # Nor does the secret stand in for a named key.
            SiteTokens(with_secret).read(token(SECRET, "HS256", kid), now())
    for fine in (None, "the site's own name for it"):
        assert SiteTokens(with_secret).read(token(SECRET, "HS256", fine), now())


BAD: dict[str, Any] = {
    "no JSON": "{",
    "no set": json.dumps([1]),
    "no keys": json.dumps({"keys": []}),
    "no id": json.dumps({"keys": [{"kty": "RSA"}]}),
    "one id twice": json.dumps({"keys": [JWKS["RS256"], JWKS["RS256"]]}),
    "a number": json.dumps({"keys": [JWKS["RS256"] | {"kid": 1}]}),
    "a secret": json.dumps({"keys": [{"kty": "oct", "k": "AAAA", "kid": "1"}]}),
    "a private key": json.dumps({"keys": [OKPAlgorithm.to_jwk(ED, as_dict=True) | {"kid": "1"}]}),
    "another algorithm": json.dumps({"keys": [JWKS["RS256"] | {"alg": "HS256"}]}),
    "half a key": json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "kid": "1"}]}),
    "a short key": json.dumps({"keys": [JWKS["RS256"] | {"n": JWKS["RS256"]["n"][:172]}]}),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_a_file_that_is_no_set_of_keys_stops_the_start_in_one_line(
    tmp_path: Path, what: str
) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(BAD[what])
    for named in (path, tmp_path / "none.json"):
        with pytest.raises(Misconfigured, match=r"^IDENTITY_JWKS_FILE: ") as refused:
            site_keys.load(str(named))
        assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
async def site(settings: Settings) -> AsyncIterator[Api]:
    async with serving(settings) as (_, api):
        yield api


async def named(api: Api, token: str) -> Answer:
    return await api.post("/auth/identify", json={"token": token})


async def test_of_six_at_once_with_one_token_one_gets_a_pair(site: Api) -> None:
    once = token(ED, "EdDSA", "the EdDSA")
    answers = await asyncio.gather(*(named(site, once) for _ in range(6)))
    [good] = [answer for answer in answers if answer.status == 200]
    assert {answer.code for answer in answers if answer is not good} == {"invalid_identity"}
    me = (await site.get("/auth/me", good.json["access_token"])).json
    assert (me["full_name"], me["role"]) == ("Visitor", "user")
    refreshed = await site.post("/auth/refresh", json={"refresh_token": good.json["refresh_token"]})
    assert refreshed.status == 200
    again = await named(site, token(RSA, "RS256", "the RS256"))
    assert (await site.get("/auth/me", again.json["access_token"])).json["id"] == me["id"]
