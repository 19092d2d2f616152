"""Full text: what was said on a ticket, and the tickets that words are found in.

An event with words is noted as unindexed by the statement that writes it. A worker adds the words
to the ticket's two documents some seconds later; what it has not come to is searched as it is.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, column, exists, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.orm import Session

from desk.access import Audience
from models import TicketSearch, UnindexedEvent

# Every language alike: no stemming, no words that are left out.
SIMPLE = literal("simple", REGCONFIG)
# Of characters of one ticket, so many are added to its documents at a time: at most 400 kB of
# words, where each letter has four bytes and each word is filed in its compound, too.
AT_ONCE = 40_000
# In bytes. A document may have 1 MiB. What a ticket says beyond is not found.
LARGEST = 500_000
# Of events, in one transaction.
BATCH = 500

# The words of unindexed events, the first AT_ONCE of each ticket.
UNINDEXED = f"""
    select ticket_id, seq, is_public, words from (
        select ticket_id, seq, e.public_seq is not null as is_public, words,
            sum(length(words)) over (partition by ticket_id order by seq) as length
        from {{those}}
        join events e using (ticket_id, seq)
        join tickets t on t.id = ticket_id,
        lateral (select case kind
            when 'ticket_created' then concat_ws(E'\\n', t.number, t.title, t.description)
            else e.content
        end as words) said
    ) unindexed
    where length <= {AT_ONCE}
"""
JOINED = r"coalesce(string_agg(words, E'\n' order by seq), '')"
JOINED_PUBLIC = r"coalesce(string_agg(words, E'\n' order by seq) filter (where is_public), '')"
PICKED, ALL = (UNINDEXED.format(those=those) for those in ("oldest", "unindexed_events"))
# Concatenated with nothing a document is measured as it is in memory, not as it is compressed.
INDEX = text(
    f"""
    with oldest as materialized (
        select ticket_id, seq from unindexed_events order by ticket_id, seq limit {BATCH}
    ),
    picked as materialized ({PICKED}),
    taken as (
        delete from unindexed_events gone using picked
        where gone.ticket_id = picked.ticket_id and gone.seq = picked.seq
        returning picked.*
    ),
    written as (
        insert into ticket_search as document (ticket_id, public, staff)
        select ticket_id, to_tsvector('simple', {JOINED_PUBLIC}), to_tsvector('simple', {JOINED})
        from taken group by ticket_id order by ticket_id
        on conflict (ticket_id) do update set
            public = case when pg_column_size(document.public || '') < {LARGEST}
                then document.public || excluded.public else document.public end,
            staff = case when pg_column_size(document.staff || '') < {LARGEST}
                then document.staff || excluded.staff else document.staff end
    )
    select count(*) from taken
    """
)


def index(session: Session) -> int:
    """Adds the words of some unindexed events to their tickets' documents; 0 if there were none.

    Two at a time do no harm: each event is taken by one of them.
    """
    return session.scalar(INDEX) or 0


def found(audience: Audience, words: str) -> Select[UUID]:
    """The tickets that the words are found in, as the audience may read them.

    ``words`` as in a search engine: ``two words``, ``"a phrase"``, ``this or that``, ``-without``.
    PostgreSQL's parser of that form takes any text.
    """
    either = _indexed(audience, words).union_all(_unindexed(audience, words)).subquery("found")
    return select(either.c.ticket_id)


def says(audience: Audience, words: str, ticket_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether one ticket is among the `found`, by a look at its own document.

    The offset keeps the planner from looking all of the found ones up first.
    """
    own = _indexed(audience, words).where(TicketSearch.ticket_id == ticket_id).offset(0)
    return or_(own.exists(), ticket_id.in_(_unindexed(audience, words)))


def _indexed(audience: Audience, words: str) -> Select[UUID]:
    """Of the tickets whose documents have all their words."""
    document = TicketSearch.staff if audience is Audience.STAFF else TicketSearch.public
    has_words = document.op("@@")(func.websearch_to_tsquery(SIMPLE, words))
    has_more = exists().where(UnindexedEvent.ticket_id == TicketSearch.ticket_id)
    return select(TicketSearch.ticket_id).where(has_words, ~has_more)


def _unindexed(audience: Audience, words: str) -> Select[UUID]:
    """Of the other tickets, by their documents and what these do not have yet."""
    document, joined = (
        ("staff", JOINED) if audience is Audience.STAFF else ("public", JOINED_PUBLIC)
    )
    query = text(
        f"""
        select ticket_id
        from (
            select ticket_id, {joined} as words from ({ALL}) said group by ticket_id
        ) more
        left join ticket_search document using (ticket_id)
        where case when pg_column_size(document.{document} || '') >= {LARGEST}
            then document.{document}
            else coalesce(document.{document}, '') || to_tsvector('simple', words)
        end @@ websearch_to_tsquery('simple', :words)
        """
    )
    rows = query.bindparams(words=words).columns(column("ticket_id", Uuid)).subquery("unindexed")
    return select(rows.c.ticket_id)


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
