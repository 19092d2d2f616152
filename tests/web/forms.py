"""Pages and forms as a browser without scripts asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.api import Api


@dataclass(frozen=True)
class Got:
    status: int
    headers: Mapping[str, str]
    html: str
    cookies: dict[str, str]


async def ask(api: Api, method: str, path: str, **more: Any) -> Got:
    more.setdefault("headers", {}).setdefault("Accept-Language", "en")
    async with api.http.request(method, path, allow_redirects=False, **more) as got:
        cookies = {name: morsel.value for name, morsel in got.cookies.items()}
        return Got(got.status, got.headers, await got.text(), cookies)
