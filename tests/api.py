"""A small HTTP client for the tests: answers with their status, JSON and headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from yarl import URL

from tests import contract
from tests.factories import Person

NEXT = re.compile(r'<(/api/v1(/.+))>; rel="next"')


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem; fails where the answer is none."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        problem = self.json
        assert problem["status"] == self.status
        assert {"type", "title", "detail"} <= problem.keys()
        code: str = problem["code"]
        return code


class Api:
    """``await api.post("/users/tickets", person, json={…})``; paths are under ``/api/v1``."""

    def __init__(self, url: str, connector: aiohttp.BaseConnector | None = None) -> None:
        self.url = url
        self.http = aiohttp.ClientSession(url, connector=connector)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.close()

    async def call(
        self, method: str, path: str, person: Person | str | None = None, **kwargs: Any
    ) -> Answer:
        """``person``: who asks, or an access token of one's own making; None for nobody."""
        headers = dict(kwargs.pop("headers", {}))
        if person is not None:
            token = person if isinstance(person, str) else person.token
            headers["Authorization"] = f"Bearer {token}"
        if not path.startswith("/health"):
            path = f"/api/v1{path}"
        if "data" in kwargs:  # What aiohttp would call text, or bytes.
            headers = {"Content-Type": "application/json"} | headers
        # As it is written: what a test has percent-encoded arrives so.
        url = URL(path, encoded=True)
        async with self.http.request(method, url, headers=headers, **kwargs) as response:
            answer = Answer(response.status, response.headers, await response.read())
        contract.check(method, path, answer.status, answer.headers, answer.body)
        return answer

    async def get(self, path: str, person: Person | str | None = None, **kwargs: Any) -> Answer:
        return await self.call("GET", path, person, **kwargs)

    async def post(self, path: str, person: Person | str | None = None, **kwargs: Any) -> Answer:
        return await self.call("POST", path, person, **kwargs)

    async def patch(self, path: str, person: Person | str | None = None, **kwargs: Any) -> Answer:
        return await self.call("PATCH", path, person, **kwargs)

    async def a_ticket(self, customer: Person, **fields: Any) -> dict[str, Any]:
        new = {"title": "It broke", "description": "Help!", "category": "billing", "type": "bug"}
        answer = await self.post("/users/tickets", customer, json=new | fields)
        assert answer.status == 201, answer
        ticket: dict[str, Any] = answer.json
        return ticket


def next_path(answer: Answer) -> str | None:
    if "Link" not in answer.headers:
        return None
    found = NEXT.fullmatch(answer.headers["Link"])
    assert found, answer.headers["Link"]
    return found[2]
