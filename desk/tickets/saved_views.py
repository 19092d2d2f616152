"""Views: the lists that everybody of the staff has, and those that somebody has saved."""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    MISSING,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    WithJsonSchema,
    with_config,
)
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import Conflict, Forbidden, NotFound
from desk.outbox import ViewChanged, outbox
from desk.text import Input, Label
from desk.tickets import field_values
from desk.tickets.field_index import named
from desk.tickets.filters import Filters, asked_of, word_or_id
from desk.tickets.keyset import SortName
from desk.tickets.matching import Asked
from desk.tickets.view_counts import counts, is_counted
from models import ACTIVE_STATUSES, Role, Status, View

# Of each person's own, and of the shared ones.
MOST_VIEWS = 50
# An id as we write it.
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Names the lock under which they are counted.
COUNTING = zlib.crc32(b"views")
# Parameters of a list, as JSON has them.
Parameters = dict[str, str | bool | list[str]]
# Those that everybody has are known by a word.
VIEW_ID = {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string"}]}


class ViewQuery(Filters):
    """What a list of all tickets takes, but for where its page is. "me" is whoever looks."""

    model_config = ConfigDict(title="ViewQuery")

    # Wider than a list's, which has learnt by then who "me" is.
    assigned_to: Annotated[Literal["me"] | UUID | None, word_or_id("me")] = Field(  # type: ignore[assignment]
        None,
        description='A user\'s id, or "me"',
        json_schema_extra={
            "anyOf": [{"const": "me"}, {"type": "string", "format": "uuid"}, {"type": "null"}]
        },
    )
    # In JSON there is no need to take "yes" for one.
    unassigned: StrictBool | None = None
    snoozed: StrictBool | None = Field(
        None, description=Filters.model_fields["snoozed"].description
    )
    unread: StrictBool | None = Field(None, description=Filters.model_fields["unread"].description)
    sort: SortName = "-created_at"

    def parameters(self) -> Parameters:
        chosen = self.model_dump(mode="json", exclude_defaults=True, exclude={"fields"})
        return chosen | named(self.fields)

    def filters(self, me: UUID) -> Filters:
        """What the list asks for, as this person sees it."""
        chosen = {name: getattr(self, name) for name in Filters.model_fields}
        return Filters(**chosen | ({"assigned_to": me} if self.assigned_to == "me" else {}))

    def asked_by(self, me: UUID) -> Asked:
        return asked_of(self.filters(me), me)

    def with_fields(self, session: Session, actor: Actor) -> "ViewQuery":
        """With what it asks of custom fields in the words of their values. Raises `Invalid`."""
        asked = field_values.asked_for(session, actor.audience, self.fields, below="/query")
        return self.model_copy(update={"fields": asked})

    @property
    def is_live(self) -> bool:
        """Whether one can tell without a search that a ticket is in it."""
        return self.q is None


class NewView(Input):
    name: Label
    query: ViewQuery
    shared: bool = False


class ViewChange(Input):
    """Only the fields that were sent count."""

    name: Label | MISSING = MISSING
    query: ViewQuery | MISSING = MISSING
    shared: bool | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class Named:
    """A view as it is the same for all who may look at it. ``query`` None: a newer process's."""

    id: str
    name: str
    parameters: Parameters
    query: ViewQuery | None
    shared: bool

    @classmethod
    def of(cls, row: View) -> "Named":
        return cls(str(row.id), row.name, row.query, query_of(row.query), row.owner_id is None)

    @property
    def is_live(self) -> bool:
        return self.query is not None and self.query.is_live


@with_config(title="View")
@dataclass(frozen=True, slots=True)
class ViewShown:
    """A view with how many tickets are in it, and how many of them have something unread.

    ``query``: the parameters of `GET /csr/tickets` that list it. ``live``: whether `watch` tells of
    its tickets. Both numbers are null where it is not about open tickets and those in progress
    alone, or not live.
    """

    id: Annotated[str, WithJsonSchema(VIEW_ID)]
    name: str
    query: Parameters
    live: bool
    shared: bool
    count: int | None
    unread: int | None


def _built_in() -> Iterator[Named]:
    newest: dict[str, Any] = {"sort": "-updated_at"}
    active = newest | {"status": [*ACTIVE_STATUSES], "snoozed": False}
    chosen = {
        "needs_reply": active | {"assigned_to": "me", "waiting_on": "staff"},
        "mine": active | {"assigned_to": "me"},
        "unassigned": active | {"unassigned": True},
        "open": active,
        "snoozed": newest | {"snoozed": True},
        "resolved": newest | {"status": [Status.RESOLVED]},
        "closed": newest | {"status": [Status.CLOSED]},
    }
    for name, values in chosen.items():
        query = ViewQuery(**values)
        title = name.replace("_", " ").capitalize()
        yield Named(name, title, query.parameters(), query, shared=True)


BUILT_IN = {view.id: view for view in _built_in()}


def query_of(stored: Mapping[str, Any]) -> ViewQuery | None:
    """None where it asks for something that only a newer process knows."""
    try:
        return ViewQuery.model_validate(stored)
    except ValidationError:
        return None


def views(session: Session, actor: Actor) -> list[ViewShown]:
    """Those that everybody has, the shared ones and the actor's own, the oldest first."""
    query = select(View).where(_visible(actor)).order_by(View.owner_id.is_not(None), View.id)
    saved = [Named.of(row) for row in session.scalars(query)]
    return _shown(session, actor, [*BUILT_IN.values(), *saved])


def chosen(session: Session, actor: Actor, ids: Sequence[str]) -> list[Named]:
    """The views of these ids. Raises `NotFound`, which points to the first that is not there."""
    # What is neither a word nor an id is the name of no view.
    wanted = {UUID(view_id) for view_id in ids if ID.fullmatch(view_id)}
    rows = (
        session.scalars(select(View).where(View.id.in_(wanted), _visible(actor))) if wanted else ()
    )
    found = BUILT_IN | {str(row.id): Named.of(row) for row in rows}
    for place, view_id in enumerate(ids):
        if view_id not in found:
            raise _not_found(f"/views/{place}")
    return [found[view_id] for view_id in dict.fromkeys(ids)]


def add(session: Session, actor: Actor, new: NewView, now: datetime) -> ViewShown:
    """Raises `Forbidden` (a shared one, not by an admin), `Conflict` (``too_many_views``) and
    `Invalid` for what no custom field has.
    """
    owner_id = _owner(actor, is_shared=new.shared)
    _require_room(session, owner_id)
    query = new.query.with_fields(session, actor)
    row = View(name=new.name, query=query.parameters(), owner_id=owner_id, created_at=now)
    session.add(row)
    session.flush()  # It has its id by then.
    return _shown(session, actor, [Named.of(row)])[0]


def change(session: Session, actor: Actor, view_id: UUID, changes: ViewChange) -> ViewShown:
    """Raises `NotFound`, `Forbidden`, `Conflict` as `add`."""
    row = _held(session, actor, view_id)
    if changes.name is not MISSING:
        row.name = changes.name
    if changes.query is not MISSING:
        row.query = changes.query.with_fields(session, actor).parameters()
        outbox(session).views.append(ViewChanged(row.id, row.query))
    if changes.shared is not MISSING and changes.shared != (row.owner_id is None):
        owner_id = _owner(actor, is_shared=changes.shared)
        _require_room(session, owner_id)
        row.owner_id = owner_id
        if owner_id is not None:
            outbox(session).views.append(ViewChanged(row.id, None, but_for=owner_id))
    return _shown(session, actor, [Named.of(row)])[0]


def remove(session: Session, actor: Actor, view_id: UUID) -> None:
    """Raises `NotFound`, `Forbidden`."""
    session.delete(_held(session, actor, view_id))
    outbox(session).views.append(ViewChanged(view_id, None))


def _shown(session: Session, actor: Actor, named: Sequence[Named]) -> list[ViewShown]:
    live = {view.id: view.query.asked_by(actor.id) for view in named if view.query and view.is_live}
    counted = {view_id: asked for view_id, asked in live.items() if is_counted(asked)}
    found = dict(zip(counted, counts(session, actor.id, list(counted.values())), strict=True))
    return [
        ViewShown(
            id=view.id,
            name=view.name,
            query=view.parameters,
            live=view.is_live,
            shared=view.shared,
            count=found[view.id].count if view.id in found else None,
            unread=found[view.id].unread if view.id in found else None,
        )
        for view in named
    ]


def _visible(actor: Actor) -> ColumnElement[bool]:
    return or_(View.owner_id == actor.id, View.owner_id.is_(None))


def _held(session: Session, actor: Actor, view_id: UUID) -> View:
    query = select(View).where(View.id == view_id, _visible(actor)).with_for_update()
    if (row := session.scalar(query)) is None:
        raise _not_found()
    _owner(actor, is_shared=row.owner_id is None)
    return row


def _owner(actor: Actor, *, is_shared: bool) -> UUID | None:
    """Whose a view is that the actor writes."""
    if is_shared and actor.role is not Role.ADMIN:
        raise Forbidden("admin_required", "Only admins write shared views")
    return None if is_shared else actor.id


def _require_room(session: Session, owner_id: UUID | None) -> None:
    session.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    owned = View.owner_id.is_not_distinct_from(owner_id)
    if (session.scalar(select(func.count()).where(owned)) or 0) >= MOST_VIEWS:
        raise Conflict("too_many_views", f"There are {MOST_VIEWS} views already")


def _not_found(pointer: str | None = None) -> NotFound:
    return NotFound("view_not_found", "View not found", pointer)
