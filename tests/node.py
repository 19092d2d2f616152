"""The real JavaScript socket.io-client, in a Node process of its own."""

import asyncio
import itertools
import json
import os
import shutil
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from tests import contract
from tests.conftest import ROOT
from tests.factories import Person
from tests.sockets import Talker
from tests.waiting import PATIENCE

FOLDER = ROOT / "tests" / "js"
LONGEST_LINE = 1024 * 1024


def node(folder: Path = FOLDER) -> str:
    """The Node binary. Without it the test is skipped, or fails where REQUIRE_ALL is set."""
    found = shutil.which("node")
    installed = (folder / "node_modules" / "socket.io-client").is_dir()
    if found and installed:
        return found
    name = folder.relative_to(ROOT)
    missing = f"{name}/node_modules (npm ci in {name})" if found else "Node"
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"{missing} is missing, and REQUIRE_ALL is set")
    pytest.skip(f"{missing} is missing")


class JsClient(Talker):
    """``JsClient(url, person)`` has the stock client's default options; ``options`` add to them.

    ``transports`` names those it used, in order; ``lives`` what became of the connection.
    """

    def __init__(self, url: str, person: Person | str, **options: Any) -> None:
        super().__init__(url, person)
        self._options = options
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ids = itertools.count()
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self.transports: list[str] = []
        self.lives: list[dict[str, Any]] = []

    async def open(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            node(), "client.mjs", stdin=PIPE, stdout=PIPE, cwd=FOLDER, limit=LONGEST_LINE
        )
        self._reader = asyncio.create_task(self._read(self._process))
        self._tell({"url": self._url, "token": self._token, "options": self._options})
        await self.until(lambda: bool(self.lives))
        assert self.lives[0]["on"] == "connect", self.lives

    async def close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            # Without its input it says goodbye and ends.
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), PATIENCE)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reader is not None:
            await self._reader

    async def call(self, event: str, *payload: Any) -> Any:
        number = next(self._ids)
        answered = self._acks[number] = asyncio.get_running_loop().create_future()
        self._tell({"id": number, "event": event, "args": payload})
        answer = await asyncio.wait_for(answered, PATIENCE)
        self.judge(contract.wrong_event(f"{event}_ack", answer[0]))
        return answer[0]

    def _tell(self, line: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self._take(json.loads(line))

    def _take(self, line: dict[str, Any]) -> None:
        match line["on"]:
            case "event":
                for payload in line["args"]:
                    self.judge(contract.wrong_event(line["event"], payload))
                self.seen[line["event"]].extend(line["args"])
            case "ack":
                self._acks.pop(line["id"]).set_result(line["answer"])
            case "transport":
                self.transports.append(line["name"])
            case _:
                self.lives.append(line)
