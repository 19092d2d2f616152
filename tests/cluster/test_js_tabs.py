"""Tabs of one browser with our JavaScript client, against a real server."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from embedded.server import free_port
from models import AuthSession, Role
from tests.api import Api
from tests.cluster.conftest import Cluster, clusters
from tests.cluster.scripted import browser, dumped, signed_in, truth
from tests.conftest import Backend
from tests.factories import Person, database, people


@pytest.fixture(scope="module")
def cluster(
    make_backend: Callable[[], Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    with clusters(make_backend, tmp_path_factory.mktemp("logs")) as start:
        yield start(webs=1, environment={"ACCESS_TOKEN_EXPIRE_MINUTES": "1"})


@pytest.fixture
async def a_ticket(cluster: Cluster) -> tuple[Person, str]:
    (customer,) = people(cluster.settings, Role.USER)
    async with Api(cluster.urls[0]) as api:
        return customer, (await api.a_ticket(customer))["id"]


async def test_a_second_tab_does_not_end_the_session_that_the_first_has_refreshed(
    cluster: Cluster, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    pair, session_id = signed_in(cluster, customer, timedelta(minutes=5))
    async with browser() as tabs:
        tabs.tell(do="open", tab="first", url=cluster.urls[0], **dumped(pair))
        await tabs.until_seen("connected")
        # As if that refresh was longer ago than the grace for a spent token.
        with database(cluster.settings) as session:
            stored = session.get_one(AuthSession, session_id)
            assert stored.generation == 1
            stored.issued = [at - timedelta(seconds=40) for at in stored.issued]
        tabs.tell(do="open", tab="second", url=cluster.urls[0], **dumped(pair))
        await tabs.until_seen("connected", 2)
        for name in ("first", "second"):
            tabs.tell(do="send", tab=name, ticket_id=ticket_id, content=name)
        await tabs.until_seen("stored", 2)
        assert not tabs.seen["signed_out"]
    with database(cluster.settings) as session:
        stored = session.get_one(AuthSession, session_id)
        assert (stored.generation, stored.ended_at) == (1, None)


async def test_what_two_tabs_wrote_offline_and_left_is_sent_by_a_third_to_the_last_message(
    cluster: Cluster, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    tokens = dumped(customer.tokens)
    async with browser() as tabs:
        for name in ("one", "two"):
            tabs.tell(do="open", tab=name, url=f"http://127.0.0.1:{free_port()}", **tokens)
        for n in range(3):
            for name in ("one", "two"):
                tabs.tell(do="send", tab=name, ticket_id=ticket_id, content=f"{name} {n}")
        for name in ("one", "two"):
            tabs.tell(do="leave", tab=name, ticket_id=ticket_id)
            tabs.tell(do="close", tab=name)
        await tabs.until_seen("not_stored", 6)
        tabs.tell(do="open", tab="three", url=cluster.urls[0], **tokens)
        await tabs.until(lambda: len(truth(cluster, ticket_id)) == 7)
        tabs.tell(do="signOut", tab="three")
        await tabs.until_seen("signed_out")
        tabs.tell(do="kept")
        await tabs.until_seen("kept")
        assert tabs.seen["kept"][0]["names"] == []
    said = [content for _, content in truth(cluster, ticket_id) if content]
    for name in ("one", "two"):
        assert [content for content in said if content.startswith(name)] == [
            f"{name} {n}" for n in range(3)
        ]


async def test_what_was_written_before_a_ticket_was_left_is_stored(
    cluster: Cluster, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    async with browser() as tabs:
        tabs.tell(do="open", tab="one", url=cluster.urls[0], **dumped(customer.tokens))
        tabs.tell(do="send", tab="one", ticket_id=ticket_id, content="and off")
        tabs.tell(do="leave", tab="one", ticket_id=ticket_id)
        await tabs.until_seen("stored")
    assert truth(cluster, ticket_id) == [(1, None), (2, "and off")]
