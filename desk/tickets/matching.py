"""Whether a list holds a ticket, decided without the database and as its conditions in SQL would.

A ticket that changed may have been in a list that it is not in any more. What it was before follows
from its events, so that each filter is asked of all that its ticket may have been.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from desk.events import (
    Assigned,
    CategoryChanged,
    FieldsChanged,
    MessagePosted,
    NotePosted,
    PriorityChanged,
    Rated,
    SkillsRequired,
    StaffFieldsChanged,
    StatusChanged,
    TagsChanged,
    TeamChanged,
    TicketCreated,
    texts_of,
)
from desk.merge_events import MergedFrom, MergedInto, SplitFrom, SplitTo, Unmerged
from desk.people_events import Linked, ParticipantsChanged, Unlinked
from desk.snooze_events import Snoozed, Woke
from desk.tickets.field_index import PREFIX
from desk.tickets.keyset import MY_TEAMS, NO_TEAM, UNREAD, UPDATED_AFTER, WORDS
from desk.tickets.views import Side, TicketRow
from models import RANKS

# What lists ask, by the name of the filter, as `filters.asked_of` has it.
Asked = Mapping[str, Any]
# What a ticket is, or may have been, by the name of the filter that asks for it.
Facts = Mapping[str, frozenset[Any]]
EITHER = frozenset({True, False})
# The filters that a list is looked up by, from the one that has the fewest tickets on.
LEADING = (
    "user_id",
    "assigned_to",
    "unassigned",
    "tag",
    "team",
    "type",
    "category",
    "priority",
    "status",
    "snoozed",
)
# Under which a list stands that asks for none of these.
ANYTHING = ("", None)
Lead = tuple[str, Hashable]


# By which nothing becomes another that a list asks for.
NO_TURN = {
    kind.kind
    for kind in (
        *(TicketCreated, NotePosted, SkillsRequired, ParticipantsChanged, Linked, Unlinked, Rated),
        *(MergedInto, MergedFrom, Unmerged, SplitFrom, SplitTo),
    )
}


class Turn(NamedTuple):
    """An event, by which the ticket became another."""

    ticket_id: UUID
    kind: str
    data: Mapping[str, Any]


def facts_of(ticket: TicketRow, turns: Iterable[Turn] = ()) -> Facts | None:
    """What the ticket is, and was before the turns.

    None where one of them is of a kind that only a newer process knows: it may have been anything.
    """
    facts: dict[str, frozenset[Any]] = {
        "user_id": frozenset({ticket.user_id}),
        "assigned_to": frozenset({ticket.assigned_to_id}),
        "unassigned": frozenset({ticket.assigned_to_id is None}),
        "tag": frozenset(ticket.tags),
        "team": frozenset({ticket.team_id}),
        NO_TEAM: frozenset({ticket.team_id is None}),
        "type": frozenset({ticket.type}),
        "category": frozenset({ticket.category}),
        "priority": frozenset({RANKS.get(ticket.priority, 0)}),
        "status": frozenset({ticket.status}),
        "waiting_on": frozenset({ticket.waiting_on}),
        "snoozed": frozenset({ticket.snoozed_until is not None}),
        UPDATED_AFTER: frozenset({ticket.updated_at}),
        UNREAD: frozenset({ticket.unread > 0}),
        **{PREFIX + key: frozenset(texts_of(value)) for key, value in ticket.fields.items()},
    }
    for turn in turns:
        before = _before(turn)
        if before is None:
            return None
        for name, values in before.items():
            facts[name] = facts.get(name, frozenset()) | values
    return facts


def _before(turn: Turn) -> dict[str, set[Any]] | None:
    """What the ticket may have been before the turn and is not after it."""
    was = turn.data.get("from")
    match turn.kind:
        case StatusChanged.kind:
            return {"status": {was}, "waiting_on": {None, *Side}, "snoozed": {*EITHER}}
        case Snoozed.kind | Woke.kind:
            return {"snoozed": {*EITHER}}
        case Assigned.kind:
            return {"assigned_to": {was and UUID(was)}, "unassigned": {was is None}}
        case PriorityChanged.kind:
            return {"priority": {RANKS.get(was, 0)}}
        case CategoryChanged.kind:
            return {"category": {was}}
        case TagsChanged.kind:
            return {"tag": set(turn.data["removed"])}
        case TeamChanged.kind:
            return {"team": {was and UUID(was)}, NO_TEAM: {was is None}}
        case FieldsChanged.kind | StaffFieldsChanged.kind:
            return {
                PREFIX + key: {*texts_of(change["from"])}
                for key, change in turn.data.items()
                if change["from"] is not None
            }
        case MessagePosted.kind:
            return {"waiting_on": {*Side}}
        case kind if kind in NO_TURN:
            return {}
    return None


def may_hold(asked: Asked, facts: Facts) -> bool:
    """Whether a list that asks this may hold the ticket. Of words nobody can say without a search:
    it holds none.
    """
    return all(_is_met(name, value, facts) for name, value in asked.items())


def _is_met(name: str, value: Any, facts: Facts) -> bool:
    if name == WORDS:
        return False
    if name == MY_TEAMS:  # Who is in which team is not looked up for each ticket.
        return any(facts["team"])
    if name == UPDATED_AFTER:
        return bool(max(facts[name]) > value)
    # What a ticket has no value of is none of its facts.
    known = facts.get(name, frozenset())
    if isinstance(value, list):
        return not known.isdisjoint(value)
    return value in known


def leads(asked: Asked) -> list[Lead]:
    """Where a list is kept that asks this, so that a ticket which it may hold leads there."""
    for name in LEADING:
        if name in asked:
            values = asked[name] if isinstance(asked[name], list) else [asked[name]]
            return [(name, value) for value in values]
    return [ANYTHING]


def leads_of(facts: Facts) -> Iterator[Lead]:
    """Where all lists are kept that may hold a ticket."""
    yield ANYTHING
    for name in LEADING:
        for value in facts[name]:
            yield name, value
