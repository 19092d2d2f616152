"""Tokens of every shape: only our own, unexpired, of the right kind, get in."""

import base64
import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from multidict import CIMultiDict

from desk.accounts.sessions import Issued
from desk.errors import Unauthenticated
from server.identity.tokens import CLAIMS, Tokens
from tests.api import Api
from tests.conftest import SECRET, Backend
from tests.factories import Person, now

OTHER = "f" * 64


def claims_of(person: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a good token, to be spoiled."""
    header = jwt.get_unverified_header(person.token)
    claims = jwt.decode(person.token, options={"verify_signature": False})
    return header, claims


def forged(person: Person, *, key: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    header, good = claims_of(person)
    body = {name: value for name, value in (good | claims).items() if value is not None}
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": header["kid"]})


def unsigned(person: Person) -> str:
    header, claims = claims_of(person)
    parts = ({**header, "alg": "none"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts)
    return b".".join([*encoded, b""]).decode()


def without(claim: str) -> Callable[[Person], str]:
    spoiled: dict[str, Any] = {claim: None}
    return lambda person: forged(person, **spoiled)


FORGERIES: dict[str, Callable[[Person], str]] = {
    "unsigned": unsigned,
    "signed with another key": lambda person: forged(person, key=OTHER),
    "signed with another algorithm": lambda person: forged(person, algorithm="HS512"),
    "a refresh token": lambda person: person.tokens.refresh_token,
    "expired": lambda person: forged(person, exp=now() - timedelta(minutes=1)),
    "not valid yet": lambda person: forged(person, nbf=now() + timedelta(minutes=1)),
    "for somebody else": lambda person: forged(person, aud="other"),
    "from somebody else": lambda person: forged(person, iss="other"),
    "with a session that never was": lambda person: forged(person, sid=str(person.id)),
    "with a session of another type": lambda person: forged(person, sid="42"),
    "with a huge expiry": lambda person: forged(person, exp=10**300),
    "a character changed": lambda person: person.token[:-2] + "AA",
    "cut": lambda person: person.token[:-10],
    "three dots": lambda _: "a.b.c",
    "no key id": lambda person: jwt.encode(claims_of(person)[1], SECRET, algorithm="HS256"),
    "random bytes": lambda _: base64.b64encode(os.urandom(200)).decode(),
    "8 kB of dots": lambda _: "." * 8000,
    **{f"without {claim}": without(claim) for claim in CLAIMS},
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused(api: Api, customer: Person, forgery: str) -> None:
    assert (await api.get("/auth/me", customer)).status == 200
    answer = await api.get("/auth/me", FORGERIES[forgery](customer))
    assert (answer.status, answer.code) in {(401, "invalid_token"), (401, "session_ended")}
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_two_authorizations_are_none(api: Api, customer: Person) -> None:
    """A proxy may have read the other one."""
    good = ("Authorization", f"Bearer {customer.token}")
    for headers in ([good, good], [("Authorization", "Bearer x"), good]):
        async with api.http.get("/api/v1/auth/me", headers=CIMultiDict(headers)) as answer:
            assert answer.status == 401


@pytest.mark.parametrize("token", ["\0", "\ud800", "\udcff\udcfe", "é", "", " ", "x" * 1_000_000])
def test_a_token_that_is_no_token_is_refused(backend: Backend, token: str) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(backend.settings).read(token, "access")


def test_tokens_of_the_previous_key_stay_good_and_new_ones_are_of_the_current(
    backend: Backend, customer: Person
) -> None:
    changed = backend.settings.model_copy(
        update={"jwt_secret_key": OTHER, "jwt_previous_secret_key": SECRET}
    )
    assert Tokens(changed).read(customer.token, "access").user_id == customer.id
    assert customer.actor.session_id is not None
    new = Tokens(changed).pair(Issued(customer.actor.session_id, customer.id, 0, now()), now())
    forgotten = backend.settings.model_copy(update={"jwt_secret_key": OTHER})
    assert Tokens(forgotten).read(new.access_token, "access").user_id == customer.id
    with pytest.raises(Unauthenticated):
        Tokens(forgotten).read(customer.token, "access")
