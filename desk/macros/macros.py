"""Macros as their people keep them: texts with words, and what is done to a ticket with them."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import MISSING, AfterValidator, ConfigDict, Field, Strict, with_config
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.actions import actions
from desk.actions.actions import Actions
from desk.assignment import pool, routing
from desk.errors import Conflict, Forbidden, Invalid, NotFound
from desk.macros.words import known
from desk.text import Content, Id, Input, Label
from models import MACRO_HOLDER, NOBODY, Macro, MacroCount, MacroScope, Role, TeamMember

# Of each person, of each team, and of everyone.
MOST_MACROS = 500
# Names the lock under which they are counted.
COUNTING = zlib.crc32(b"macros")
UNUSED = (0, None)
Scope = Annotated[MacroScope, Strict(False)]


class MacroMessage(Input):
    """What it says, with words such as `{{customer.first_name}}`; ``internal``: to the staff. What
    is behind a bar, as in `{{customer.first_name|there}}`, stands for a word that is empty.
    """

    content: Annotated[Content, AfterValidator(known)]
    internal: bool = False


class NewMacro(Input):
    """``set``: what is done to the ticket. ``team_id``: of a team's macro, whose it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Refund",
                "message": {"content": "Hello {{customer.first_name}}, it is on its way."},
                "set": {"status": "resolved", "tags_add": ["refund"]},
            }
        }
    )

    name: Label
    scope: Scope = MacroScope.OWN
    team_id: Id | None = None
    message: MacroMessage | None = None
    set: Actions = Field(default_factory=Actions)


class MacroChange(Input):
    """Only the fields that were sent count. ``scope`` goes with its ``team_id``."""

    name: Label | MISSING = MISSING
    scope: Scope | MISSING = MISSING
    team_id: Annotated[Id | None, Field()] | MISSING = MISSING
    message: Annotated[MacroMessage | None, Field()] | MISSING = MISSING
    set: Actions | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class MacroText:
    """A macro's text, with its words as they are written."""

    content: str
    internal: bool


@with_config(title="Macro")
@dataclass(frozen=True, slots=True)
class MacroShown:
    """A macro. ``set``: `Actions`, those that it has. ``uses``: how often it was used, by all;
    ``used_at``: last. ``editable``: whether whoever asks may change it.
    """

    id: UUID
    name: str
    scope: MacroScope
    team_id: UUID | None
    message: MacroText | None
    set: dict[str, Any]
    uses: int
    used_at: datetime | None
    editable: bool
    created_at: datetime


def macros(
    session: Session, actor: Actor, *, limit: int, after: UUID | None
) -> Sequence[MacroShown]:
    """The actor's own, their teams' and everyone's, the oldest first; for admins all teams'."""
    query = select(Macro).where(_visible(actor)).order_by(Macro.id).limit(limit)
    if after is not None:
        query = query.where(Macro.id > after)
    return _shown(session, actor, session.scalars(query).all())


def count(session: Session, actor: Actor) -> int:
    return session.scalar(select(func.count()).where(_visible(actor))) or 0


def found(session: Session, actor: Actor, macro_id: UUID) -> Macro | None:
    """The macro, if there is one that the actor may use."""
    return session.scalar(_found(actor, macro_id))


def add(session: Session, actor: Actor, new: NewMacro, now: datetime) -> MacroShown:
    """Raises `Forbidden`, `Conflict` (``macro_name_taken``, ``too_many_macros``), `Invalid`."""
    macro = Macro(name=new.name, created_at=now)
    _give(session, actor, macro, new.scope, new.team_id)
    _write(session, actor, macro, new)
    _require_room(session, macro)
    session.add(macro)
    session.flush()  # It has its id by then.
    return _shown(session, actor, [macro])[0]


def change(session: Session, actor: Actor, macro_id: UUID, changes: MacroChange) -> MacroShown:
    """Raises `NotFound`, and as `add`. What it has done before stays as it was done."""
    macro = _held(session, actor, macro_id)
    before = (macro.name, _holder(macro))
    with session.no_autoflush:  # A name that is taken is for us to find, not for the constraint.
        if changes.name is not MISSING:
            macro.name = changes.name
        if changes.scope is not MISSING or changes.team_id is not MISSING:
            scope = macro.scope if changes.scope is MISSING else changes.scope
            team_id = None if changes.team_id is MISSING else changes.team_id
            _give(session, actor, macro, scope, team_id)
        _write(session, actor, macro, changes)
        if (macro.name, _holder(macro)) != before:
            _require_room(session, macro)
    return _shown(session, actor, [macro])[0]


