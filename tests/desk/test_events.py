"""The kinds of events: what is derived from their classes."""

from string import Formatter

import pytest

from desk.event_data import EventData
from desk.events import KINDS, MESSAGES, PUBLIC_MESSAGES, Kind
from models import Event
from server.specs.schemas import Schemas

SCHEMAS = Schemas([], [])


@pytest.mark.parametrize("of", KINDS.values(), ids=lambda of: of.kind)
def test_a_kind_fits_its_column_and_its_sentence_speaks_of_its_data(of: type[EventData]) -> None:
    assert len(of.kind) <= Event.kind.type.length
    named = {name for _, name, _, _ in Formatter().parse(of.sentence) if name}
    assert named <= SCHEMAS.components[of.__name__].get("properties", {}).keys()


def test_the_lists_of_kinds_follow_from_the_classes() -> None:
    assert MESSAGES == ("message_posted", "note_posted")
    assert PUBLIC_MESSAGES == ("message_posted",)
    assert [kind for kind, of in KINDS.items() if of.is_internal] == [
        "note_posted",
        "tags_changed",
        "staff_fields_changed",
        "team_changed",
        "skills_required",
        "linked",
        "unlinked",
        "split_from",
        "split_to",
        "snoozed",
        "woke",
    ]
    assert [member.value for member in Kind] == [*KINDS]


def test_the_contract_tells_consoles_the_sentence_of_each_kind() -> None:
    event = SCHEMAS.components["StatusChangedEvent"]
    assert event["x-sentence"] == "changed the status from {from} to {to}"
    assert event["properties"]["data"] == {"$ref": "#/components/schemas/StatusChanged"}
