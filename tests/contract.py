"""Whether an answer is what the generated contract promises. Every test over HTTP asks this."""

import copy
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from server.contract import ETAG, LOCATION
from server.openapi import document
from server.routes import ROUTES
from server.routing import PREFIX

# Headers that an answer never lacks once they are declared; others depend on the page.
CERTAIN = {ETAG, LOCATION}


@cache
def contract() -> dict[str, Any]:
    return document(ROUTES)


def strict(schema: Any) -> Any:
    """The schema, with the members that it names and no others."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found and "required" in found:
        found.setdefault("additionalProperties", False)
    return found


@cache
def _registry() -> Registry[Any]:
    whole = {"components": strict(copy.deepcopy(contract()["components"]))}
    resources = [("urn:contract", DRAFT202012.create_resource(whole))]
    registry: Registry[Any] = Registry().with_resources(resources)
    return registry


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    text = orjson.dumps(strict(schema)).replace(b'"#/', b'"urn:contract#/')
    return Draft202012Validator(
        orjson.loads(text), registry=_registry(), format_checker=FormatChecker()
    )


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """The declared paths, the most literal first."""
    declared = sorted(contract()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in declared]


def check(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Fails where the answer is of a status, code or shape that the contract does not promise."""
    bare = path.partition("?")[0]
    declared = next((name for pattern, name in _paths() if pattern.fullmatch(bare)), None)
    if declared is None or not path.startswith(PREFIX):
        return
    operation = contract()["paths"][declared].get(method.lower())
    if operation is None:
        assert status in {204, 405}, f"{method} {declared} is not declared"
        return
    where = f"{method} {declared} → {status}"
    assert str(status) in operation["responses"], f"{where} is not declared: {body[:200]!r}"
    answer = operation["responses"][str(status)]
    lacking = {
        name for name in answer.get("headers", ()) if name in CERTAIN and name not in headers
    }
    assert not lacking, f"{where} lacks {lacking}"
    if "content" not in answer:
        assert not body, f"{where} has a body"
        return
    ((content_type, content),) = answer["content"].items()
    assert headers["Content-Type"].partition(";")[0] == content_type, where
    errors = list(validator(content["schema"]).iter_errors(orjson.loads(body)))
    assert not errors, f"{where}: {errors[0].json_path} {errors[0].message}"
