"""Posting a message and opening a ticket, each as one statement with all that follows from it.

`messages.post` and `tickets.open_ticket`, compiled. Where an effect is due that they do not have (a
ticket opens again or wakes, a message has files or mentions somebody), or something is refused,
they do nothing, and the rule runs. A test compares what the two leave behind, row by row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from desk.access import OWNED_BY, Actor
from desk.events import TicketCreated
from desk.jobs import Job
from desk.notifications import inbox
from desk.outbox import DraftChanged, Outbox
from desk.rows import EventRow, PersonName
from desk.statements import SingleStatement, Statement
from desk.tickets import messages, tickets
from desk.tickets.messages import NewMessage, Posted
from desk.tickets.search_words import document
from desk.tickets.tickets import NewTicket
from desk.tickets.views import Side, TicketView
from desk.webhooks import webhook_queue
from models import FieldNeed, Status


class Said(NamedTuple):
    """What `POST` has stored; who is told of it, with what, by whom; whether a webhook is; and
    whether a draft went with it. A row for each who is told.
    """

    seq: int
    public_seq: int | None
    at: datetime
    notification_id: UUID | None
    told: UUID | None
    data: dict[str, object] | None
    actor_name: str
    has_deliveries: bool
    had_draft: bool


IS_OWN = OWNED_BY.format(me="%(actor_id)s")
# Waits for the ticket's lock, which `timeline.record` says why. The clock is read in a select over
# the lock's: in the same one it would be read before the wait. What was stored during the wait it
# does not see: the same ``client_id`` is then refused by the constraint. (``on conflict`` would
# write one more record for each message.)
# Whether somebody has answered since is asked of the rule, unless nothing at all has happened.
_POST = f"""
    with locked as materialized (
        select * from tickets
        where id = %(ticket_id)s and (%(is_staff)s or {IS_OWN})
        for no key update
    ),
    ticket as materialized (
        select *, coalesce(%(now)s::timestamptz, greatest(clock_timestamp(), updated_at)) as at
        from locked
    ),
    said as (
        insert into events (
            ticket_id, seq, public_seq, id, kind, actor_id, at, client_id, content, data
        )
        select
            id, last_seq + 1, case when %(is_note)s then null else last_public_seq + 1 end,
            %(event_id)s, %(kind)s::varchar, %(actor_id)s, at, %(client_id)s::varchar,
            %(content)s, '{{}}'
        from ticket
        where status <> 'closed' and (%(is_staff)s or not %(is_note)s) and not %(is_for_rule)s
            and (
                not {IS_OWN} or %(is_note)s
                or (status <> 'resolved' and (snoozed_until is null or not wakes_on_reply))
            )
            and not exists (
                select from events e where e.ticket_id = ticket.id
                    and e.actor_id = %(actor_id)s and e.client_id = %(client_id)s::varchar
            )
            and (%(expect_seq)s::bigint is null or %(expect_seq)s::bigint >= case
                when %(is_staff)s then last_seq else last_public_seq
            end)
        returning ticket_id, seq, public_seq, at
    ),
    moved as (
        update tickets set
            last_seq = said.seq,
            updated_at = said.at,
            last_public_seq = coalesce(said.public_seq, last_public_seq),
            public_updated_at = case when %(is_note)s then public_updated_at else said.at end,
            first_response_at = case
                when %(is_note)s or {IS_OWN} or %(is_program)s then first_response_at
                else coalesce(first_response_at, said.at)
            end,
            last_message_seq = case when %(is_note)s then last_message_seq else said.seq end,
            last_message_from_staff = case
                when %(is_note)s then last_message_from_staff else not {IS_OWN}
            end,
            last_said_seq = said.seq,
            last_said_by = %(actor_id)s
        from said
        where tickets.id = said.ticket_id
    ),
    unindexed as (
        insert into unindexed_events (ticket_id, seq, words)
        select ticket_id, seq, %(words)s::tsvector from said
    ),
    told as ({inbox.OF_MESSAGE}),
    delivered as ({webhook_queue.OF_EVENT})
"""
_SAID = """
    select said.seq, said.public_seq, said.at,
        told.notification_id, told.user_id, told.data, told.actor_name,
        exists (select from delivered), {had_draft}
    from said left join told on true
