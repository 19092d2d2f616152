"""Full text: the words of each ticket, written in the transaction that writes the ticket."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, text
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.orm import Session

from desk.access import Actor
from models import Ticket, TicketSearch

# Every language alike: no stemming, no words that are left out.
SIMPLE = literal("simple", REGCONFIG)
# A document may have 1 MiB; a message adds less than the rest of it. What a ticket says beyond
# that is not found.
LARGEST = 900_000
# Tickets with a rare word: so many are read and sorted in some ten milliseconds.
MOST_RARE = 5_000


# For the statement that opens a ticket: it has the new row as ``ticket``.
OPENED = """
    insert into ticket_search (ticket_id, public, staff)
    select id, words, words from (
        select id, to_tsvector('simple', concat_ws(E'\\n', number, title, description)) as words
        from ticket
    ) opened
"""
# For the statement that posts a message: it has the new event as ``said``. Concatenated with
# nothing a document is measured as it is in memory, not as it is compressed.
SAID = f"""
    insert into ticket_search as document (ticket_id, public, staff)
    select ticket_id, case when public_seq is null then '' else words end, words from (
        select ticket_id, public_seq, to_tsvector('simple', content) as words from said
    ) said
    on conflict (ticket_id) do update set
        public = case when pg_column_size(document.public || '') < {LARGEST}
            then document.public || excluded.public else document.public end,
        staff = case when pg_column_size(document.staff || '') < {LARGEST}
            then document.staff || excluded.staff else document.staff end
"""


def matches(session: Session, actor: Actor, words: str) -> ColumnElement[bool]:
    """Tickets of the outer query that the words are found in, as the actor may read them.

    ``words`` as in a search engine: ``two words``, ``"a phrase"``, ``this or that``, ``-without``.
    PostgreSQL's parser of that form takes any text.

    A common word is looked for along the list, in its order, until the page is full. Done for a
    rare one that could go through the whole list; so of a rare one all tickets are taken first.
    """
    document = TicketSearch.staff if actor.is_staff else TicketSearch.public
    has_words = document.op("@@")(func.websearch_to_tsquery(SIMPLE, words))
    found = select(TicketSearch.ticket_id).where(has_words)
    # A customer's own list is short.
    if actor.is_staff and _is_rare(session, found):
        rare = found.cte("found").prefix_with("materialized")
        return Ticket.id.in_(select(rare.c.ticket_id))
    return found.where(TicketSearch.ticket_id == Ticket.id).exists()


def _is_rare(session: Session, found: Select[UUID]) -> bool:
    some = found.limit(MOST_RARE + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= MOST_RARE


def rebuild(session: Session) -> None:
    """Makes all documents anew from the tickets, for what was not written by the rules."""
    session.execute(text("delete from ticket_search"))
    session.execute(text(REBUILD))


REBUILD = """
insert into ticket_search (ticket_id, public, staff)
select t.id, to_tsvector('simple', t.words || coalesce(said.public, '')),
    to_tsvector('simple', t.words || coalesce(said.staff, ''))
from (
    select id, number || E'\\n' || title || E'\\n' || description as words from tickets
) t
left join (
    select ticket_id,
        left(string_agg(E'\\n' || content, '' order by seq)
            filter (where kind = 'message_posted'), 100000) as public,
        left(string_agg(E'\\n' || content, '' order by seq), 100000) as staff
    from events where content is not null group by ticket_id
) said on said.ticket_id = t.id
"""
