"""The stock JavaScript client, with one process."""

import pytest

from tests.api import Api
from tests.factories import Person
from tests.node import JsClient


async def test_a_stock_client_starts_with_polling_and_is_upgraded(
    web_url: str, api: Api, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    async with JsClient(web_url, customer) as ann:
        await ann.join(ticket_id)
        await ann.until(lambda: len(ann.transports) == 2)
        await ann.say(ticket_id, "hello?")
        await ann.until(lambda: ann.numbers == [1, 2])
    assert ann.transports == ["polling", "websocket"]


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_a_stock_client_can_stay_with_one_transport(
    web_url: str, api: Api, customer: Person, transport: str
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    async with JsClient(web_url, customer, transports=[transport]) as ann:
        await ann.join(ticket_id)
        for number in range(10):
            await ann.say(ticket_id, "€" * 9000, client_id=f"{number}")
        await ann.until(lambda: ann.numbers == list(range(1, 12)))
    assert ann.transports == [transport]


async def test_a_refusal_reaches_a_stock_client_with_its_code(web_url: str) -> None:
    client = JsClient(web_url, "no token")
    with pytest.raises(AssertionError, match="invalid_token"):
        await client.open()
    await client.close()
    assert client.lives[0]["on"] == "connect_error"
    assert client.lives[0]["data"]["code"] == "invalid_token"