"""
POST = Statement(_POST + _SAID.format(had_draft="false"), Said)
# The same for a message that was a draft, which goes with it.
POST_DRAFT = Statement(
    _POST
    + """,
    undrafted as (
        delete from drafts using said
        where drafts.ticket_id = said.ticket_id and drafts.user_id = %(actor_id)s
            and drafts.kind = %(draft_kind)s::varchar
        returning drafts.kind
    )
    """
    + _SAID.format(had_draft="exists (select from undrafted)"),
    Said,
)


class Opened(NamedTuple):
    """What `OPEN` has stored, of whom, and whether a webhook is told."""

    number: int
    at: datetime
    customer: str
    has_deliveries: bool


OPEN = Statement(
    f"""
    with ticket as (
        insert into tickets (
            id, title, description, category, type, status, tags, user_id,
            created_at, updated_at, public_updated_at, last_seq, last_public_seq
        )
        select
            %(ticket_id)s, %(title)s, %(description)s, %(category)s, %(type)s,
            '{Status.OPEN}', '{{}}', %(user_id)s, at, at, at, 1, 1
        from coalesce(%(now)s::timestamptz, clock_timestamp()) at
        where not %(has_fields)s and not exists (
            select from fields where required = '{FieldNeed.TO_OPEN}' and removed_at is null
                and coalesce(category, %(category)s) = %(category)s
        )
        returning *
    ),
    said as (
        insert into events (ticket_id, seq, public_seq, id, kind, actor_id, at, data)
        select id, 1, 1, %(event_id)s, %(kind)s::varchar, %(user_id)s, created_at, '{{}}'
        from ticket
        returning ticket_id, seq, at
    ),
    unindexed as (
        insert into unindexed_events (ticket_id, seq, words)
        select id, 1, to_tsvector('simple', number::text) || %(words)s::tsvector from ticket
    ),
    delivered as ({webhook_queue.OF_EVENT})
    select number, created_at, (select full_name from users where id = user_id),
        exists (select from delivered)
    from ticket
    """,
    Opened,
)


def posting(
    actor: Actor, ticket_id: UUID, new: NewMessage, now: datetime | None = None
) -> SingleStatement[Posted]:
    """`messages.post` as one statement. It is repeatable with a ``client_id``, by which the rule
    finds out whether the message was stored.
    """
    event = new.event()
    values = {
        "ticket_id": ticket_id,
        "is_staff": actor.is_staff,
        "is_program": actor.is_program,
        "is_note": event.is_internal,
        "event_id": event.id,
        "kind": event.kind,
        "actor_id": actor.id,
        "now": now,
        "client_id": event.client_id,
        "content": event.content,
        "words": document(event.content),
        "expect_seq": new.expect_seq,
        "draft_kind": new.draft_kind.value,
        "is_for_rule": bool(new.attachment_ids or new.mentions),
    }

    def result(rows: Sequence[Said], recorded: Outbox) -> Posted | None:
        if not rows:
            return None
        seq, public_seq, at, *_, has_deliveries, had_draft = rows[0]
        texts = (event.client_id, event.content)
        row = EventRow(ticket_id, seq, public_seq, event.id, event.kind, actor.id, at, *texts, {})
        recorded.events.append(row)
        for said in rows:
            if said.notification_id and said.told and said.data:
                told = inbox.told_of_message(
                    row, said.notification_id, said.told, said.data, said.actor_name
                )
                recorded.notifications.append(told)
        if has_deliveries:
            recorded.wakes.add(Job.DRAIN_WEBHOOKS)
        if had_draft:
            recorded.drafts.append(DraftChanged(actor.id, ticket_id, new.draft_kind, 0))
        return Posted(row, is_new=True)

    return SingleStatement(
        POST_DRAFT if new.draft else POST,
        values,
        result,
        otherwise=lambda session: messages.post(session, actor, ticket_id, new, now),
        is_repeatable=new.client_id is not None,
    )


def opening(
    actor: Actor, new: NewTicket, now: datetime | None = None
) -> SingleStatement[TicketView]:
    """`tickets.open_ticket` as one statement."""
    ticket_id, event_id, kind = uuid7(), uuid7(), TicketCreated.kind
    values = {
        **new.columns,
        "has_fields": bool(new.fields),
        "ticket_id": ticket_id,
        "event_id": event_id,
        "kind": kind,
        "user_id": actor.id,
        "now": now,
        "words": document(f"{new.title}\n{new.description}"),
    }

    def result(rows: Sequence[Opened], recorded: Outbox) -> TicketView | None:
        if not rows:
            return None
        [opened] = rows
        row = EventRow(ticket_id, 1, 1, event_id, kind, actor.id, opened.at, None, None, {})
        recorded.events.append(row)
        recorded.wakes.add(Job.DRAIN_ASSIGNMENT)
        if opened.has_deliveries:
            recorded.wakes.add(Job.DRAIN_WEBHOOKS)
        return _opened(actor, new, ticket_id, opened)

    return SingleStatement(
        OPEN,
        values,
        result,
        otherwise=lambda session: tickets.open_ticket(session, actor, new, now),
        is_repeatable=False,
    )


def _opened(actor: Actor, new: NewTicket, ticket_id: UUID, opened: Opened) -> TicketView:
    """A new ticket as its customer sees it."""
    return TicketView(
        id=ticket_id,
        number=opened.number,
        **new.columns,
        status=Status.OPEN,
        priority=None,
        tags=[],
        fields={},
        user_id=actor.id,
        assigned_to_id=None,
        team_id=None,
        required_skills=[],
        snoozed_until=None,
        merged_into_id=None,
        created_at=opened.at,
        updated_at=opened.at,
        first_response_at=None,
        resolved_at=None,
        closed_at=None,
        version=1,
        seq=1,
        customer=PersonName(actor.id, opened.customer),
        assignee=None,
        last_message=None,
        waiting_on=Side.STAFF,
        unread=0,
    )
