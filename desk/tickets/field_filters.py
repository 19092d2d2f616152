"""What lists are asked of custom fields: filters ``field.<key>``, of which there are as many names
as fields.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from desk.tickets.field_index import PREFIX
from desk.tickets.fields import KEY
from models import LONGEST_VALUE

# In one list.
MOST_FILTERS = 5
NAMES = rf"^{PREFIX.replace('.', '[.]')}{KEY.pattern}$"
VALUE = {
    "type": "string",
    "maxLength": LONGEST_VALUE,
    "description": "Tickets whose custom field of this key has this value, or this choice",
}


class ByFields(BaseModel, frozen=True, extra="forbid"):
    """Values of custom fields by their keys: each is a filter ``field.<key>``."""

    fields: Annotated[dict[str, str], Field(max_length=MOST_FILTERS)] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, sent: Any) -> Any:
        if not isinstance(sent, Mapping):
            return sent
        names = [name for name in sent if isinstance(name, str) and name.startswith(PREFIX)]
        if not names:
            return sent
        others = {name: sent[name] for name in sent if name not in names}
        return {**others, "fields": {name.removeprefix(PREFIX): sent[name] for name in names}}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        shown = handler(schema)
        whole = handler.resolve_ref_schema(shown)
        del whole["properties"]["fields"]
        whole["patternProperties"] = {NAMES: VALUE}
        return shown
