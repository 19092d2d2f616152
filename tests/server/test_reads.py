"""What customers read is limited, staff's reads are not."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from limits import parse

from embedded.server import free_port
from models import Role
from server.limits import shared
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.server.conftest import serving

Served = tuple[web.Application, Api]
FEW = parse("3 per hour")


@pytest.fixture
async def application(backend: Backend) -> AsyncIterator[Served]:
    """It counts by itself, so that a slow answer of Redis makes no difference."""
    alone = replace(backend, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    async with serving(alone.settings.model_copy(update={"rate_limits": "on"})) as served:
        yield served


async def asked(api: Api, path: str, person: Person, times: int = 5) -> list[Answer]:
    return [await api.get(path, person) for _ in range(times)]


async def test_searches_are_limited_for_a_customer_and_other_lists_go_on(
    application: Served,
    customer: Person,
    stranger: Person,
    csr: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared, "SEARCH", shared.Limit("search-1", FEW))
    _, api = application
    path = "/users/tickets?q=printer"
    answers = await asked(api, path, customer)
    assert [answer.status for answer in answers] == [200] * 3 + [429] * 2
    refused = answers[-1]
    assert refused.code == "rate_limited"
    assert refused.headers["RateLimit-Limit"] == "3"
    assert int(refused.headers["Retry-After"]) >= 1
    for elsewhere, person in (("/users/tickets", customer), (path, stranger), (path, csr)):
        assert (await api.get(elsewhere, person)).status == 200


async def test_staff_search_as_much_as_they_like(
    application: Served, csr: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "SEARCH", shared.Limit("search-2", FEW))
    monkeypatch.setattr(shared, "COUNT", shared.Limit("count-2", FEW))
    monkeypatch.setattr(shared, "LOOK", shared.Limit("look-2", FEW))
    _, api = application
    for path in ("/csr/tickets?q=printer&count=true", "/users/tickets?q=printer&count=true"):
        assert {answer.status for answer in await asked(api, path, csr)} == {200}


async def test_counts_are_limited_for_a_customer_on_every_list(
    application: Served, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "COUNT", shared.Limit("count-3", FEW))
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    lists = [
        "/users/tickets",
        f"/tickets/{ticket_id}/messages",
        f"/tickets/{ticket_id}/timeline",
        "/notifications",
    ]
    statuses = [(await api.get(f"{path}?count=true", customer)).status for path in lists]
    assert statuses == [200, 200, 200, 429]
    assert {(await api.get(path, customer)).status for path in lists} == {200}


async def test_all_reads_of_a_customer_are_limited_together(
    application: Served, backend: Backend, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "LOOK", shared.Limit("look-4", FEW))
    _, api = application
    (other,) = people(backend.settings, Role.USER)
    ticket_id = (await api.a_ticket(customer))["id"]
    paths = ["/users/tickets", f"/users/tickets/{ticket_id}", "/auth/me", "/notifications"]
    statuses = [(await api.get(path, customer)).status for path in paths]
    assert statuses == [200, 200, 200, 429]
    assert (await api.get("/users/tickets", other)).status == 200
    # Writing goes on.
    posted = await api.post(f"/tickets/{ticket_id}/messages", customer, json={"content": "x"})
    assert posted.status == 201
