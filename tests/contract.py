"""Whether answers and events are what the generated contracts promise.

Every test over HTTP or Socket.IO asks this of everything that it gets.
"""

import copy
import re
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from server.http.contract import ANY, ETAG, LOCATION, PREFIX
from server.routes.table import ROUTES
from server.specs import asyncapi, openapi

# Headers that an answer never lacks once they are declared; others depend on the page.
CERTAIN = {ETAG, LOCATION}


def strict(schema: Any) -> Any:
    """The schema, with the members that it names and no others."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items() if key != "discriminator"}
    if isinstance(found.get("properties"), dict) and "type" in found and "required" in found:
        found.setdefault("additionalProperties", False)
    return found


class Contract:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @cached_property
    def _registry(self) -> Registry[Any]:
        whole = {"components": strict(copy.deepcopy(self.document["components"]))}
        resources = [("urn:contract", DRAFT202012.create_resource(whole))]
        registry: Registry[Any] = Registry().with_resources(resources)
        return registry

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        text = orjson.dumps(strict(schema)).replace(b'"#/', b'"urn:contract#/')
        return Draft202012Validator(
            orjson.loads(text), registry=self._registry, format_checker=FormatChecker()
        )

    def wrong(self, schema: dict[str, Any], value: Any) -> str | None:
        """What is wrong with the value; None if it is of the schema."""
        errors = list(self.validator(schema).iter_errors(value))
        return f"{errors[0].json_path} {errors[0].message}" if errors else None

    @cached_property
    def paths(self) -> list[tuple[re.Pattern[str], str]]:
        """The declared paths, the most literal first."""
        declared = sorted(self.document["paths"], key=lambda path: path.count("{"))
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in declared]


@cache
def rest() -> Contract:
    return Contract(openapi.document(ROUTES))


@cache
def live() -> Contract:
    return Contract(asyncapi.document("http://127.0.0.1:8000"))


def check(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Fails where the answer is of a status, code or shape that the contract does not promise."""
    bare = path.partition("?")[0]
    declared = next((name for pattern, name in rest().paths if pattern.fullmatch(bare)), None)
    if declared is None or not path.startswith(PREFIX):
        return
    operation = rest().document["paths"][declared].get(method.lower())
    if operation is None:
        assert status in {204, 405}, f"{method} {declared} is not declared"
        return
    where = f"{method} {declared} → {status}"
    assert str(status) in operation["responses"], f"{where} is not declared: {body[:200]!r}"
    answer = operation["responses"][str(status)]
    lacking = [name for name in CERTAIN & {*answer.get("headers", ())} if name not in headers]
    assert not lacking, f"{where} lacks {lacking}"
    if "content" not in answer:
        assert not body, f"{where} has a body"
        return
    ((content_type, content),) = answer["content"].items()
    if content_type == ANY:
        return
    assert headers["Content-Type"].partition(";")[0] == content_type, where
    if content["schema"].get("format") == "binary":
        return
    wrong = rest().wrong(content["schema"], orjson.loads(body))
    assert wrong is None, f"{where}: {wrong}"


def wrong_event(name: str, payload: Any) -> str | None:
    """What is wrong with an event, or with the acknowledgement ``<name>_ack``."""
    messages = live().document["channels"]["tickets"]["messages"]
    message = messages.get(name if name.endswith("_ack") else asyncapi.message_key(name))
    if message is None:
        # Whoever sends what does not exist is told so.
        return None if name.endswith("_ack") else f"{name} is not declared"
    wrong = live().wrong(message["payload"], payload)
    return f"{name}: {wrong}: {payload}" if wrong else None
