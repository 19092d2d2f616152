"""What is believed of an identity provider, and what of one that misbehaves."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from config import Settings
from desk.errors import DeskError
from models import Role
from server.identity import oidc
from server.identity.named import named
from server.identity.oidc import IdentityProvider
from server.identity.sign_on_cookie import SignOn
from tests.conftest import SECRET
from tests.factories import now
from tests.identity_provider import CLIENT_ID, Key, Misbehaving, a_misbehaving_provider, sign_on

STARTED = SignOn.begin("/desk", None)


class Clock:
    at = 1000.0

    def __call__(self) -> float:
        return self.at


class Desk:
    """What a desk makes of the provider."""

    def __init__(self, provider: Misbehaving) -> None:
        self.provider = provider
        self.clock = Clock()
        given = {"database_url": "postgresql://x/y", "redis_url": "redis://x"}
        self.settings = Settings.model_validate(
            {**given, "jwt_secret_key": SECRET, **sign_on(provider.issuer)}
        )
        self.asks = IdentityProvider(self.settings, self.clock)

    async def redeem(self) -> dict[str, Any]:
        return await self.asks.redeem("a code", STARTED)

    async def refusal(self) -> str:
        with pytest.raises(DeskError) as refused:
            await self.redeem()
        return refused.value.code


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with a_misbehaving_provider() as provider:
        seconds = int(now().timestamp())
        provider.claims = {
            "iss": provider.issuer,
            "sub": "1",
            "aud": CLIENT_ID,
            "iat": seconds,
            "exp": seconds + 60,
            "nonce": STARTED.nonce,
        }
        desk = Desk(provider)
        yield desk
        await desk.asks.close()


def with_header(token: str, **header: str) -> bytes:
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    return encoded + b"." + token.split(".")[1].encode()


async def test_a_good_token_is_believed_and_what_it_is_asked_with_is_whole(desk: Desk) -> None:
    claims = await desk.redeem()
    assert claims["sub"] == "1"
    sent = desk.provider.redeemed
    assert (sent["code"], sent["code_verifier"]) == ("a code", STARTED.verifier)
    assert sent["redirect_uri"] == f"{desk.settings.base_url}/web/oidc/callback"
    assert "client_secret" not in sent
    await desk.redeem()
    assert desk.provider.asked == ["described", "token", "keys", "token"]
    desk.clock.at += oidc.KEPT_SECONDS
    await desk.redeem()
    assert desk.provider.asked[4:] == ["described", "token", "keys"]


async def test_a_connection_that_ends_while_it_rests_is_no_failure(desk: Desk) -> None:
    desk.provider.hangs_up = True
    for _ in range(2):
        assert (await desk.redeem())["sub"] == "1"


async def test_a_browser_is_sent_with_a_challenge_and_asks_for_the_claim(desk: Desk) -> None:
    desk.provider.described = {"scopes_supported": ["openid", "groups"]}
    asked = parse_qs(urlsplit(await desk.asks.address(STARTED)).query)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(STARTED.verifier.encode()).digest())
    assert asked["code_challenge"] == [challenge.decode().rstrip("=")]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid email profile groups"]
    assert asked["state"] + asked["nonce"] == [STARTED.state, STARTED.nonce]
    assert STARTED.verifier not in str(asked)


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(desk: Desk) -> None:
    methods = ["client_secret_post"]
    desk.provider.described = {"token_endpoint_auth_methods_supported": methods}
    await desk.redeem()
    assert desk.provider.redeemed["client_secret"] == desk.settings.oidc_client_secret


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"iss": "{issuer}/"},
        {"aud": "another"},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID], "azp": "another"},
        {"aud": []},
        {"exp": -3600},
        {"exp": "soon"},
        {"iat": 3600},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": "a\0b"},
        {"sub": "\ud800"},
        {"sub": 7},
        {"sub": None},
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_this_sign_in_is_not_believed(
    desk: Desk, wrong: dict[str, Any]
) -> None:
    for name, value in wrong.items():
        if value is None:
            del desk.provider.claims[name]
        elif isinstance(value, int) and name in ("exp", "iat"):
            desk.provider.claims[name] = int(now().timestamp()) + value
        else:
            text = value.format(issuer=desk.provider.issuer) if isinstance(value, str) else value
            desk.provider.claims[name] = text
    assert await desk.refusal() == "invalid_id_token"


async def test_a_token_for_several_is_believed_where_it_says_that_it_is_for_us(desk: Desk) -> None:
    desk.provider.claims |= {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}
    assert (await desk.redeem())["azp"] == CLIENT_ID


async def test_nothing_but_the_providers_own_signature_counts(desk: Desk) -> None:
    provider = desk.provider
    good = jwt.encode(provider.claims, provider.key, algorithm="RS256", headers={"kid": "first"})
    unsigned = with_header(good, alg="none", typ="JWT", kid="first") + b"."
    public = provider.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = with_header(good, alg="HS256", typ="JWT", kid="first")
    seal = base64.urlsafe_b64encode(hmac.digest(public, body, hashlib.sha256)).rstrip(b"=")
    theirs = jwt.encode(provider.claims, "secret" * 8, algorithm="HS256", headers={"kid": "oct"})
    stronger = jwt.encode(
        provider.claims, provider.key, algorithm="RS512", headers={"kid": "first"}
    )
    for token in (
        unsigned.decode(),
        (body + b"." + seal).decode(),
        theirs,
        stronger,
        "x",
        good[:-8],
    ):
        provider.token = token
        assert await desk.refusal() == "invalid_id_token", token
    provider.token = good
    assert (await desk.redeem())["sub"] == "1"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=["ES256", "EdDSA"],
)
async def test_keys_of_curves_are_good_too(desk: Desk, algorithm: str, key: Key) -> None:
    desk.provider.algorithm, desk.provider.key = algorithm, key
    assert (await desk.redeem())["sub"] == "1"


async def test_keys_that_rotate_are_looked_for_once_a_minute(desk: Desk) -> None:
    await desk.redeem()
    desk.provider.rotate("second")
    assert await desk.refusal() == "invalid_id_token"
    assert desk.provider.asked.count("keys") == 1
    desk.clock.at += oidc.SECONDS_BETWEEN_LOOKS
    assert (await desk.redeem())["sub"] == "1"
    desk.provider.key_id = "never published"
    published = desk.provider.public
    desk.provider.public = lambda: published() | {"kid": "third"}  # type: ignore[method-assign]
    for _ in range(3):
        assert await desk.refusal() == "invalid_id_token"
    assert desk.provider.asked.count("keys") == 2


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"issuer": "{issuer}/"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": ["x"]},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
async def test_a_provider_that_is_not_the_one_of_the_settings_is_none(
    desk: Desk, described: dict[str, Any]
) -> None:
    issuer = desk.provider.issuer
    desk.provider.described = {
        name: value.format(issuer=issuer) if isinstance(value, str) else value
        for name, value in described.items()
    }
    assert await desk.refusal() == "provider_unavailable"
    # It is left alone for a moment, and then asked again.
    desk.provider.described = {}
    assert await desk.refusal() == "provider_unavailable"
    assert desk.provider.asked == ["described"]
    desk.clock.at += oidc.REST_SECONDS
    assert (await desk.redeem())["sub"] == "1"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, b'{"error": "invalid_grant"}', "sign_in_over"),
        (401, b'{"error": "invalid_client"}', "provider_unavailable"),
        (500, b"<h1>Oh no</h1>", "provider_unavailable"),
        (307, b"", "provider_unavailable"),
        (200, b"{}", "provider_unavailable"),
        (200, b'{"id_token": 7}', "provider_unavailable"),
        (200, b"[" * 100_000, "provider_unavailable"),
        (200, b"x" * 10_000_000, "provider_unavailable"),
        (200, b"\xff", "provider_unavailable"),
    ],
    ids=["spent", "client", "fault", "redirect", "empty", "number", "deep", "large", "bytes"],
)
async def test_whatever_it_answers_for_a_code_is_a_refusal(
    desk: Desk, status: int, body: bytes, code: str
) -> None:
    desk.provider.answer = (status, body)
    assert await desk.refusal() == code
    assert desk.provider.asked.count("token") == 1


async def test_one_that_hangs_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "TIMEOUT", aiohttp.ClientTimeout(total=0.1))
    desk.provider.hangs.clear()
    assert {*await asyncio.gather(desk.refusal(), desk.refusal())} == {"provider_unavailable"}
    # Who waited behind the first did not ask again.
    assert desk.provider.asked == ["described"]


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ({"groups": ["support"]}, Role.CSR),
        ({"groups": ["support", "leads"]}, Role.ADMIN),
        ({"groups": "leads"}, Role.ADMIN),
        ({"groups": ["Leads", "support x", 7, None, ["leads"]]}, None),
        ({"groups": {"leads": True}}, None),
        ({"groups": "support,leads"}, None),
        ({}, None),
    ],
)
def test_a_role_is_the_highest_of_those_that_somebody_has(
    said: dict[str, Any], role: Role | None
) -> None:
    settings = Settings.model_construct(oidc_roles="groups: support=csr, leads=admin")
    claims = {"iss": "https://login.desk.test", "sub": "1", **said}
    assert named(claims, settings.role_claim).role is role


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ("realm_access.roles: staff=csr", {"realm_access": {"roles": ["staff"]}}),
        ("https://desk.test/roles: staff=csr", {"https://desk.test/roles": ["staff"]}),
        ("a.b: cn=staff=csr", {"a.b": "cn=staff", "a": {"b": "other"}}),
    ],
)
def test_a_claim_may_be_inside_another_or_have_any_name(roles: str, said: dict[str, Any]) -> None:
    settings = Settings.model_construct(oidc_roles=roles)
    claims = {"iss": "https://login.desk.test", "sub": "1", **said}
    assert named(claims, settings.role_claim).role is Role.CSR


@pytest.mark.parametrize("verified", [False, None, "true", 1, "missing"])
def test_an_address_counts_only_where_the_provider_says_that_it_is_verified(
    verified: object,
) -> None:
    claims = {"iss": "https://login.desk.test", "sub": "1", "email": "Ann@Desk.test"}
    roles = Settings.model_construct(oidc_roles="groups: x=csr").role_claim
    assert named(claims | {"email_verified": True}, roles).email == "ann@desk.test"
    said = {} if verified == "missing" else {"email_verified": verified}
    assert named(claims | said, roles).email is None
    odd = claims | {"email_verified": True, "email": "no address", "name": "a\u202eb"}
    assert named(odd, roles).email is None
    assert named(odd, roles).name is None
