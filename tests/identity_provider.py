"""Identity providers: a real one, oidc-provider-mock, and one of the tests' own that misbehaves."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import aiohttp
import jwt
from aiohttp import web
from aiohttp.typedefs import Handler
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from yarl import URL

from embedded.server import free_port
from tests.waiting import until

CLIENT_ID = "desk"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
# It is on another site than the desk, which is at 127.0.0.1.
HOST = "localhost"
ROLES = "groups: support=csr, leads=admin"


def sign_on(issuer: str) -> dict[str, str]:
    """The settings of a desk whose staff come by this provider."""
    return {
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": "a secret with : and %",
        "oidc_roles": ROLES,
        "oidc_name": "Acme",
    }


@asynccontextmanager
async def a_provider() -> AsyncIterator[str]:
    """A real one, in a process of its own; its issuer. Whom it knows is said by `tell`."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)),
        env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    issuer = f"http://{HOST}:{port}"
    try:
        await until(lambda: _answers(issuer))
        yield issuer
    finally:
        process.kill()
        await process.wait()


async def _answers(issuer: str) -> bool:
    async with aiohttp.ClientSession() as http:
        try:
            async with http.get(f"{issuer}/jwks") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


async def tell(issuer: str, subject: str, **claims: object) -> None:
    """Has the provider know somebody."""
    async with (
        aiohttp.ClientSession() as http,
        http.put(f"{issuer}/users/{subject}", json=claims) as answer,
    ):
        assert answer.status == 204


async def approve(address: str, subject: str, **more: str) -> URL:
    """Signs in at the provider; where that sends the browser."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(address, data={"sub": subject, **more}, allow_redirects=False) as answer,
    ):
        assert answer.status == 302, await answer.text()
        return URL(answer.headers["Location"])


def _a_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


# To make one takes long.
first_key = cache(_a_key)


class Misbehaving:
    """A provider of the tests' own, which says whatever it is told to. Nobody signs in there: any
    code is good for a token of `claims`.
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.described: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.key: Key = first_key()
        self.key_id = "first"
        self.algorithm = "RS256"
        self.token: str | None = None
        # What it answers to a request for tokens in the place of one: a status and a body.
        self.answer: tuple[int, bytes] | None = None
        self.hangs = asyncio.Event()
        self.hangs.set()
        # Whether it ends a connection as the second request comes over it.
        self.hangs_up = False
        self._met: set[object] = set()
        # How often each was asked for.
        self.asked: list[str] = []
        self.redeemed: dict[str, str] = {}

    def rotate(self, key_id: str) -> None:
        self.key, self.key_id = _a_key(), key_id

    def public(self) -> dict[str, Any]:
        written = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.key.public_key())
        return {**json.loads(written), "kid": self.key_id, "use": "sig"}

    async def describe(self, _: web.Request) -> web.Response:
        self.asked.append("described")
        await self.hangs.wait()
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return web.json_response(described | self.described)

    async def show_keys(self, _: web.Request) -> web.Response:
        self.asked.append("keys")
        others = [{"kty": "oct", "k": "c2VjcmV0", "kid": "oct"}, {"kty": "new"}, "no key"]
        return web.json_response({"keys": [*others, self.public()]})

    async def redeem(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("token")
        self.redeemed = {name: str(value) for name, value in (await request.post()).items()}
        if self.answer is not None:
            status, body = self.answer
            headers = {"Location": "/token"} if status == 307 else {}
            return web.Response(status=status, body=body, headers=headers)
        token = self.token or jwt.encode(
            self.claims, self.key, algorithm=self.algorithm, headers={"kid": self.key_id}
        )
        return web.json_response({"id_token": token, "access_token": "x", "token_type": "Bearer"})

    @web.middleware
    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.hangs_up and request.transport is not None and request.transport in self._met:
            request.transport.abort()
        self._met.add(request.transport)
        return await handler(request)


@asynccontextmanager
async def a_misbehaving_provider() -> AsyncIterator[Misbehaving]:
    provider = Misbehaving()
    app = web.Application(middlewares=[provider.meet])
    app.router.add_get("/.well-known/openid-configuration", provider.describe)
    app.router.add_get("/jwks", provider.show_keys)
    app.router.add_post("/token", provider.redeem)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        provider.hangs.set()
        await runner.cleanup()
