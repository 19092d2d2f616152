"""Long polling at the level of its bodies."""

import io
from collections.abc import AsyncIterator

import aiohttp
import orjson

from tests.factories import Person


async def test_a_body_that_arrives_in_pieces_is_read_to_its_end(
    web_url: str, customer: Person
) -> None:
    token = orjson.dumps({"token": customer.token})
    connect = b"40/tickets," + token

    async def in_pieces() -> AsyncIterator[bytes]:
        yield connect[:50]
        # Whoever answers another request has read what came before it.
        async with http.get("/health/live") as answer:
            assert answer.status == 200
        yield connect[50:]

    async with aiohttp.ClientSession(web_url) as http:
        path = "/socket.io/?EIO=4&transport=polling"
        async with http.get(path) as opened:
            sid = orjson.loads((await opened.read())[1:])["sid"]
        path = f"{path}&sid={sid}"
        length = {"Content-Length": str(len(connect))}
        async with http.post(path, data=in_pieces(), headers=length) as posted:
            assert posted.status == 200
        async with http.get(path) as answer:
            assert (await answer.text()).startswith('40/tickets,{"sid":')


async def test_what_follows_a_good_bye_in_one_body_is_dropped_without_an_error(
    web_url: str, customer: Person, lines: io.StringIO
) -> None:
    token = orjson.dumps({"token": customer.token}).decode()
    connect = f"40/tickets,{token}"
    async with aiohttp.ClientSession(web_url) as http:
        path = "/socket.io/?EIO=4&transport=polling"
        async with http.get(path) as opened:
            sid = orjson.loads((await opened.read())[1:])["sid"]
        body = "\x1e".join([connect, "1", connect, '42/tickets,1["typing",{}]'])
        async with http.post(f"{path}&sid={sid}", data=body) as posted:
            assert posted.status == 200
    assert "Traceback" not in lines.getvalue()
