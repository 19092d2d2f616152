"""Posting a message and opening a ticket, each as one statement with all that belongs to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from desk.notifications import inbox
from desk.statements import Statement
from desk.webhooks import webhook_queue
from models import Status


class Written(NamedTuple):
    """What the `POST` has done; nothing if ``seq`` is None."""

    seq: int | None
    public_seq: int | None
    at: datetime
    # Who is told of it, if anybody, and with what.
    told: UUID | None
    data: dict[str, Any] | None
    # The webhooks that ask for it.
    asking: Sequence[UUID]


# Waits for the ticket's lock, which `timeline.record` says why, and writes all that belongs to a
# message: nothing if the ticket is closed, or if its ``client_id`` was used before. If it is alone,
# without a transaction for what a webhook or a ticket that opens again needs, nothing then, too.
# The clock is read in a select over the lock's: in the same one it would be read before the wait.
# What was stored during the wait it does not see: the same ``client_id`` is then refused by the
# constraint. (``on conflict`` would write a record more for each message.)
POST = Statement(
    f"""
    with locked as materialized (
        select * from tickets
        where id = %(ticket_id)s and (%(is_staff)s or user_id = %(actor_id)s)
        for no key update
    ),
    ticket as materialized (
        select *, coalesce(%(now)s::timestamptz, greatest(clock_timestamp(), updated_at)) as at
        from locked
    ),
    webhooks as materialized (select {webhook_queue.ASKING} as asking),
    said as (
        insert into events (
            ticket_id, seq, public_seq, id, kind, actor_id, at, client_id, content, data
        )
        select
            id, last_seq + 1, case when %(is_note)s then null else last_public_seq + 1 end,
            %(event_id)s, %(kind)s::varchar, %(actor_id)s, at, %(client_id)s::varchar, %(content)s,
            '{{}}'
        from ticket, webhooks
        where status <> 'closed' and (%(is_staff)s or not %(is_note)s) and (not %(is_alone)s or (
            asking = '{{}}' and (status <> 'resolved' or user_id <> %(actor_id)s or %(is_note)s)
        )) and not exists (
            select from events e where e.ticket_id = ticket.id
                and e.actor_id = %(actor_id)s and e.client_id = %(client_id)s::varchar
        )
        returning ticket_id, seq, public_seq, at
    ),
    moved as (
        update tickets set
            last_seq = said.seq,
            updated_at = said.at,
            last_public_seq = coalesce(said.public_seq, last_public_seq),
            public_updated_at = case when %(is_note)s then public_updated_at else said.at end,
            first_response_at = case
                when %(is_note)s or user_id = %(actor_id)s then first_response_at
                else coalesce(first_response_at, said.at)
            end,
            last_message_seq = case when %(is_note)s then last_message_seq else said.seq end,
            last_message_from_staff = case
                when %(is_note)s then last_message_from_staff else user_id <> %(actor_id)s
            end
        from said
        where tickets.id = said.ticket_id
    ),
    unindexed as (
        insert into unindexed_events (ticket_id, seq, words)
        select ticket_id, seq, %(words)s::tsvector from said
    ),
    told as ({inbox.OF_MESSAGE})
    select said.seq, said.public_seq, said.at, told.user_id, told.data, asking
    from ticket cross join webhooks left join said on true left join told on true
    """,
    Written,
)

# If it is alone, without a transaction for what webhooks need, it opens nothing where one asks.
OPEN: Statement[tuple[int, list[UUID], datetime]] = Statement(
    f"""
    with webhooks as materialized (
        select {webhook_queue.ASKING} as asking,
            coalesce(%(now)s::timestamptz, clock_timestamp()) as at
    ),
    ticket as (
        insert into tickets (
            id, title, description, category, type, status, tags, user_id,
            created_at, updated_at, public_updated_at, last_seq, last_public_seq
        )
        select
            %(ticket_id)s, %(title)s, %(description)s, %(category)s, %(type)s,
            '{Status.OPEN}', '{{}}', %(user_id)s, at, at, at, 1, 1
        from webhooks
        where not %(is_alone)s or asking = '{{}}'
        returning id, number, created_at
    ),
    created as (
        insert into events (ticket_id, seq, public_seq, id, kind, actor_id, at, data)
        select id, 1, 1, %(event_id)s, %(kind)s::varchar, %(user_id)s, created_at, '{{}}'
        from ticket
    ),
    unindexed as (
        insert into unindexed_events (ticket_id, seq, words)
        select id, 1, to_tsvector('simple', number::text) || %(words)s::tsvector from ticket
    )
    select number, asking, at from ticket, webhooks
    """,
    lambda *row: row,
)
