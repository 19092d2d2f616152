"""The page that the client's README offers for pasting, in a browser, with a desk elsewhere."""

import dataclasses
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web
from playwright.async_api import Page, expect

from desk.accounts import sessions
from embedded.server import free_port
from models import AuthSession
from server.identity.tokens import Tokens
from tests.browser import Tab
from tests.conftest import ROOT, Backend
from tests.factories import PASSWORD, Person, database, now
from tests.node import node
from tests.server.conftest import serving

CLIENT = ROOT / "client"
WHERE = "location.origin; // where the desk is"
LINES = "#timeline li"


def offered() -> str:
    (page,) = re.findall(r"```html\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    assert isinstance(page, str)
    return page


@asynccontextmanager
async def a_folder_with(page: str, port: int) -> AsyncIterator[str]:
    """Serves the page beside both packages, as the README says; its address."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    async def nothing(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_get("/favicon.ico", nothing)
    for name, folder in (
        ("ticket-desk-client", CLIENT),
        ("socket.io-client", CLIENT / "node_modules" / "socket.io-client"),
    ):
        app.router.add_static(f"/node_modules/{name}/", folder)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def send_form(page: Page, name: str, **fields: str) -> None:
    form = page.locator(f"form#{name}, form[name={name}]")
    for field, value in fields.items():
        await form.locator(f"[name={field}]").fill(value)
    await form.locator("button").click()


async def test_who_signs_in_on_the_page_converses(
    backend: Backend, customer: Person, csr: Person, tab: Tab
) -> None:
    node(CLIENT)
    port = free_port()
    settings = backend.settings.model_copy(update={"cors_origins": f"http://127.0.0.1:{port}"})
    async with serving(settings) as (_, api):
        ticket_id = (await api.a_ticket(customer))["id"]
        html = offered()
        assert html.count(WHERE) == 1
        html = html.replace(WHERE, f"{json.dumps(api.url)};")
        async with a_folder_with(html, port) as address:
            # Its script has run when this comes back.
            await tab.page.goto(address)
            lines = tab.page.locator(LINES)
            login = {"email": customer.email, "password": PASSWORD, "ticket": ticket_id}
            await send_form(tab.page, "login", **login)
            await expect(lines).to_have_count(1)
            await send_form(tab.page, "say", content="Hello from the page")
            await expect(lines).to_have_count(2)
            path = f"/tickets/{ticket_id}/messages"
            assert (await api.post(path, csr, json={"content": "Hello, page"})).status == 201
            await expect(lines).to_have_text(
                [
                    "1 ticket_created",
                    "2 message_posted Hello from the page",
                    "3 message_posted Hello, page",
                ]
            )
            assert tab.complaints == []
        posted = (await api.get(path, csr)).json
    assert [(event["seq"], event["data"]["content"]) for event in posted] == [
        (2, "Hello from the page"),
        (3, "Hello, page"),
    ]


TABS = """<!doctype html>
<meta charset="utf-8">
<title>Tabs</title>
<script type="importmap">
  {
    "imports": {
      "socket.io-client": "./node_modules/socket.io-client/dist/socket.io.esm.min.js",
      "ticket-desk-client": "./node_modules/ticket-desk-client/index.js"
    }
  }
</script>
<script type="module">
  import { DeskClient } from "ticket-desk-client";

  window.connected = window.out = 0;
  window.begin = (url, tokens) => {
    const client = new DeskClient({ url, tokens, storage: localStorage });
    client.on("connected", () => connected++);
    client.on("signed_out", () => out++);
    return client;
  };
</script>
"""


async def test_in_a_browser_one_of_many_refreshes_and_signing_out_leaves_nothing(
    backend: Backend, customer: Person, tab: Tab
) -> None:
    """With the locks and the storage of Chromium."""
    node(CLIENT)
    port = free_port()
    settings = backend.settings.model_copy(update={"cors_origins": f"http://127.0.0.1:{port}"})
    at = now() - timedelta(hours=2)
    with database(settings) as session:
        issued = sessions.open_session(session, customer.id, timedelta(days=1), at)
    pair = json.dumps(dataclasses.asdict(Tokens(settings).pair(issued, at)))
    async with (
        serving(settings) as (_, api),
        a_folder_with(TABS, port) as address,
    ):
        await tab.page.goto(address)
        await tab.until("window.begin")
        begin = f"begin({json.dumps(api.url)}, {pair})"
        await tab.page.evaluate(f"window.all = Array.from({{length: 5}}, () => {begin}); 0")
        await tab.until("connected === 5")
        refreshes = [url for url in tab.urls if url.endswith("/auth/refresh")]
        assert await tab.page.evaluate("Object.keys(localStorage).length") == 1
        with database(settings) as session:
            assert session.get_one(AuthSession, issued.session_id).generation == 1
        await tab.page.evaluate("all[0].signOut()")
        await tab.until("out === 5")
        assert await tab.page.evaluate("Object.keys(localStorage)") == []
    # A request that is preceded by a preflight is told of once or twice.
    assert 1 <= len(refreshes) <= 2
