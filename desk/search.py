"""Full text: the words of each ticket, written in the transaction that writes the ticket."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.orm import Session

from desk.access import Audience
from models import TicketSearch

# Every language alike: no stemming, no words that are left out.
SIMPLE = literal("simple", REGCONFIG)
# A document may have 1 MiB; a message adds less than the rest of it. What a ticket says beyond
# that is not found.
LARGEST = 900_000


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


def found(audience: Audience, words: str) -> Select[UUID]:
    """The tickets that the words are found in, as the audience may read them.

    ``words`` as in a search engine: ``two words``, ``"a phrase"``, ``this or that``, ``-without``.
    PostgreSQL's parser of that form takes any text.
    """
    document = TicketSearch.staff if audience is Audience.STAFF else TicketSearch.public
    has_words = document.op("@@")(func.websearch_to_tsquery(SIMPLE, words))
    return select(TicketSearch.ticket_id).where(has_words)


def says(audience: Audience, words: str, ticket_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether one ticket is among the `found`, by a look at its own document.

    The offset keeps the planner from looking all of the found ones up first.
    """
    return found(audience, words).where(TicketSearch.ticket_id == ticket_id).offset(0).exists()


def rebuild(session: Session) -> None:
    """Makes all documents anew from the tickets, for what was not written by the rules."""
    session.execute(delete(TicketSearch))
    complete(session, UUID(int=0), UUID(int=2**128 - 1))


def complete(session: Session, first: UUID, last: UUID) -> None:
    """Makes the documents that are missing, of tickets with ids between the two."""
    session.execute(COMPLETE, {"first": first, "last": last})


# Without a note, one document is made for both.
COMPLETE = text(
    """
    insert into ticket_search (ticket_id, public, staff)
    select id, public, case when has_notes then to_tsvector('simple', all_words) else public end
    from (
        select t.id, has_notes, t.words || coalesce(said.by_all, '') as all_words,
            to_tsvector('simple', t.words || coalesce(said.publicly, '')) as public
        from (
            select id, number || E'\\n' || title || E'\\n' || description as words
            from tickets
            where id between :first and :last
                and not exists (select from ticket_search s where s.ticket_id = tickets.id)
        ) t
        left join lateral (
            select bool_or(kind <> 'message_posted') as has_notes,
                left(string_agg(E'\\n' || content, '' order by seq)
                    filter (where kind = 'message_posted'), 100000) as publicly,
                left(string_agg(E'\\n' || content, '' order by seq), 100000) as by_all
            from events where ticket_id = t.id and content is not null
        ) said on true
        offset 0
    ) documents
    """
)
