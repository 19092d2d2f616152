"""A headless Chromium, spoken to over its DevTools protocol."""

import asyncio
import itertools
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # The tests may run as root, and the pages are our own.
    "--no-sandbox",
)
PATIENCE = 30.0


def chromium() -> str:
    """The binary. Without it the test is skipped, or fails where REQUIRE_ALL is set."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("REQUIRE_ALL"):
        pytest.fail("Chromium is missing, and REQUIRE_ALL is set")
    if found is None:
        pytest.skip("Chromium is missing")
    return found


class Page:
    """One tab. ``complaints``: errors and warnings of its console; ``urls``: what it asked for."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._session: str | None = None
        self.complaints: list[str] = []
        self.urls: list[str] = []

    async def open(self, url: str) -> None:
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        for domain in ("Runtime", "Log", "Network", "Page"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)

    async def call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        await self._ws.send_json(message)
        return await asyncio.wait_for(answer, PATIENCE)

    async def evaluate(self, script: str) -> Any:
        answer = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Waits until the expression is true in the page."""
        async with asyncio.timeout(PATIENCE):
            while not await self.evaluate(f"Boolean({condition})"):
                await asyncio.sleep(0.1)

    async def listen(self) -> None:
        async for message in self._ws:
            told = message.json()
            if "id" in told:
                answer = self._waiting.pop(told["id"])
                if not answer.done():
                    answer.set_result(told.get("result", told))
            else:
                self._hear(told["method"], told["params"])

    def _hear(self, event: str, told: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.urls.append(told["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"])[:500])
        elif event == "Runtime.consoleAPICalled" and told["type"] in {"error", "warning", "assert"}:
            self.complaints.append(str(told["args"])[:500])
        elif event == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(told["entry"]["text"])


@asynccontextmanager
async def a_page(url: str, folder: Path) -> AsyncIterator[Page]:
    """A tab with the page, in a browser of its own that is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        chromium(), *OPTIONS, f"--user-data-dir={folder}", stdout=DEVNULL, stderr=PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while b"DevTools listening on " not in (line := await process.stderr.readline()):
                assert line, "Chromium did not start"
        address = line.decode().split()[-1]
        async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as ws:
            page = Page(ws)
            listening = asyncio.create_task(page.listen())
            await page.open(url)
            yield page
            await ws.send_json({"id": 0, "method": "Browser.close"})
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
