"""JSON Schemas of everything that goes in and out, made from the models that check and carry it.

OpenAPI, AsyncAPI and the TypeScript declarations share them. A shape's name in the contract is that
of its class, or the ``title`` that the class sets, where a table has the name already.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from desk.causes import Cause
from desk.events import KINDS
from wire.shapes import TimelineEvent

Schema = dict[str, Any]

REF = "#/components/schemas/"
CAUSE = "Of what was written together with others; only the staff are shown it"


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
        shapes: dict[tuple[Any, JsonSchemaMode], None] = {}
        shapes |= {(shape, "validation"): None for shape in taken}
        shapes |= {
            (shape, "serialization"): None
            for shape in (*given, TimelineEvent, Cause, *KINDS.values())
        }
        self._found, whole = TypeAdapter.json_schemas(
            [(shape, mode, TypeAdapter(shape)) for shape, mode in shapes],
            ref_template=REF + "{model}",
            schema_generator=_Generator,
        )
        self._names = {name: schema["title"] for name, schema in whole["$defs"].items()}
        assert len(set(self._names.values())) == len(self._names), "two shapes of one name"
        components = {self._names[name]: self._tidy(s) for name, s in whole["$defs"].items()}
        components |= _events(components["Event"])
        for kind in KINDS.values():
            members = components[kind.__name__].setdefault("properties", {})
            members["cause"] = {"$ref": REF + Cause.__name__, "description": CAUSE}
        self.components: dict[str, Schema] = dict(sorted(components.items()))

    def taken(self, shape: Any) -> Schema:
        return _object(self._tidy(self._found[shape, "validation"]))

    def given(self, shape: Any) -> Schema:
        return _object(self._tidy(self._found[shape, "serialization"]))

    def resolved(self, schema: Schema) -> Schema:
        """The component behind a reference; any other schema as it is."""
        name = schema.get("$ref", "").removeprefix(REF)
        return self.components[name] if name else schema

    def _tidy(self, schema: Any) -> Any:
        """Under the public names, without the titles that only repeat a name."""
        if isinstance(schema, list):
            return [self._tidy(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        tidied = {
            key: value if key == "example" else self._tidy(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
        if isinstance(tidied.get("description"), str):
            tidied["description"] = prose(tidied["description"])
        if isinstance(tidied.get("$ref"), str):
            name = tidied["$ref"].removeprefix(REF)
            tidied["$ref"] = REF + self._names[name]
        return tidied


def _object(schema: Any) -> Schema:
    typed: Schema = schema
    return typed


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
