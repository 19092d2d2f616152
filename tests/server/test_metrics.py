"""What Prometheus is told."""

from prometheus_client.parser import text_string_to_metric_families

from models import Role
from server.metrics import Metrics
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.sockets import Client

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
    assert after[("desk_redis_subscribed",)] == 1


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
