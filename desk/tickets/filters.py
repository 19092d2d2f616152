"""What lists of tickets may be narrowed to."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, GetPydanticSchema
from pydantic_core import core_schema

from desk.text import Label, Moment, Tag, Words
from desk.tickets.field_filters import ByFields
from desk.tickets.field_index import named
from desk.tickets.keyset import MY_TEAMS, NO_TEAM, OWN
from desk.tickets.views import Side
from models import ACTIVE_STATUSES, RANKS, Priority, Status


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def word_or_id(*words: str) -> GetPydanticSchema:
    """Said of the whole field, so that a refusal points to that and not to one of two shapes."""

    def known(value: Any, id_of: Any) -> Any:
        return value if value in words else id_of(value)

    def text(value: Any) -> str | None:
        return value and str(value)

    return GetPydanticSchema(
        lambda _, __: core_schema.no_info_wrap_validator_function(
            known,
            core_schema.nullable_schema(core_schema.uuid_schema(strict=False)),
            serialization=core_schema.plain_serializer_function_ser_schema(text, when_used="json"),
        )
    )


class OwnFilters(ByFields):
    """What people may narrow the list of their own tickets to; None means any."""

    status: Annotated[list[Status], BeforeValidator(_several)] | None = Field(
        None, max_length=len(Status), description="Any of these: `status=open&status=in_progress`"
    )
    category: Label | None = None
    type: Label | None = None
    q: Words | None = Field(
        None,
        description='Any text: `two words`, `"a phrase"`, `this or that`, `-without`, `begi`',
    )


class Filters(OwnFilters):
    """What the staff may narrow the list of all tickets to."""

    unassigned: bool | None = None
    assigned_to: UUID | None = Field(
        None,
        description='A user\'s id, or "me"',
        json_schema_extra={"anyOf": [{"const": "me"}, {"type": "string", "format": "uuid"}]},
    )
    priority: Priority | None = None
    tag: Tag | None = None
    user_id: UUID | None = None
    team: Annotated[Literal["none", "mine"] | UUID | None, word_or_id("none", "mine")] = Field(
        None,
        description='A team\'s id, "none", or "mine": of the teams that you are in',
        json_schema_extra={
            "anyOf": [
                {"enum": ["none", "mine"]},
                {"type": "string", "format": "uuid"},
                {"type": "null"},
            ]
        },
    )
    waiting_on: Side | None = Field(
        None, description="Whose turn it is to write, on open tickets and those in progress"
    )
    snoozed: bool | None = Field(
        None, description="Whether it sleeps; what does is open or in progress"
    )
    unread: bool | None = Field(None, description="Whether there are messages you have not read")
    updated_after: Moment | None = Field(
        None,
        description="What changed since then: with `sort=updated_at`, as it is led by an index",
    )


class OwnList(Filters):
    """Of the tickets that are the asker's own: who opened them, or is on copy."""


def asked_of(filters: Filters, me: UUID) -> dict[str, Any]:
    """What each filter asks for, as its column has it; ``me``: whoever looks."""
    values = {name: getattr(filters, name) for name in Filters.model_fields if name != "fields"}
    values |= named(filters.fields)
    if filters.priority is not None:
        values["priority"] = RANKS[filters.priority]
    match filters.team:
        case "none":
            values |= {"team": None, NO_TEAM: True}
        case "mine":
            values |= {"team": None, MY_TEAMS: me}
    # What waits for somebody is of one of these statuses: so its list is led by them.
    waiting = ACTIVE_STATUSES if filters.waiting_on else ()
    values["status"] = _any_of(filters.status or waiting)
    if isinstance(filters, OwnList):
        values[OWN] = me
    return {name: value for name, value in values.items() if value is not None}


def _any_of(statuses: Sequence[Status]) -> Status | Sequence[Status] | None:
    """One as it is: an index leads through it. All of them are no filter."""
    several = sorted(set(statuses))
    if len(several) == 1:
        return several[0]
    return several if 0 < len(several) < len(Status) else None
