"""Which of a queue's tickets are next: customers take turns, whoever has the most tickets.

Each team has a queue, and what has no team.

A customer's tickets are counted, oldest first, from the number of those that are worked on for
them already. The lowest count is next; among equals, the oldest.

However many tickets wait, of however many customers, a batch reads a bounded number of rows. It
looks at the customers of the oldest tickets, and on from customer to customer, from where it ended
the last time: so everybody is looked at, though all that is oldest may be one customer's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from desk.statements import Statement, ids
from models import IS_ACTIVE, IS_WAITING, QUEUE

# So many customers, and so many of the oldest tickets, one look goes through.
MOST_LOOKED_AT = 100
# Of the tickets that are worked on for one customer, those beyond are not counted.
MOST_WORKED_ON = 100
NOBODY = UUID(int=0)
NO_TEAM = UUID(int=0)
# What waits in the queue; ``able`` not null: for what one of these people can.
IN_QUEUE = f"""{QUEUE} = %(queue)s and {IS_WAITING} and (
    %(able)s::uuid[] is null or required_skills = '{{}}' or exists (
        select from users able
        where able.id = any(%(able)s::uuid[]) and tickets.required_skills <@ able.skills
    )
)"""


@dataclass(frozen=True, slots=True)
class Next:
    """The tickets that are next, and the customer after whom the next look begins."""

    tickets: Sequence[UUID]
    after: UUID


def _customer_after(given: str) -> str:
    """The next customer with a waiting ticket, by their ids; after the last one the first."""
    first = "order by user_id limit 1"
    return f"""coalesce(
        (select user_id from tickets where {IN_QUEUE} and user_id > {given} {first}),
        (select user_id from tickets where {IN_QUEUE} {first})
    )"""


# From one customer to the next along the index, once around at most.
# Of the customers found, those whose first tickets are next: nobody else's can be among as many.
NEXT: Statement[tuple[UUID | None, UUID]] = Statement(
    f"""
    with recursive look (first, user_id, n) as (
        select user_id, user_id, 1
        from (select {_customer_after("%(after)s")} as user_id) start
        where user_id is not null
        union all
        select look.first, following.user_id, n + 1
        from look, lateral (select {_customer_after("look.user_id")} as user_id) following
        where n < {MOST_LOOKED_AT} and following.user_id <> look.first
    ),
    oldest as (
        select user_id from tickets
        where {IN_QUEUE} and id <> all(%(but)s::uuid[])
        order by created_at, id limit {MOST_LOOKED_AT}
    ),
    customer as (
        select found.user_id, worked_on
        from (select user_id from look union select user_id from oldest) found,
        lateral (
            select created_at, id from tickets
            where user_id = found.user_id and {IN_QUEUE} and id <> all(%(but)s::uuid[])
            order by created_at, id limit 1
        ) head,
        lateral (
            select count(*) as worked_on from (
                select from tickets
                where user_id = found.user_id and assigned_to_id is not null and {IS_ACTIVE}
                limit {MOST_WORKED_ON}
            ) counted
        ) work
        order by worked_on, head.created_at, head.id limit %(most)s
    ),
    ticket as (
        select waiting.id, row_number() over (order by worked_on + n, created_at, id) as place
        from customer, lateral (
            select id, created_at, row_number() over (order by created_at, id) as n from tickets
            where user_id = customer.user_id and {IN_QUEUE} and id <> all(%(but)s::uuid[])
            order by created_at, id limit %(most)s
        ) waiting
        order by place limit %(most)s
    )
    select ticket.id, look.user_id
    from (select user_id from look order by n desc limit 1) look
    left join ticket on true
    order by place
    """,
    lambda *row: row,
)


def following(
    session: Session,
    after: UUID | None,
    but: Collection[UUID],
    most: int,
    team_id: UUID | None = None,
    able: Collection[UUID] | None = None,
) -> Next:
    """The ids of the tickets that are next, ``most`` at most, and where the next look begins.

    ``after``: the customer after whom the look begins, from the `Next` of the last one; None at
    first. ``but``: ids of tickets that are left out. ``able``: only what requires no skill, or none
    that each of these people lacks. Locks nothing: a ticket may be assigned before
    the caller has it.
    """
    those = None if able is None else ids(able)
    queue = team_id or NO_TEAM
    start = after or NOBODY
    rows = NEXT.all(session, after=start, but=ids(but), most=most, queue=queue, able=those)
    tickets = [ticket_id for ticket_id, _ in rows if ticket_id is not None]
    return Next(tickets, rows[0][1] if rows else NOBODY)


# Each queue is one probe of the index.
BUSY: Statement[UUID] = Statement(
    f"""
    select queue from (select '{NO_TEAM}'::uuid as queue union all select id from teams) queues,
    lateral (select from tickets where {QUEUE} = queue and {IS_WAITING} limit 1) waiting
    """,
    lambda queue: queue,
)


def busy(session: Session) -> list[UUID | None]:
    """The teams in whose queues something waits; None: it does without a team."""
    return [None if queue == NO_TEAM else queue for queue in BUSY.all(session)]
