"""Rate limits: counted together over Redis, alone without it, and for the right address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest
import structlog
from limits import parse

from desk.errors import RateLimited
from embedded.server import free_port
from server.limits import shared
from server.limits.addresses import client_address, network
from server.limits.shared import RateLimits
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person
from tests.server.conftest import serving


@pytest.fixture(scope="module")
async def limited(backend: Backend) -> AsyncIterator[Api]:
    """A process that counts; those of the other tests do not."""
    settings = backend.settings.model_copy(update={"rate_limits": "on"})
    async with serving(settings) as (_, api):
        yield api


TEN = shared.WRONG_PASSWORD_HERE
MANY = shared.POST


async def test_guessing_is_stopped_even_with_the_right_password(
    limited: Api, customer: Person
) -> None:
    login = {"email": customer.email, "password": "wrong"}
    statuses = [(await limited.post("/auth/login", json=login)).status for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    refused = await limited.post("/auth/login", json=login | {"password": PASSWORD})
    assert refused.code == "rate_limited"
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["RateLimit-Limit"] == "10"
    assert refused.headers["RateLimit-Remaining"] == "0"


async def test_guesses_at_once_get_no_further_than_guesses_in_a_row(
    backend: Backend, customer: Person
) -> None:
    """The limit is asked before bcrypt and counted after it: here everybody has asked already.

    Counted in the process, so that a slow answer of Redis makes no difference.
    """
    cut_off = replace(backend, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    login = {"email": customer.email, "password": "wrong"}
    settings = cut_off.settings.model_copy(update={"rate_limits": "on"})
    async with serving(settings) as (_, api):
        wrong = [api.post("/auth/login", json=login) for _ in range(30)]
        right = [api.post("/auth/login", json=login | {"password": PASSWORD}) for _ in range(5)]
        answers = await asyncio.gather(*wrong, *right)
    assert [answer.status for answer in answers].count(401) == 10
    assert {answer.status for answer in answers[-5:]} == {429}


async def test_answers_say_what_is_left(limited: Api, customer: Person) -> None:
    ticket_id = (await limited.a_ticket(customer))["id"]
    left = []
    for _ in range(2):
        answer = await limited.post(
            f"/tickets/{ticket_id}/messages", customer, json={"content": "x"}
        )
        left.append(int(answer.headers["RateLimit-Remaining"]))
    assert left[1] < left[0] < int(answer.headers["RateLimit-Limit"])


@pytest.fixture
async def counting() -> AsyncIterator[Callable[..., RateLimits]]:
    """Makes limits as a process of its own has them."""
    made: list[RateLimits] = []

    def make(backend: Backend, **settings: str) -> RateLimits:
        on = {"rate_limits": "on"} | settings
        made.append(RateLimits(backend.settings.model_copy(update=on)))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def test_processes_count_together(
    backend: Backend, counting: Callable[..., RateLimits]
) -> None:
    one, other = counting(backend), counting(backend)
    for n in range(10):
        await (one, other)[n % 2].spend(TEN, "together")
    with pytest.raises(RateLimited):
        await one.spend(TEN, "together")
    with pytest.raises(RateLimited):
        await other.require(TEN, "together")


async def spent(who: str, *limits: RateLimits) -> int:
    """How often they may spend in turn, of a limit that is asked for in parts of six."""
    for n in range(MANY.item.amount + 1):
        try:
            await limits[n % len(limits)].spend(MANY, who)
        except RateLimited:
            return n
    raise AssertionError("no limit")


async def test_what_a_process_has_in_hand_is_counted_with_the_others(
    backend: Backend, counting: Callable[..., RateLimits]
) -> None:
    one, other = counting(backend), counting(backend)
    assert await spent("alone", one) == MANY.item.amount
    with pytest.raises(RateLimited):
        await other.spend(MANY, "alone")
    assert MANY.item.amount - 5 <= await spent("together", one, other) <= MANY.item.amount
    with pytest.raises(RateLimited):
        await one.hit(MANY, "together")


async def test_without_redis_a_process_counts_alone(
    backend: Backend, counting: Callable[..., RateLimits]
) -> None:
    cut_off = replace(backend, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    alone = counting(cut_off)
    for _ in range(10):
        await alone.spend(TEN, "alone")
    with pytest.raises(RateLimited):
        await alone.spend(TEN, "alone")
    await counting(cut_off).spend(TEN, "alone")


async def test_that_redis_is_away_is_said_once_however_many_waited(
    backend: Backend, counting: Callable[..., RateLimits]
) -> None:
    alone = counting(replace(backend, redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    with structlog.testing.capture_logs() as said:
        await asyncio.gather(*(alone.spend(TEN, "together") for _ in range(5)))
    assert [line["event"] for line in said] == ["limits are counted here alone"]


async def test_limits_can_be_off(backend: Backend, counting: Callable[..., RateLimits]) -> None:
    off = counting(backend, rate_limits="off")
    for _ in range(20):
        assert await off.hit(TEN, "off") == {}


PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # No proxy of ours said so.
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["rubbish"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.9:4711, 10.0.0.2:80"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8:1:2:3::5]:4711"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ['"[2001:db8:1:2:3::5]"'], "2001:db8:1:2::/64"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("", ["203.0.113.9"], ""),
        ("2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("::1", ["2001:db8:1:2:3::5"], "2001:db8:1:2::/64"),
    ],
)
def test_the_address_is_the_nearest_that_is_no_proxy_of_ours(
    peer: str, forwarded: list[str], address: str
) -> None:
    assert client_address(PROXIES, peer, ",".join(forwarded)) == address


async def asked(api: Api, path: str, person: Person | None, body: object, times: int) -> list[int]:
    return [(await api.post(path, person, json=body)).status for _ in range(times)]


async def test_opening_is_limited_for_a_customer_and_not_for_staff(
    limited: Api, customer: Person, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "OPEN", shared.Limit("open", parse("3 per hour")))
    new = {"title": "t", "description": "d", "category": "c", "type": "t"}
    assert await asked(limited, "/users/tickets", customer, new, 5) == [201] * 3 + [429] * 2
    assert await asked(limited, "/users/tickets", csr, new, 5) == [201] * 5


async def test_refreshes_and_log_outs_are_limited_by_address(
    limited: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "TOKENS", shared.Limit("tokens-2", parse("3 per hour")))
    body = {"refresh_token": "x"}
    assert await asked(limited, "/auth/refresh", None, body, 2) == [401] * 2
    assert await asked(limited, "/auth/logout", None, body, 3) == [400, 429, 429]


async def test_the_right_password_in_a_loop_is_limited(
    limited: Api, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "PASSWORD", shared.Limit("password-2", parse("2 per hour")))
    body = {"current_password": PASSWORD, "new_password": PASSWORD}
    assert await asked(limited, "/auth/password", customer, body, 3) == [204, 204, 429]


@pytest.mark.parametrize(
    ("address", "wider"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("", ""),
        ("rubbish", ""),
    ],
)
def test_what_is_noted_of_an_address_is_its_network(address: str, wider: str) -> None:
    assert network(address) == wider
