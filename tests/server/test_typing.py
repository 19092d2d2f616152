"""The end of typing, which the server decides."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from aiohttp import web

from models import Role
from server.live import typists
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people
from tests.sockets import Client

Application = tuple[web.Application, Api]


@dataclass
class Talk:
    """Ann, a customer, types; Bob hears it through another process."""

    ann: Client
    bob: Client
    here: Api
    there: Api
    customer: Person
    ticket_id: str

    async def types(self, **more: bool) -> None:
        said = {"ticket_id": self.ticket_id, "active": True} | more
        assert (await self.ann.call("typing", said))["ok"]

    @property
    def heard(self) -> list[bool]:
        return [said["active"] for said in self.bob.seen["typing"]]


@pytest.fixture
async def talk(
    application: Application, another: Application, backend: Backend
) -> AsyncIterator[Talk]:
    (_, here), (_, there) = application, another
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    ticket_id = (await here.a_ticket(customer))["id"]
    async with AsyncExitStack() as stack:
        ann = await stack.enter_async_context(Client(here.url, customer, "websocket"))
        bob = await stack.enter_async_context(Client(there.url, csr, "websocket"))
        await ann.join(ticket_id)
        await bob.join(ticket_id)
        yield Talk(ann, bob, here, there, customer, ticket_id)


async def says_so(talk: Talk) -> None:
    await talk.types(active=False)


async def posts(talk: Talk) -> None:
    await talk.ann.say(talk.ticket_id, "hello")


async def posts_through_another_process(talk: Talk) -> None:
    path = f"/tickets/{talk.ticket_id}/messages"
    assert (await talk.there.post(path, talk.customer, json={"content": "x"})).status == 201


async def leaves(talk: Talk) -> None:
    await talk.ann.call("leave_ticket", {"ticket_id": talk.ticket_id})


async def is_lost(talk: Talk) -> None:
    await talk.ann.sio.eio.ws.close()


async def signs_out(talk: Talk) -> None:
    await talk.here.post("/auth/logout_all", talk.customer)


ENDS = [says_so, posts, posts_through_another_process, leaves, is_lost, signs_out]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_typing_ends_for_the_others(
    talk: Talk, end: Callable[[Talk], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typists, "SILENCE_SECONDS", 3600.0)
    await talk.types()
    await talk.bob.until(lambda: talk.heard == [True])
    await end(talk)
    await talk.bob.until(lambda: talk.heard == [True, False])
    assert talk.bob.seen["typing"][1]["user_id"] == str(talk.customer.id)


async def test_typing_that_is_not_repeated_ends_once(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typists, "SILENCE_SECONDS", 0.2)
    await talk.types()
    await talk.types()
    await talk.bob.until(lambda: talk.heard == [True, True, False])
    await talk.ann.say(talk.ticket_id, "hello")
    await talk.bob.until_shown(2)
    assert talk.heard == [True, True, False]


async def test_nobody_is_told_of_an_end_without_a_beginning(talk: Talk) -> None:
    await talk.types(active=False)
    await talk.types()
    await talk.bob.until(lambda: bool(talk.heard))
    assert talk.heard == [True]


async def test_typing_ends_though_the_process_behind_it_says_no_more(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process of those who are shown it counts, too."""
    monkeypatch.setattr(typists, "SILENCE_SECONDS", 3600.0)
    monkeypatch.setattr(typists, "GRACE_SECONDS", 0.2 - 3600)
    await talk.types()
    await talk.types()
    await talk.bob.until(lambda: talk.heard == [True, True, False])


async def test_who_counts_for_another_process_does_not_tell_the_end_twice(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typists, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(typists, "GRACE_SECONDS", -0.1)
    await talk.types()
    await talk.bob.until(lambda: talk.heard == [True, False])
    monkeypatch.setattr(typists, "GRACE_SECONDS", 3600.0)
    await talk.types()
    await talk.bob.until(lambda: talk.heard == [True, False, True, False])


def test_typing_lasts_six_seconds() -> None:
    assert typists.SILENCE_SECONDS == 6.0
