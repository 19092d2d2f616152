"""What stands around every request."""

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from server.http.guard import LIMIT_HEADERS
from server.http.middleware import refusals


async def test_repeated_headers_of_an_answer_are_kept() -> None:
    async def handler(request: web.Request) -> web.Response:
        request[LIMIT_HEADERS] = {"RateLimit-Limit": "10", "X-Said": "before"}
        response = web.Response(headers={"X-Said": "by the route"})
        response.headers.add("Link", "<a>")
        response.headers.add("Link", "<b>")
        response.set_cookie("a", "1")
        return response

    response = await refusals(make_mocked_request("GET", "/"), handler)
    assert response.headers.getall("Link") == ["<a>", "<b>"]
    assert response.headers.getall("X-Said") == ["by the route"]
    assert response.headers.getall("RateLimit-Limit") == ["10"]
