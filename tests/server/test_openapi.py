"""The OpenAPI document: valid, complete, and true of every answer that the tests see."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from server.http.contract import FileBody, Route
from server.http.input import Query
from server.routes.table import ROUTES
from server.specs.openapi import document, refused
from tests.api import Api
from tests.conftest import ROOT
from tests.contract import rest


async def test_the_document_is_served_and_valid(api: Api) -> None:
    answer = await api.get("/openapi.json")
    assert answer.status == 200
    assert answer.json == rest().document
    OpenAPIV31SpecValidator(answer.json).validate()


def test_every_route_is_described_once() -> None:
    operations = [o for path in rest().document["paths"].values() for o in path.values()]
    assert len(operations) == len(ROUTES)
    assert len({operation["operationId"] for operation in operations}) == len(ROUTES)
    assert all(operation["summary"] for operation in operations)


def test_shapes_have_names_of_their_own() -> None:
    assert not [
        name for name in rest().document["components"]["schemas"] if "__" in name or "-" in name
    ]


def bodies() -> list[Any]:
    return [
        pytest.param(route.takes, operation["requestBody"]["content"]["application/json"], id=name)
        for route in ROUTES
        if route.takes not in (None, FileBody) and not issubclass(route.takes, Query)
        for path in [rest().document["paths"]["/api/v1" + route.path]]
        for operation in [path[route.method.lower()]]
        for name in [operation["operationId"]]
    ]


@pytest.mark.parametrize(("model", "content"), bodies())
def test_an_example_of_a_body_is_accepted(model: type[BaseModel], content: dict[str, Any]) -> None:
    model.model_validate(content["example"])


def test_an_example_of_an_answer_fits_its_schema() -> None:
    for path in rest().document["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get("application/json")
                if content:
                    rest().validator(content["schema"]).validate(content["example"])


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_code_of_the_contract_is_one_of_the_code(route: Route) -> None:
    parts = ("desk", "server", "wire")
    source = "".join(path.read_text() for part in parts for path in Path(ROOT, part).rglob("*.py"))
    # The tables and the generator write codes with their status: not like this.
    written = set(re.findall(r'"([a-z_]+)"', source))
    for codes in refused(route).values():
        assert {code for code in codes if not code.endswith("_not_found")} <= written


def test_the_document_is_made_anew_each_time() -> None:
    assert document(ROUTES) == document(ROUTES)


def links() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each link, with the path and the answer that it starts from."""
    return [
        (path, answer, link)
        for path, operations in rest().document["paths"].items()
        for operation in operations.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]


# They take two ids of which none is below the other, and no answer has both.
OF_TWO = {"macros_apply"}


def test_whatever_has_an_id_in_its_path_can_be_reached_by_a_link() -> None:
    reached = {link["operationId"] for _, _, link in links()}
    assert reached | OF_TWO == {route.operation_id for route in ROUTES if route.parameters}


def test_a_link_takes_what_is_there() -> None:
    for path, answer, link in links():
        shown = answer["content"]["application/json"]["example"]
        for name, where in link["parameters"].items():
            source, _, pointer = where.partition("#")
            if source == "$response.body":
                item = shown[0] if pointer == "/0/id" else shown
                assert pointer in {"/id", "/0/id"}
                assert UUID(item["id"])
            else:
                assert where == f"$request.path.{name}"
                assert f"{{{name}}}" in path
