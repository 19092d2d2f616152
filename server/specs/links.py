"""OpenAPI's links: which requests an answer leads to, by the id that it shows."""

from collections.abc import Sequence
from typing import get_origin

from server.http.contract import Gives, Route
from server.specs.schemas import Schema


def links(source: Route, answer: Gives, routes: Sequence[Route]) -> Schema:
    """Every route whose path takes that id, and besides only what the source's own path has."""
    if not answer.names:
        return {}
    first = "0/" if get_origin(answer.shape) is list else ""
    known = {name: f"$request.path.{name}" for name in source.parameters}
    known[answer.names] = f"$response.body#/{first}id"
    return {
        route.operation_id: {
            "operationId": route.operation_id,
            "parameters": {name: known[name] for name in route.parameters},
        }
        for route in routes
        if answer.names in route.parameters and {*route.parameters} <= known.keys()
    }
