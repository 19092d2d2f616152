"""Wrong passwords lock out who guesses, and not the account's owner."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie

import pytest
from limits import parse

from config import Settings
from embedded.server import free_port
from models import Role
from server.identity import devices
from server.limits import shared
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, people
from tests.server.conftest import serving

ONE_56 = [f"2001:db8:0:{n:x}::1" for n in range(10)]
# Networks of their own, that have nothing in common.
EVERYWHERE = [f"2001:db8:{n:x}::1" for n in range(1, 12)]
HOME = "198.51.100.7"
NEW = "a completely new password"


@pytest.fixture
async def limited(backend: Backend) -> AsyncIterator[Api]:
    """A process that counts, behind a proxy."""
    async with serving(counting(backend)) as (_, api):
        yield api


def counting(backend: Backend) -> Settings:
    """It counts by itself, so that a slow answer of Redis makes no difference."""
    alone = replace(backend, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    on = {"rate_limits": "on", "trusted_proxies": "127.0.0.1/32"}
    return alone.settings.model_copy(update=on)


def cookie(answer: Answer) -> Morsel[str]:
    [(_, morsel)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
    return morsel


async def logs_in(
    api: Api, email: str, password: str = PASSWORD, *, at: str = HOME, device: str = ""
) -> Answer:
    headers = {"X-Forwarded-For": at} | ({"Cookie": device} if device else {})
    given = {"email": email, "password": password}
    return await api.post("/auth/login", json=given, headers=headers)


async def a_device(api: Api, email: str, before: str = "") -> str:
    """The cookies of a browser that has signed in."""
    answer = await logs_in(api, email, device=before)
    assert answer.status == 200
    morsel = cookie(answer)
    return f"{morsel.key}={morsel.value}"


async def guessed(api: Api, email: str, places: Iterable[str], device: str = "") -> list[int]:
    """Ten guesses from each place."""
    return [
        (await logs_in(api, email, "wrong", at=place, device=device)).status
        for place in places
        for _ in range(10)
    ]


async def test_guesses_from_one_network_leave_the_account_to_the_others(
    limited: Api, customer: Person
) -> None:
    statuses = await guessed(limited, customer.email, ONE_56)
    assert statuses == [401] * 30 + [429] * 70
    for near in (ONE_56[0], "2001:db8:0:ff::1"):
        assert (await logs_in(limited, customer.email, at=near)).status == 429
    assert (await logs_in(limited, customer.email)).status == 200


@pytest.mark.parametrize(
    ("places", "near", "far"),
    [
        ([f"2001:db8:77:{n:x}00::1" for n in range(5)], "2001:db8:77:ffff::1", "2001:db8:78::1"),
        ([f"203.0.113.{n}" for n in range(5)], "203.0.113.200", "203.0.114.1"),
        (["192.0.2.1"] * 5, "192.0.2.1", "192.0.3.1"),
    ],
    ids=["/48", "/24", "an address that waits"],
)
async def test_wider_networks_are_counted_too(
    limited: Api,
    customer: Person,
    stranger: Person,
    monkeypatch: pytest.MonkeyPatch,
    places: list[str],
    near: str,
    far: str,
) -> None:
    # As if five minutes had passed between two places.
    often = shared.Limit("wrong-password-here", parse("1000 per 5 minutes"))
    monkeypatch.setattr(shared, "WRONG_PASSWORD_HERE", often)
    assert (await guessed(limited, customer.email, places)).count(401) == 30
    assert (await logs_in(limited, customer.email, at=near)).status == 429
    assert (await logs_in(limited, customer.email, at=far)).status == 200
    # It is this account's guesses that count, not those of a whole office.
    assert (await logs_in(limited, stranger.email, at=near)).status == 200


async def test_a_browser_that_signed_in_before_passes_however_many_guess_elsewhere(
    limited: Api, customer: Person
) -> None:
    device = await a_device(limited, customer.email)
    statuses = await guessed(limited, customer.email, EVERYWHERE)
    assert statuses.count(401) == 100
    assert (await logs_in(limited, customer.email)).status == 429
    assert (await logs_in(limited, customer.email, "wrong", device=device)).status == 401
    again = await logs_in(limited, customer.email, device=device)
    assert again.status == 200
    renewed = cookie(again)
    assert f"{renewed.key}={renewed.value}" != device


async def test_a_stolen_cookie_has_ten_guesses_and_then_none_of_its_own(
    limited: Api, customer: Person
) -> None:
    device = await a_device(limited, customer.email)
    assert await guessed(limited, customer.email, [HOME], device) == [401] * 10
    # They count against nobody else.
    here = await guessed(limited, customer.email, [HOME])
    assert here == [401] * 10
    assert (await logs_in(limited, customer.email, device=device)).status == 429


@pytest.fixture
def soon_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    few = shared.Limit("wrong-password-2", parse("5 per hour"))
    monkeypatch.setattr(shared, "WRONG_PASSWORD", few)


async def locked(api: Api, person: Person) -> None:
    await guessed(api, person.email, EVERYWHERE[:1])
    assert (await logs_in(api, person.email)).status == 429


@pytest.mark.usefixtures("soon_locked")
async def test_a_cookie_is_good_for_its_account_alone(
    limited: Api, customer: Person, stranger: Person
) -> None:
    device = await a_device(limited, stranger.email)
    await locked(limited, customer)
    assert (await logs_in(limited, customer.email, device=device)).status == 429


@pytest.mark.usefixtures("soon_locked")
async def test_a_cookie_ends_with_a_change_of_the_password(limited: Api, customer: Person) -> None:
    device = await a_device(limited, customer.email)
    change = {"current_password": PASSWORD, "new_password": NEW}
    changed = await limited.post("/auth/password", customer, json=change)
    assert changed.status == 204
    assert "Set-Cookie" not in changed.headers
    await locked(limited, customer)
    assert (await logs_in(limited, customer.email, NEW, device=device)).status == 429


@pytest.mark.usefixtures("soon_locked")
async def test_a_cookie_ends_after_half_a_year(
    limited: Api, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "LIFETIME", timedelta(seconds=-1))
    device = await a_device(limited, customer.email)
    await locked(limited, customer)
    assert (await logs_in(limited, customer.email, device=device)).status == 429


@pytest.mark.usefixtures("soon_locked")
async def test_a_forged_cookie_is_none(limited: Api, customer: Person) -> None:
    device = await a_device(limited, customer.email)
    name, _, value = device.partition("=")
    at, nonce, seal = value.split(".")
    await locked(limited, customer)
    for forged in (
        f"{at}.{nonce}.{seal[:-4]}AAAA",
        f"{int(at) + 1}.{nonce}.{seal}",
        f"{at}.{nonce[:-2]}AA.{seal}",
        f"{at}.{nonce}",
        f"{at}.{nonce}.",
        f"1e9.{nonce}.{seal}",
        f"{'9' * 5000}.{nonce}.{seal}",
        "é.ü.ö",
        "..",
        "~" * 6000,
        '"' + value,
    ):
        refused = await logs_in(limited, customer.email, device=f"{name}={forged}")
        assert refused.status == 429, forged
    assert (await logs_in(limited, customer.email, device=f"a=b; {device}; x")).status == 200


@pytest.mark.usefixtures("soon_locked")
async def test_one_browser_knows_several_accounts(limited: Api, backend: Backend) -> None:
    several = people(backend.settings, *[Role.USER] * 5)
    device = ""
    for person in [*several, several[-1]]:
        device = await a_device(limited, person.email, before=device)
    for person in several[1:]:
        await locked(limited, person)
        assert (await logs_in(limited, person.email, device=device)).status == 200
    # Four of them.
    await locked(limited, several[0])
    assert (await logs_in(limited, several[0].email, device=device)).status == 429


@pytest.mark.parametrize("public_url", ["", "http://desk.test", "https://desk.test"])
async def test_the_cookie_is_for_the_server_alone(
    backend: Backend, customer: Person, public_url: str
) -> None:
    settings = backend.settings.model_copy(update={"public_url": public_url})
    async with serving(settings) as (_, api):
        morsel = cookie(await logs_in(api, customer.email))
        wrong = await logs_in(api, customer.email, "wrong")
    is_secure = public_url.startswith("https")
    assert morsel.key == ("__Host-device" if is_secure else "device")
    assert morsel["httponly"] is True
    assert morsel["samesite"] == "Lax"
    assert (morsel["secure"] is True) == is_secure
    assert (morsel["path"], morsel["domain"]) == ("/", "")
    assert int(morsel["max-age"]) == 180 * 24 * 3600
    assert "Set-Cookie" not in wrong.headers


@pytest.mark.usefixtures("soon_locked")
async def test_a_change_of_the_key_leaves_the_cookie_good(
    backend: Backend, customer: Person
) -> None:
    before = counting(backend)
    async with serving(before) as (_, api):
        device = await a_device(api, customer.email)
    key = before.jwt_secret_key
    changed = {"jwt_secret_key": key[::-1], "jwt_previous_secret_key": key}
    async with serving(before.model_copy(update=changed)) as (_, api):
        await locked(api, customer)
        assert (await logs_in(api, customer.email, device=device)).status == 200
