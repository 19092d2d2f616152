"""Actions: what may be done to a ticket at once. Each is done by the rule that does it alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field, Strict
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment, routing
from desk.errors import DeskError, Invalid
from desk.text import Id, Input, Label, Skills, unique
from desk.tickets import field_values, snooze, tickets
from desk.tickets.field_values import SentFields
from desk.tickets.filters import word_or_id
from desk.tickets.snooze import LaterSnooze
from models import Priority, Status, Ticket

Assignee = Annotated[
    Literal["me"] | UUID | None,
    word_or_id("me"),
    Field(
        json_schema_extra={
            "anyOf": [{"const": "me"}, {"type": "string", "format": "uuid"}, {"type": "null"}]
        }
    ),
]
# What a change of a ticket names as an action does.
SAME = ("status", "priority", "category", "team_id", "required_skills", "fields")
# Where an action is, by what the rule that does it points to.
POINTERS = {"/assignee_id": "/assignee", "/tags": "/tags_add"}


class Actions(Input):
    """Only what is named is done. ``assignee``: somebody's id, "me" for who does it, or null for
    the ticket's queue.
    """

    model_config = ConfigDict(title="Actions")

    status: Annotated[Status, Strict(False)] | MISSING = MISSING
    priority: Annotated[Priority | None, Strict(False)] | MISSING = MISSING
    category: Label | MISSING = MISSING
    tags_add: tickets.Tags | MISSING = MISSING
    tags_remove: tickets.Tags | MISSING = MISSING
    team_id: Annotated[Id | None, Field()] | MISSING = MISSING
    assignee: Assignee | MISSING = MISSING
    required_skills: Skills | MISSING = MISSING
    fields: SentFields | MISSING = MISSING
    snooze: LaterSnooze | MISSING = MISSING

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON, without what is left alone."""
        return self.model_dump(mode="json")

    def change(self, actor: Actor, ticket: Ticket) -> routing.Change:
        """What it changes of the ticket where the actor does it."""
        wanted: dict[str, Any] = {
            name: value for name in SAME if (value := getattr(self, name)) is not MISSING
        }
        if self.tags_add is not MISSING or self.tags_remove is not MISSING:
            wanted["tags"] = self._tags(ticket)
        if self.assignee is not MISSING:
            wanted["assignee_id"] = actor.id if self.assignee == "me" else self.assignee
        return routing.Change.model_validate(wanted)

    def _tags(self, ticket: Ticket) -> list[str]:
        added = [] if self.tags_add is MISSING else self.tags_add
        removed = [] if self.tags_remove is MISSING else self.tags_remove
        tags = unique([*(tag for tag in ticket.tags if tag not in removed), *added])
        if len(tags) > tickets.MOST_TAGS:
            raise Invalid("too_many_tags", f"A ticket has at most {tickets.MOST_TAGS}", "/tags")
        return tags


def require_sound(session: Session, actor: Actor, actions: Actions) -> None:
    """Refuses what no ticket could take, as it is now. Raises `Invalid` as the rules would."""
    if actions.snooze is not MISSING and actions.status in (Status.RESOLVED, Status.CLOSED):
        raise Invalid("not_active", "What is done does not sleep", "/set/snooze")
    with _pointing():
        if actions.team_id is not MISSING and actions.team_id is not None:
            routing.require_team(session, actions.team_id)
        if isinstance(actions.assignee, UUID):
            assignment.assignable(session, actions.assignee)
        if actions.fields is not MISSING:
            field_values.require_settable(session, actor, actions.fields)


def apply(
    session: Session, actor: Actor, ticket: Ticket, actions: Actions, now: datetime | None
) -> None:
    """Does it all to a ticket that is held.

    Raises what the rules raise, which points to the action.
    """
    with _pointing():
        routing.apply(session, actor, ticket, actions.change(actor, ticket), now)
        if actions.snooze is not MISSING:
            with _pointing("/snooze"):
                snooze.set_later(session, actor, ticket, actions.snooze, now)


@contextmanager
def _pointing(to: str = "/set") -> Iterator[None]:
    """Where an action is that is refused: behind ``to``."""
    try:
        yield
    except DeskError as error:
        if error.pointer is not None:
            error.pointer = to + POINTERS.get(error.pointer, error.pointer)
        raise
