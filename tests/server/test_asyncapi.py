"""The AsyncAPI document: valid, complete, and true of every event that the tests see."""

from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from server.namespace import EVENTS
from tests.api import Api
from tests.conftest import ROOT
from tests.contract import live
from wire.shown import SHOWN

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
        *SHOWN,
    }


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
