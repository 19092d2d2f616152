"""The page that the client's README offers for pasting, in a browser, with a desk elsewhere."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from dev.server import free_port
from tests.browser import a_page
from tests.conftest import ROOT, Backend
from tests.factories import PASSWORD, Person
from tests.node import node
from tests.server.conftest import serving

CLIENT = ROOT / "client"
WHERE = "location.origin; // where the desk is"
LINES = "[...document.querySelectorAll('#timeline li')].map((line) => line.textContent)"


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


def filled_in(form: str, **fields: str) -> str:
    """A script that fills in a form of the page and sends it."""
    sets = [f"f.elements[{json.dumps(n)}].value = {json.dumps(v)};" for n, v in fields.items()]
    return f"(() => {{ const f = document.forms.{form}; {''.join(sets)} f.requestSubmit(); }})()"


async def test_who_signs_in_on_the_page_converses(
    backend: Backend, customer: Person, csr: Person, tmp_path: Path
) -> None:
    node(CLIENT)
    port = free_port()
    settings = backend.settings.model_copy(update={"cors_origins": f"http://127.0.0.1:{port}"})
    async with serving(settings) as (_, api):
        ticket_id = (await api.a_ticket(customer))["id"]
        page = offered()
        assert page.count(WHERE) == 1
        page = page.replace(WHERE, f"{json.dumps(api.url)};")
        async with a_folder_with(page, port) as address, a_page(address, tmp_path) as tab:
            # Only then its script has run.
            await tab.until("document.readyState === 'complete'")
            login = {"email": customer.email, "password": PASSWORD, "ticket": ticket_id}
            await tab.evaluate(filled_in("login", **login))
            await tab.until(f"{LINES}.length === 1")
            await tab.evaluate(filled_in("say", content="Hello from the page"))
            await tab.until(f"{LINES}.length === 2")
            path = f"/tickets/{ticket_id}/messages"
            assert (await api.post(path, csr, json={"content": "Hello, page"})).status == 201
            await tab.until(f"{LINES}.length === 3")
            shown = await tab.evaluate(LINES)
            complaints = list(tab.complaints)
        said = [(event["seq"], event["data"]) for event in (await api.get(path, csr)).json]
    assert [line.strip() for line in shown] == [
        "1 ticket_created",
        "2 message_posted Hello from the page",
        "3 message_posted Hello, page",
    ]
    assert [(seq, data["content"]) for seq, data in said] == [
        (2, "Hello from the page"),
        (3, "Hello, page"),
    ]
    assert complaints == []
