"""``ticket_changed`` where the hint of a change was lost."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import structlog
from aiohttp import web
from sqlalchemy import text

from desk.statements import Statement
from desk.tickets import messages
from desk.tickets.changed import MOVED
from desk.tickets.messages import NewMessage
from models import Role
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, a_ticket, database, now, people
from tests.server.conftest import serving
from tests.server.stage import away
from tests.sockets import Client
from wire.messages import TicketMoved


def a_hint(ticket_id: str, seq: int) -> TicketMoved:
    return TicketMoved(UUID(ticket_id), seq, seq)


def say_unheard(backend: Backend, person: Person, ticket_id: str, *, internal: bool) -> None:
    """Posts as a process does that dies before it tells anybody."""
    new = NewMessage(content="anybody?", internal=internal)
    with database(backend.settings) as session:
        messages.post(session, person.actor, UUID(ticket_id), new, now())


async def test_a_look_shows_what_no_hint_told_and_to_the_customer_only_what_is_theirs(
    application: tuple[web.Application, Api],
    backend: Backend,
    customer: Person,
    csr: Person,
) -> None:
    app, api = application
    async with (
        Client(api.url, customer, "websocket") as ann,
        Client(api.url, csr, "websocket") as bob,
    ):
        ticket_id = (await api.a_ticket(customer))["id"]

        def seen(who: Client) -> list[int]:
            return [t["seq"] for t in who.seen["ticket_changed"] if t["id"] == ticket_id]

        await ann.until(lambda: len(seen(ann)) == 1)
        await bob.until(lambda: len(seen(bob)) == 1)
        # It is no more what moved lately.
        with database(backend.settings) as session:
            past = "now() - interval '1 hour'"
            session.execute(
                text(f"update tickets set updated_at = {past}, public_updated_at = {past}")
            )
        await app[SERVICES].ticket_changes.look()
        before = len(seen(ann)), len(seen(bob))
        say_unheard(backend, csr, ticket_id, internal=True)
        await bob.until(lambda: len(seen(bob)) == before[1] + 1)
        say_unheard(backend, csr, ticket_id, internal=False)
        await ann.until(lambda: seen(ann)[-1:] == [2])
        await bob.until(lambda: seen(bob)[-1:] == [3])
        await app[SERVICES].ticket_changes.look()
        marker = (await api.a_ticket(customer))["id"]
        await ann.until(lambda: marker in {t["id"] for t in ann.seen["ticket_changed"]})
        await bob.until(lambda: marker in {t["id"] for t in bob.seen["ticket_changed"]})
        assert (len(seen(ann)), len(seen(bob))) == (before[0] + 1, before[1] + 2)


async def test_what_a_failed_read_kept_from_being_shown_is_shown_when_the_database_is_back(
    make_backend: Callable[[], Backend],
) -> None:
    backend = make_backend()
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    async with serving(backend.settings) as (app, api), Client(api.url, csr, "websocket") as bob:
        ticket_id = (await api.a_ticket(customer))["id"]
        await bob.until(lambda: len(bob.seen["ticket_changed"]) == 1)
        with structlog.testing.capture_logs() as logs, away(backend):
            app[SERVICES].ticket_changes.offer(a_hint(ticket_id, 2))
            await bob.until(lambda: any(line["event"] == "changes not sent" for line in logs))
        await bob.until(lambda: len(bob.seen["ticket_changed"]) == 2)


async def test_a_ticket_that_cannot_be_read_does_not_keep_the_others_from_being_shown(
    make_backend: Callable[[], Backend],
) -> None:
    backend = make_backend()
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    async with serving(backend.settings) as (app, api):
        tickets = [(await api.a_ticket(customer))["id"] for _ in range(5)]
        with database(backend.settings) as session:
            # Later than the driver can say.
            broken = "update tickets set created_at = 'infinity' where id = :id"
            session.execute(text(broken), {"id": tickets[2]})
        async with Client(api.url, csr, "websocket") as bob:
            for ticket_id in tickets:
                app[SERVICES].ticket_changes.offer(a_hint(ticket_id, 2))
            others = {*tickets} - {tickets[2]}
            await bob.until(lambda: {t["id"] for t in bob.seen["ticket_changed"]} == others)


async def test_a_look_reads_what_moved_in_pages_and_all_of_it(
    make_backend: Callable[[], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.live.ticket_changes.MOVED_PAGE", 2)
    backend = make_backend()
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    async with serving(backend.settings) as (app, api):
        changes, fetch, sizes = app[SERVICES].ticket_changes, app[SERVICES].desk.fetch, []

        async def noted(prepared: Statement[Any], **values: Any) -> list[Any]:
            found = await fetch(prepared, **values)
            if prepared is MOVED:
                sizes.append(len(found))
            return found

        monkeypatch.setattr(app[SERVICES].desk, "fetch", noted)
        await changes.look()
        async with Client(api.url, csr, "websocket") as bob:
            with database(backend.settings) as session:
                # All of one moment.
                made = [a_ticket(session, customer.actor).id for _ in range(7)]
                session.execute(text("update tickets set updated_at = now()"))
            await changes.look()
            await bob.until(lambda: len(bob.seen["ticket_changed"]) >= len(made))
        assert {t["id"] for t in bob.seen["ticket_changed"]} == {str(n) for n in made}
        assert max(sizes) == 2
