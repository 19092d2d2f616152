"""The AsyncAPI document: valid, complete, and true of every event that the tests see."""

from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from server.http.contract import Right
from server.sockets.events import EVENTS
from server.specs.asyncapi import message_key
from server.specs.examples import example
from server.specs.schemas import Schemas
from server.specs.typescript import declarations
from tests.api import Api
from tests.conftest import ROOT
from tests.contract import live
from tests.factories import Person
from tests.sockets import Client
from wire.codec import MOST_VALUES
from wire.server_events import SERVER_EVENTS

OFFICIAL = ROOT / "tests" / "asyncapi" / "3.0.0.json"


def messages() -> list[Any]:
    return [
        pytest.param(message, id=name)
        for channel in live().document["channels"].values()
        for name, message in channel["messages"].items()
    ]


async def test_the_document_is_served_and_valid(api: Api, web_url: str) -> None:
    async with api.http.get("/asyncapi.json") as answer:
        assert answer.status == 200
        served = await answer.json()
    official = Draft7Validator(orjson.loads(OFFICIAL.read_bytes()))
    assert [error.message for error in official.iter_errors(served)] == []
    assert served["channels"] == live().document["channels"]


def test_every_event_of_either_direction_is_described() -> None:
    operations = live().document["operations"]
    assert {n for n, o in operations.items() if o["channel"]["$ref"] == "#/channels/tickets"} == {
        *EVENTS,
        *map(message_key, SERVER_EVENTS),
    }
    assert len(EVENTS) + len(SERVER_EVENTS) == len({*EVENTS, *map(message_key, SERVER_EVENTS)})


def schema_sent(event: str) -> dict[str, Any]:
    """What a client sends, by the operation that receives it."""
    [message] = live().document["operations"][event]["messages"]
    found: Any = live().document
    for part in message["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    components = live().document["components"]["schemas"]
    schema: dict[str, Any] = components[found["payload"]["$ref"].rpartition("/")[2]]
    return schema


@pytest.mark.parametrize("is_whole", [True, False], ids=["all members", "what is required"])
@pytest.mark.parametrize("event", EVENTS)
async def test_what_the_document_says_that_clients_send_is_accepted(
    api: Api, customer: Person, csr: Person, event: str, is_whole: bool
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    person = csr if EVENTS[event].right is Right.STAFF else customer
    real = {"ticket_id": ticket_id, "token": person.token, "views": ["mine"]}
    real |= {"attachment_ids": [], "mentions": []}
    schema = schema_sent(event)
    sent = {
        name: real.get(name, example(Schemas([], []), inner, name))
        for name, inner in schema["properties"].items()
        if is_whole or name in schema["required"]
    }
    async with Client(api.url, person, "websocket") as client:
        await client.join(ticket_id)
        ack = await client.call(event, sent)
        # A refusal that any event may get is described, too: the client compares.
        refused = await client.call(event, {"views": ["x"] * (MOST_VALUES + 1)})
    assert ack["ok"], ack
    assert refused["error"]["code"] == "invalid_json"


def test_the_types_of_what_clients_send_are_those_of_the_document() -> None:
    sent = declarations().partition("interface ClientToServerEvents {")[2].partition("}\n")[0]
    for event, declared in EVENTS.items():
        assert f"{event}: (payload: {declared.payload.__name__}, ack" in sent


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set().union(*(references(inner) for inner in value.values())) if value else set()
    return found | ({value["$ref"]} if isinstance(value.get("$ref"), str) else set())


def test_every_reference_leads_somewhere() -> None:
    document = live().document
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


@pytest.mark.parametrize("message", messages())
def test_an_example_fits_its_message(message: dict[str, Any]) -> None:
    for given in message["examples"]:
        live().validator(message["payload"]).validate(given["payload"])
