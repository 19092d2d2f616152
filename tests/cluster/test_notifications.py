"""Live notifications between processes."""

from collections.abc import Callable

from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import people
from tests.sockets import Client


def kinds(client: Client) -> list[str]:
    return [notification["kind"] for notification in client.seen["notification"]]


async def test_a_person_hears_of_it_on_every_process_whether_web_or_worker_tells(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(webs=2, workers=1)
    here, there = cluster.urls
    customer, csr, stranger = people(cluster.settings, Role.USER, Role.CSR, Role.USER)
    async with (
        Api(here) as api,
        Client(here, csr) as at_here,
        Client(there, csr) as at_there,
        Client(there, customer) as asking,
        Client(here, stranger) as other,
    ):
        # By the worker.
        ticket_id = (await api.a_ticket(customer))["id"]
        await at_here.until(lambda: kinds(at_here) == ["assigned"])
        await at_there.until(lambda: kinds(at_there) == ["assigned"])
        # By the web processes.
        await asking.say(ticket_id, "hello?")
        await at_here.until(lambda: kinds(at_here) == ["assigned", "message_posted"])
        await at_there.until(lambda: kinds(at_there) == ["assigned", "message_posted"])
        await at_here.say(ticket_id, "hello!")
        await asking.until(lambda: kinds(asking) == ["message_posted"])
        inbox = (await api.get("/notifications", csr)).json
    assert at_here.seen["notification"] == at_there.seen["notification"]
    assert inbox == at_here.seen["notification"][::-1]
    assert kinds(other) == []
