"""JSON Schemas of everything that goes in and out, made from the models that check and carry it.

OpenAPI, AsyncAPI and the TypeScript declarations share them, under the names of the contract.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from desk.events import KINDS
from wire.shapes import TimelineEvent

Schema = dict[str, Any]

REF = "#/components/schemas/"
# What the contract calls what the code, beside other things of that name, calls otherwise.
NAMES = {
    "Account": "User",
    "Assign": "Assignment",
    "Change": "TicketChange",
    "Made": "NewWebhookWithSecret",
    "NotificationOut": "Notification",
    "Pair": "Tokens",
    "TicketView": "Ticket",
    "TimelineEvent": "Event",
}


class _Generator(GenerateJsonSchema):
    """What is given out is always all there, default or not."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


class Schemas:
    """The schemas of these shapes: what clients send (taken) and what they get (given)."""

    def __init__(self, taken: Iterable[Any], given: Iterable[Any]) -> None:
        wanted: dict[tuple[Any, JsonSchemaMode], None] = {}
        wanted |= {(shape, "validation"): None for shape in taken}
        wanted |= {
            (shape, "serialization"): None for shape in (*given, TimelineEvent, *KINDS.values())
        }
        self._found, whole = TypeAdapter.json_schemas(
            [(shape, mode, TypeAdapter(shape)) for shape, mode in wanted],
            ref_template=REF + "{model}",
            schema_generator=_Generator,
        )
        named = {NAMES.get(name, name): tidy(s) for name, s in whole["$defs"].items()}
        named |= _events(named["Event"])
        self.components: dict[str, Schema] = dict(sorted(named.items()))

    def taken(self, shape: Any) -> Schema:
        return _object(tidy(self._found[shape, "validation"]))

    def given(self, shape: Any) -> Schema:
        return _object(tidy(self._found[shape, "serialization"]))

    def resolved(self, schema: Schema) -> Schema:
        """The component behind a reference; any other schema as it is."""
        name = schema.get("$ref", "").removeprefix(REF)
        return self.components[name] if name else schema


def _object(schema: Any) -> Schema:
    found: Schema = schema
    return found


def tidy(schema: Any) -> Any:
    """Under the public names, without the titles that only repeat a name."""
    if isinstance(schema, list):
        return [tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: tidy(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
    if isinstance(found.get("description"), str):
        found["description"] = prose(found["description"])
    if isinstance(found.get("$ref"), str):
        name = found["$ref"].removeprefix(REF)
        found["$ref"] = REF + NAMES.get(name, name)
    return found


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: one line per paragraph."""
    text = (docstring or "").replace("``", "`").strip()
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(paragraphs)


def _events(event: Schema) -> dict[str, Schema]:
    """An event as one of its kinds, each with the data that it carries."""
    kinds: dict[str, Schema] = {}
    for kind, of in KINDS.items():
        name = "".join(word.title() for word in kind.split("_")) + "Event"
        carried = {"kind": {"const": kind}, "data": {"$ref": REF + of.__name__}}
        kinds[name] = {**event, "properties": {**event["properties"], **carried}}
        # What its kind is, its data says. The sentence is for consoles, after the actor's name.
        kinds[name].pop("description", None)
        kinds[name]["x-sentence"] = of.sentence
    whole = {
        "description": event["description"],
        "oneOf": [{"$ref": REF + name} for name in kinds],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {s["properties"]["kind"]["const"]: REF + name for name, s in kinds.items()},
        },
    }
    return {**kinds, "Event": whole}
