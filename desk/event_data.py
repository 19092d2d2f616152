"""What every kind of event is made of."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, to_jsonable_python

from models import Ticket


@dataclass(frozen=True, kw_only=True)
class EventData:
    """What an event of one kind carries: its fields are the ``data`` that clients are shown."""

    # Its name in the database, on the wire and for webhooks.
    kind: ClassVar[str]
    # What a console shows after the actor's name. A field that is null reads "nobody".
    sentence: ClassVar[str]
    # Whether it is the staff's alone: then it has no number in the customers' numbering.
    is_internal: ClassVar[bool] = False
    # The fields that are not always there.
    sometimes: ClassVar[frozenset[str]] = frozenset()

    def columns(self) -> dict[str, Any]:
        """How `models.Event` stores it."""
        carried = {each.name.removesuffix("_"): getattr(self, each.name) for each in fields(self)}
        return {"data": to_jsonable_python(carried)}

    def words(self, ticket: Ticket) -> str | None:
        """What a search finds the ticket by, from this event on."""
        return None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        shown = handler(schema)
        for name in cls.sometimes:
            handler.resolve_ref_schema(shown)["required"].remove(name)
        return shown
