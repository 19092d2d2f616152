"""What Prometheus is told."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

import server.metrics
from models import Role
from server.metrics import Metrics
from server.routes import metrics
from server.services import SERVICES
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.server.conftest import serving
from tests.sockets import Client
from tests.waiting import until


@pytest.fixture(autouse=True)
def _made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.metrics, "FRESH_SECONDS", 0.0)


Samples = dict[tuple[str, ...], float]


def parsed(text: str) -> Samples:
    """Values by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


async def scraped(api: Api) -> Samples:
    async with api.http.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return parsed(await answer.text())


async def test_requests_and_events_are_counted_by_names_of_ours(
    api: Api, web_url: str, customer: Person
) -> None:
    opened = ("desk_http_request_seconds_count", "POST", "/api/v1/users/tickets", "201")
    missed = ("desk_http_request_seconds_count", "GET", "/api/v1/users/tickets/{ticket_id}", "404")
    posted = ("desk_socket_event_seconds_count", "post_message", "ok")
    refused = ("desk_socket_event_seconds_count", "unknown", "unknown_event")
    before = await scraped(api)
    async with Client(web_url, customer) as client:
        ticket = await api.a_ticket(customer)
        await client.join(ticket["id"])
        await client.say(ticket["id"], "Hello?")
        await client.call("an event that there is not", {})
        await api.get("/users/tickets/no-such-ticket", customer)
        after = await scraped(api)
        assert after[("desk_sockets",)] >= 1
        assert after[("desk_rooms",)] >= 1
    for name in (opened, missed, posted, refused):
        assert after[name] == before.get(name, 0) + 1


async def test_it_is_told_that_redis_is_heard(api: Api) -> None:
    async def is_heard() -> bool:
        return (await scraped(api))[("desk_redis_subscribed",)] == 1

    await until(is_heard)


async def test_what_waits_is_told(api: Api, backend: Backend) -> None:
    (customer,) = people(backend.settings, Role.USER)
    before = (await scraped(api))[("desk_tickets_waiting",)]
    await api.a_ticket(customer)
    after = await scraped(api)
    assert after[("desk_tickets_waiting",)] == before + 1
    assert after[("desk_tickets_waiting_seconds",)] > 0


def test_without_a_database_the_rest_is_told() -> None:
    metrics = Metrics()
    metrics.request("GET", "/api/v1/me", 503, 0.1)
    told = parsed(metrics.text(None).decode())
    assert ("desk_http_request_seconds_count", "GET", "/api/v1/me", "503") in told
    assert ("desk_tickets_waiting",) not in told


@pytest.fixture
async def tokened(backend: Backend) -> AsyncIterator[Api]:
    settings = backend.settings.model_copy(update={"metrics_token": "a token of its own"})
    async with serving(settings) as (_, api):
        yield api


async def asked(api: Api, **headers: str) -> tuple[int, str]:
    async with api.http.get("/metrics", headers=headers) as answer:
        answered = Answer(answer.status, answer.headers, await answer.read())
    return answered.status, answered.code if answered.status >= 400 else ""


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_without_a_token_nobody_asks_through_a_proxy(api: Api, header: str) -> None:
    assert await asked(api) == (200, "")
    assert await asked(api, **{header: "127.0.0.1"}) == (403, "metrics_refused")


async def test_without_a_token_nobody_asks_from_elsewhere(api: Api) -> None:
    for remote, near in (("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), (None, False)):
        request = make_mocked_request("GET", "/metrics").clone(remote=remote or "")
        assert metrics._is_near(request) is near


async def test_with_a_token_it_is_asked_for(tokened: Api, csr: Person) -> None:
    assert await asked(tokened) == (401, "not_authenticated")
    for wrong in ("wrong", csr.token, "é"):
        assert await asked(tokened, Authorization=f"Bearer {wrong}") == (401, "invalid_token")
    right = {"Authorization": "Bearer a token of its own", "X-Forwarded-For": "192.0.2.1"}
    assert await asked(tokened, **right) == (200, "")


async def test_who_asks_at_once_shares_one_answer_that_is_made_off_the_loop(
    application: tuple[web.Application, Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, api = application
    monkeypatch.setattr(server.metrics, "FRESH_SECONDS", 1000.0)
    made_in: list[int] = []
    make = app[SERVICES].metrics.text

    def counted(*args: Any) -> bytes:
        made_in.append(threading.get_ident())
        return make(*args)

    monkeypatch.setattr(app[SERVICES].metrics, "text", counted)
    answers = await asyncio.gather(*[asked(api) for _ in range(40)])
    assert {status for status, _ in answers} == {200}
    assert len(made_in) == 1
    assert made_in != [threading.get_ident()]
