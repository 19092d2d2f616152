"""Using a macro on a ticket: all that it says and does in one transaction, once, or nothing."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.actions import actions, batches
from desk.actions.actions import Actions
from desk.actions.batches import Done
from desk.causes import CauseType
from desk.errors import Conflict, Invalid
from desk.macros import macros
from desk.macros.macros import MacroMessage
from desk.macros.words import Rendered, first_name, render
from desk.text import ClientId, Content, Id, Input, Seq
from desk.tickets import messages, tickets
from desk.tickets.attachments import AttachmentIds
from desk.tickets.messages import Mentions, NewMessage
from models import Batch, Macro, MacroCount, Ticket, User


class Use(Input):
    """``content``: what is said in place of the macro's text, as it is: no words are put in. The
    rest as in a message.
    """

    client_id: ClientId
    content: Content | None = None
    expect_seq: Seq | None = None
    draft: bool = False
    attachment_ids: AttachmentIds = ()
    mentions: Mentions = ()


class Preview(Input):
    ticket_id: Id


@dataclass(frozen=True, slots=True)
class Previewed:
    """What the macro would say, if anything. ``missing``: words that are empty on this ticket."""

    content: str | None
    internal: bool
    missing: list[str]


def apply(
    session: Session,
    actor: Actor,
    ticket_id: UUID,
    macro_id: UUID,
    use: Use,
    desk_name: str,
    versions: Container[int] | None,
    now: datetime | None,
) -> Done:
    """Says first what the macro says, then does what it does. A repeat of the ``client_id`` gets
    what the first one did.

    Raises `NotFound`, `Stale`, `Conflict` (``client_id_reused``), `Invalid` (``word_empty``), and
    what the rules raise of what it does.
    """
    macro = macros.found(session, actor, macro_id)
    todo = Actions.model_validate(macro.actions) if macro else Actions()
    ticket = tickets.held_as_it_is(session, actor, ticket_id)
    if (before := batches.of_client(session, actor, ticket_id, use.client_id)) is not None:
        _require_same(session, before, macro_id, use)
        return Done.of(session, actor, ticket, before)
    tickets.unmerged(ticket)  # After that: a repeat is not for the other ticket.
    if macro is None:
        raise macros.not_found()
    tickets.expect_version(session, actor, ticket, versions)
    message = _message(session, actor, ticket, macro, use, desk_name)
    with batches.batch(session, actor, ticket, CauseType.MACRO, macro_id, use.client_id) as batch:
        if message is not None:
            messages.post(session, actor, ticket_id, message, now)
        actions.apply(session, actor, ticket, todo, now)
    _count(session, actor, macro, now)
    return Done.of(session, actor, ticket, batch)


def preview(
    session: Session, actor: Actor, macro_id: UUID, wanted: Preview, desk_name: str
) -> Previewed:
    """Raises `NotFound`."""
    if (macro := macros.found(session, actor, macro_id)) is None:
        raise macros.not_found()
    ticket = tickets.get(session, actor, wanted.ticket_id)
    if macro.message is None:
        return Previewed(None, internal=False, missing=[])
    rendered = _rendered(session, actor, ticket, macro.message["content"], desk_name)
    return Previewed(rendered.content, macro.message["internal"], rendered.missing)


def _require_same(session: Session, before: Batch, macro_id: UUID, use: Use) -> None:
    """Refuses a ``client_id`` for something else than it was used for."""
    said = {event.content for event in batches.events(session, before)}
    is_same = before.cause_id == macro_id and (use.content is None or use.content in said)
    if not is_same:
        raise Conflict("client_id_reused", "This client_id was used for something else")


def _message(
    session: Session, actor: Actor, ticket: Ticket, macro: Macro, use: Use, desk_name: str
) -> NewMessage | None:
    if macro.message is None:
        if use.content is not None or use.attachment_ids or use.mentions:
            raise Invalid("invalid", "The macro says nothing", "/content")
        return None
    message = MacroMessage.model_construct(**macro.message)
    content = use.content
    if content is None:
        rendered = _rendered(session, actor, ticket, message.content, desk_name)
        if rendered.missing:
            word = f"{{{{{rendered.missing[0]}}}}}"
            raise Invalid("word_empty", f"There is nothing to put in for {word}", "/content")
        content = rendered.content
    same = use.model_dump(exclude={"content"})
    return NewMessage(content=content, internal=message.internal, **same)


def _rendered(
    session: Session, actor: Actor, ticket: Ticket, content: str, desk_name: str
) -> Rendered:
    people = select(User.id, User.full_name).where(User.id.in_([ticket.user_id, actor.id]))
    names = {row.id: row.full_name for row in session.execute(people)}
    customer, agent = names[ticket.user_id], names[actor.id]
    values = {
        "ticket.number": str(ticket.number),
        "ticket.title": ticket.title,
        "customer.first_name": first_name(customer),
        "customer.full_name": customer,
        "agent.first_name": first_name(agent),
        "agent.full_name": agent,
        "desk.name": desk_name,
    }
    return render(content, values)


def _count(session: Session, actor: Actor, macro: Macro, now: datetime | None) -> None:
    """Counts the use, unless the macro is gone by now."""
    at = literal(now, MacroCount.used_at.type) if now else func.clock_timestamp()
    # It stays until the commit. Not before all else is locked: who removes a team holds that, and
    # removes its macros.
    still = select(Macro.id, literal(actor.id, Uuid()), 1, at).where(Macro.id == macro.id)
    still = still.with_for_update(read=True, key_share=True)
    first = insert(MacroCount).from_select(["macro_id", "user_id", "uses", "used_at"], still)
    again = first.on_conflict_do_update(
        index_elements=[MacroCount.macro_id, MacroCount.user_id],
        set_={"uses": MacroCount.uses + 1, "used_at": first.excluded.used_at},
    )
    session.execute(again)
