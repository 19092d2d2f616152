"""``python -m bench.web``: how fast the console is, in a real Chromium on a desk of ``--tickets``.

One web process serves; the browser, the servers and what else talks share the machine. Each figure
is shown beside its goal. ``--folder`` keeps the database.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import click
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize
from sqlalchemy import text

from bench.lists import Desk, desks
from bench.page_scripts import BARE, FETCHED, KEY, PAINTED, SCROLL, USABLE, WATCH_KEYS
from desk.access import Actor
from tests.browser import a_browser, sign_in
from tests.factories import PASSWORD

NOISE_PER_SECOND = 20
NOISY_TICKETS = 50
LONG, EVENTS, ROWS = 500, 10_000, 20_000
AT_ONCE = 8
WIDE = ViewportSize(width=1400, height=900)


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    unit: str
    # None: shown beside another.
    goal: float | None
    values: Sequence[float]
    # Of the values in order, where the figure is: 0.5 the median, 1 the greatest.
    at: float

    @property
    def found(self) -> float:
        ordered = sorted(self.values)
        return ordered[min(int(self.at * len(ordered)), len(ordered) - 1)]

    def __str__(self) -> str:
        middle = statistics.median(self.values)
        verdict = "" if self.goal is None else "met" if self.found <= self.goal else "missed"
        return (
            f"{self.name:58}{self.found:9.2f}{self.goal or '':>9} {self.unit:6}"
            f"{middle:9.2f}  {len(self.values):4}  {verdict}"
        )


@dataclass(frozen=True, slots=True)
class Bench:
    browser: Browser
    desk: Desk
    http: aiohttp.ClientSession

    async def context(self, **options: Any) -> BrowserContext:
        return await self.browser.new_context(
            base_url=self.desk.url, viewport=WIDE, locale="en-GB", **options
        )

    async def signed_in(self, actor: Actor) -> BrowserContext:
        context = await self.context()
        page = await context.new_page()
        await page.goto("/login")
        await sign_in(page, self._email(actor), PASSWORD)
        await page.wait_for_url(lambda url: "/login" not in url)
        await page.close()
        return context

    def _email(self, actor: Actor) -> str:
        found = text("select email from users where id = :id")
        return str(self.desk.connection.scalar(found, {"id": actor.id}))

    async def post(self, actor: Actor, ticket_id: UUID, content: str) -> None:
        await self._ask(actor, f"/tickets/{ticket_id}/messages", {"content": content})

    async def open_ticket(self, title: str) -> dict[str, Any]:
        new = {"title": title, "description": title, "category": "technical", "type": "bug"}
        return await self._ask(self.desk.people.customer, "/users/tickets", new)

    async def _ask(self, actor: Actor, path: str, body: object) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.desk.tokens[actor]}"}
        url = f"{self.desk.url}/api/v1{path}"
        async with self.http.post(url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            said: dict[str, Any] = await answer.json()
            return said

    @asynccontextmanager
    async def noise(self) -> AsyncIterator[None]:
        """Messages in other tickets, so many a second."""
        ids = self.desk.connection.scalars(
            text(
                "select id from tickets where status in ('open', 'in_progress') "
                f"order by created_at desc limit {NOISY_TICKETS}"
            )
        ).all()

        async def talk() -> None:
            for number, ticket_id in zip(count(), cycle(ids), strict=False):
                await self.post(self.desk.people.csr, ticket_id, f"noise {number}")
                await asyncio.sleep(1 / NOISE_PER_SECOND)

        talking = asyncio.create_task(talk())
        try:
            yield
        finally:
            talking.cancel()
            with suppress(asyncio.CancelledError):
                await talking


async def cold_visits(bench: Bench, rounds: int) -> list[Figure]:
    """The console from nothing, but for the session, beside a bare page that reads the same."""
    context = await bench.signed_in(bench.desk.people.csr)
    state = await context.storage_state()
    await context.close()
    usable, bare = [], []
    token = bench.desk.tokens[bench.desk.people.csr]
    for _ in range(rounds):
        context = await bench.context(storage_state=state)
        page = await context.new_page()
        await page.goto("/desk/open", wait_until="commit")
        usable.append(await page.evaluate(USABLE))
        urls = await page.evaluate(FETCHED)
        # The session's cookie has moved on.
        state = await context.storage_state()
        await context.close()
        context = await bench.context(bypass_csp=True)
        page = await context.new_page()
        assets = [url for url in urls if "/api/" not in url and "/web/session" not in url]
        calls = [url for url in urls if "/api/v1/csr/" in url][:2]
        await page.goto("/health/live", wait_until="commit")
        bare.append(await page.evaluate(BARE, {"assets": assets, "calls": calls, "token": token}))
        await context.close()
    ratio = statistics.median(usable) / statistics.median(bare)
    return [
        Figure("cold visit to a usable list, of a bare page's time", "times", 1.5, [ratio], 0.5),
        Figure("… in itself", "ms", None, usable, 0.5),
        Figure("… the bare page", "ms", None, bare, 0.5),
    ]


async def messages(bench: Bench, rounds: int) -> list[Figure]:
    """From Enter in one browser to the paint in the other, both ways, while others talk."""
    ticket = await bench.open_ticket("How fast is an answer?")
    staff = await bench.signed_in(bench.desk.people.csr)
    customer = await bench.signed_in(bench.desk.people.customer)
    agent_page, customer_page = await staff.new_page(), await customer.new_page()
    await agent_page.goto(f"/desk/tickets/{ticket['number']}")
    await customer_page.goto(f"/tickets/{ticket['number']}")
    sides: Sequence[tuple[str, Page, str, Page]] = (
        ("agent to customer", agent_page, "Reply", customer_page),
        ("customer to agent", customer_page, "Message", agent_page),
    )
    for _, page, _, _ in sides:
        await page.evaluate(WATCH_KEYS)
    took: dict[str, list[float]] = {name: [] for name, *_ in sides}
    async with bench.noise():
        for number in range(rounds):
            for name, page, label, other in sides:
                said = f"word {number} {name}"
                await page.get_by_role("textbox", name=label, exact=True).fill(said)
                painted = asyncio.create_task(other.evaluate(PAINTED, said))
                await page.keyboard.press("Control+Enter")
                took[name].append(await painted - await page.evaluate(KEY))
    await staff.close()
    await customer.close()
    return [
        Figure(f"Enter to paint, {name}, p95", "ms", 100, values, 0.95)
        for name, values in took.items()
    ]


async def openings(bench: Bench, rounds: int) -> list[Figure]:
    """A ticket of 500 events, from the key to the paint of its last message."""
    ticket = await bench.open_ticket("A long conversation")
    csr = bench.desk.people.csr
    for number in range(LONG - 1):
        await bench.post(csr, UUID(ticket["id"]), f"line {number} of it")
    context = await bench.signed_in(csr)
    page = await context.new_page()
    took = []
    for _ in range(rounds):
        await page.goto(f"/desk/open?q=%23{ticket['number']}")
        await page.evaluate(WATCH_KEYS)
        link = page.get_by_role("list", name="Tickets").get_by_role(
            "link", name="A long conversation"
        )
        await link.first.focus()
        painted = asyncio.create_task(page.evaluate(PAINTED, f"line {LONG - 2} of it"))
        await page.keyboard.press("Enter")
        took.append(await painted - await page.evaluate(KEY))
    await context.close()
    return [Figure("opening a ticket of 500 events, p95", "ms", 150, took, 0.95)]


async def scrolling(bench: Bench, _: int) -> list[Figure]:
    context = await bench.signed_in(bench.desk.people.csr)
    page = await context.new_page()
    await page.goto("/desk/closed")
    await page.evaluate(USABLE)
    found = await page.evaluate(SCROLL, ROWS)
    await context.close()
    return [
        Figure(
            f"scrolling {found['seen']:,} rows, longest frame", "ms", 50, found["frames"][1:], 1
        ),
        Figure("… p99", "ms", 50, found["frames"][1:], 0.99),
    ]


async def an_hour(bench: Bench, _: int) -> list[Figure]:
    """What 10,000 events in other tickets leave in the tab's memory."""
    context = await bench.signed_in(bench.desk.people.csr)
    page = await context.new_page()
    await page.goto("/desk/open")
    await page.evaluate(USABLE)
    tools = await context.new_cdp_session(page)

    async def heap() -> float:
        await tools.send("HeapProfiler.collectGarbage")
        used = await tools.send("Runtime.getHeapUsage")
        return float(used["usedSize"]) / 1e6

    before = await heap()
    ids = bench.desk.connection.scalars(
        text("select id from tickets where status in ('open', 'in_progress') limit 3000")
    ).all()
    left = iter(range(EVENTS))

    async def talk() -> None:
        for number in left:
            await bench.post(bench.desk.people.csr, ids[number % len(ids)], f"event {number}")

    await asyncio.gather(*(talk() for _ in range(AT_ONCE)))
    await page.evaluate("() => new Promise((done) => setTimeout(done, 2000))")
    grown = await heap() - before
    await context.close()
    return [Figure("an hour's 10,000 events, growth of the heap", "MB", 20, [grown], 1)]


GROUPS: dict[str, Callable[[Bench, int], Awaitable[list[Figure]]]] = {
    "cold": cold_visits,
    "messages": messages,
    "opening": openings,
    "scrolling": scrolling,
    "heap": an_hour,
}


async def run(desk: Desk, only: Sequence[str], rounds: int) -> None:
    async with a_browser() as browser, aiohttp.ClientSession() as http:
        bench = Bench(browser, desk, http)
        click.echo(f"{'':58}{'found':>9}{'goal':>9} {'unit':6}{'p50':>9}  {'of':>4}")
        for name in only or GROUPS:
            for figure in await GROUPS[name](bench, rounds):
                click.echo(str(figure))


@click.command()
@click.option("--tickets", type=int, default=100_000, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Keeps the database for next time.")
@click.option("--rounds", default=50, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(list(GROUPS)))
def main(tickets: int, folder: Path | None, rounds: int, only: tuple[str, ...]) -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        desks(folder or Path(temporary), (tickets,)) as (desk,),
    ):
        asyncio.run(run(desk, only, rounds))


if __name__ == "__main__":
    sys.exit(main())