def remove(session: Session, actor: Actor, macro_id: UUID) -> None:
    """Raises `NotFound`, `Forbidden`."""
    session.delete(_held(session, actor, macro_id))


def not_found() -> NotFound:
    return NotFound("macro_not_found", "Macro not found")


def _visible(actor: Actor) -> ColumnElement[bool]:
    teams = select(TeamMember.team_id).where(TeamMember.user_id == actor.id)
    is_admins = actor.role is Role.ADMIN
    return or_(
        MACRO_HOLDER.in_([actor.id, NOBODY]),
        Macro.team_id.is_not(None) if is_admins else Macro.team_id.in_(teams),
    )


def _found(actor: Actor, macro_id: UUID) -> Select[Macro]:
    return select(Macro).where(Macro.id == macro_id, _visible(actor))


def _held(session: Session, actor: Actor, macro_id: UUID) -> Macro:
    query = _found(actor, macro_id).with_for_update(key_share=True)
    if (macro := session.scalar(query)) is None:
        raise not_found()
    _require_right(session, actor, macro.scope, macro.team_id)
    return macro


def _give(
    session: Session, actor: Actor, macro: Macro, scope: MacroScope, team_id: UUID | None
) -> None:
    """Makes it the actor's own, a team's or everyone's."""
    if (scope is MacroScope.TEAM) != (team_id is not None):
        raise Invalid("invalid", "A team's macro has a team_id, and no other has", "/team_id")
    if team_id is not None:
        routing.require_team(session, team_id)
    _require_right(session, actor, scope, team_id)
    macro.scope, macro.team_id = scope, team_id
    macro.owner_id = actor.id if scope is MacroScope.OWN else None


def _require_right(session: Session, actor: Actor, scope: MacroScope, team_id: UUID | None) -> None:
    if actor.role is Role.ADMIN or scope is MacroScope.OWN:
        return
    if scope is not MacroScope.TEAM:
        raise Forbidden("admin_required", "Only admins write macros of everyone")
    assert team_id is not None
    if not pool.is_member(session, team_id, actor.id):
        raise Forbidden("not_in_team", "Only its members and admins write macros of a team")


def _write(session: Session, actor: Actor, macro: Macro, sent: NewMacro | MacroChange) -> None:
    """What it says and does, as far as that was sent. What no ticket could take is refused now."""
    if sent.message is not MISSING:
        macro.message = sent.message.model_dump() if sent.message else None
    if sent.set is not MISSING:
        actions.require_sound(session, actor, sent.set)
        macro.actions = sent.set.stored
    if not macro.message and not macro.actions:
        raise Invalid("invalid", "A macro says or does something", "/set")


def _holder(macro: Macro) -> UUID:
    return macro.owner_id or macro.team_id or NOBODY


def _require_room(session: Session, macro: Macro) -> None:
    """For it, and for its name, among those of its holder."""
    session.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    theirs = select(func.lower(Macro.name)).where(
        MACRO_HOLDER.in_([_holder(macro)]), Macro.id.is_distinct_from(macro.id)
    )
    names = session.scalars(theirs).all()
    if len(names) >= MOST_MACROS:
        raise Conflict("too_many_macros", f"There are {MOST_MACROS} macros already")
    if session.scalar(select(func.lower(macro.name))) in names:
        raise Conflict("macro_name_taken", "There is a macro of this name already", "/name")


def _shown(session: Session, actor: Actor, found: Sequence[Macro]) -> list[MacroShown]:
    query = select(MacroCount.macro_id, func.sum(MacroCount.uses), func.max(MacroCount.used_at))
    query = query.where(MacroCount.macro_id.in_([macro.id for macro in found]))
    rows = session.execute(query.group_by(MacroCount.macro_id))
    used = {macro_id: (int(uses), at) for macro_id, uses, at in rows}
    teams = session.scalars(select(TeamMember.team_id).where(TeamMember.user_id == actor.id)).all()
    return [
        MacroShown(
            id=macro.id,
            name=macro.name,
            scope=macro.scope,
            team_id=macro.team_id,
            message=MacroText(**macro.message) if macro.message else None,
            set=macro.actions,
            uses=used.get(macro.id, UNUSED)[0],
            used_at=used.get(macro.id, UNUSED)[1],
            editable=actor.role is Role.ADMIN or _holder(macro) in {actor.id, *teams},
            created_at=macro.created_at,
        )
        for macro in found
    ]
