"""Full text: what was said on a ticket, and the tickets that words are found in.

An event with words is noted as unindexed, with them, in its own transaction. A worker adds them
to the ticket's two documents some seconds later; what it has not come to is searched as it is.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Cast,
    ColumnElement,
    Select,
    Uuid,
    cast,
    column,
    delete,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from desk.access import Audience, owned_ids, owned_ids_in_sql
from desk.events import Entry
from desk.tickets import people
from desk.tickets.search_queries import SHORTEST_BEGINNING, parsed
from desk.tickets.search_words import document
from models import Ticket, TicketSearch, UnindexedEvent, User

# Of one ticket, so many bytes of words are added to its documents at a time, and at least an event.
AT_ONCE = 450_000
# In bytes. A document may have 1 MiB. What a ticket says beyond is not found.
LARGEST = 500_000
# Of events, in one transaction; and of documents that are made anew.
BATCH, REBUILT = 500, 100

# Concatenated with nothing, words are measured as they are in memory, not as they are compressed.
UNINDEXED = f"""
    select ticket_id, seq, is_public, words from (
        select ticket_id, seq, e.public_seq is not null as is_public, u.words,
            sum(pg_column_size(u.words || '')) over (partition by ticket_id order by seq) as size
        from {{those}}
        join events e using (ticket_id, seq)
    ) unindexed
    where size <= {AT_ONCE}
"""
JOINED = "joined_words(words order by seq)"
JOINED_PUBLIC = "coalesce(joined_words(words order by seq) filter (where is_public), '')"
PICKED = UNINDEXED.format(those="oldest u")
ALL = UNINDEXED.format(those="unindexed_events u")
# Begins with the tickets that are somebody's own: what others say costs nothing.
OWN = UNINDEXED.format(
    those=f"({owned_ids_in_sql(':me')} offset 0) own "
    "join unindexed_events u on u.ticket_id = own.id",
)
INDEX = text(
    f"""
    with oldest as materialized (
        select ticket_id, seq, words from unindexed_events
        order by ticket_id, seq limit {BATCH}
    ),
    picked as materialized ({PICKED}),
    taken as (
        delete from unindexed_events gone using picked
        where gone.ticket_id = picked.ticket_id and gone.seq = picked.seq
        returning picked.*
    ),
    written as (
        insert into ticket_search as document (ticket_id, public, staff, edition)
        select ticket_id, {JOINED_PUBLIC}, {JOINED}, 2
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


def note_words(session: Session, entry: Entry) -> None:
    """Notes what is said in an event, for `index`."""
    if (said := entry.event.words(entry.ticket)) is not None:
        words = cast(document(said), TSVECTOR)
        session.add(UnindexedEvent(ticket_id=entry.ticket.id, seq=entry.row.seq, words=words))


def index(session: Session) -> int:
    """Adds the words of some unindexed events to their tickets' documents; 0 if there were none.

    Two at a time do no harm: each event is taken by one of them. Where nothing is unindexed, some
    documents of an older edition are made anew.
    """
    _cut(session)
    return session.scalar(INDEX) or _rebuild(session)


def _cut(session: Session) -> None:
    """Cuts the words that a process of the release before this one left uncut."""
    for ticket_id, seq, words in session.execute(UNCUT).all():
        values = {"ticket_id": ticket_id, "seq": seq, "words": document(words or "")}
        session.execute(SET_WORDS, values)


UNCUT = text(
    f"""
    select ticket_id, seq, case kind
        when 'ticket_created' then concat_ws(E'\\n', t.number, t.title, t.description)
        else e.content
    end
    from unindexed_events u join events e using (ticket_id, seq) join tickets t on t.id = ticket_id
    where u.words is null limit {BATCH}
    for update of u skip locked
    """
)
SET_WORDS = text(
    "update unindexed_events set words = cast(:words as tsvector) "
    "where ticket_id = :ticket_id and seq = :seq"
)


def _rebuild(session: Session) -> int:
    """Locked first: what is indexed meanwhile is added to the new documents."""
    query = select(TicketSearch.ticket_id).where(text("edition < 2")).limit(REBUILT)
    old = session.scalars(query.with_for_update(skip_locked=True)).all()
    if old:
        _make(session, list(old))
    return len(old)


def found(audience: Audience, words: str, me: BindParameter[UUID]) -> Select[UUID]:
    """The tickets that the words are found in, as the audience may read them: `parsed`. For the
    staff also those of the customers who are called so, by the name and address of today.

    A customer's are looked for among their own: how long it takes says nothing of others' words.
    """
    if audience is Audience.CUSTOMER:
        own = owned_ids(me).offset(0).subquery("theirs").c
        return select(own.id).where(says(audience, words, own, me))
    indexed = _indexed(audience, words)
    theirs = select(Ticket.id).where(Ticket.user_id.in_(_customers(words)))
    either = indexed.union_all(_unindexed(audience, words, me), theirs).subquery("found")
    return select(either.c.ticket_id)


def says(
    audience: Audience, words: str, ticket: Any, me: BindParameter[UUID]
) -> ColumnElement[bool]:
    """Whether one ticket is among the `found`, by a look at its own document.

    ``ticket``: what has the ``id`` and ``user_id`` of one. The offset keeps the planner from
    looking all of the found ones up first.
    """
    own = _indexed(audience, words).where(TicketSearch.ticket_id == ticket.id).offset(0)
    either = or_(own.exists(), ticket.id.in_(_unindexed(audience, words, me)))
    if audience is Audience.CUSTOMER:
        return either
    return or_(either, ticket.user_id.in_(_customers(words)))


def _customers(words: str) -> Select[UUID]:
    return select(User.id).where(people.called(words, SHORTEST_BEGINNING))


def _indexed(audience: Audience, words: str) -> Select[UUID]:
    """Of the tickets whose documents have all their words."""
    words_of = TicketSearch.staff if audience is Audience.STAFF else TicketSearch.public
    has_words = words_of.op("@@")(_query(words))
    # All of them are read once for a statement, and not once for each document.
    has_more = TicketSearch.ticket_id.in_(select(UnindexedEvent.ticket_id))
    return select(TicketSearch.ticket_id).where(has_words, ~has_more)


def _query(words: str) -> Cast[str]:
    return cast(literal(parsed(words)), TSQUERY)


def _unindexed(audience: Audience, words: str, me: BindParameter[UUID]) -> Select[UUID]:
    """Of the other tickets, by their documents and what these do not have yet."""
    is_staff = audience is Audience.STAFF
    name, joined, those = ("staff", JOINED, ALL) if is_staff else ("public", JOINED_PUBLIC, OWN)
    query = text(
        f"""
        select ticket_id
        from (select ticket_id, {joined} as words from ({those}) said group by ticket_id) more
        left join ticket_search document using (ticket_id)
        where case when pg_column_size(document.{name} || '') >= {LARGEST}
            then document.{name}
            else coalesce(document.{name}, '') || words
        end @@ cast(:query as tsquery)
        """
    ).bindparams(query=parsed(words))
    if not is_staff:
        query = query.bindparams(me=me.value)
    rows = query.columns(column("ticket_id", Uuid)).subquery("unindexed")
    return select(rows.c.ticket_id)


def remake(session: Session, ticket_ids: Sequence[UUID]) -> None:
    """Makes the documents anew of tickets that the caller has locked, of what they say by now."""
    # First those, as whoever indexes them locks them before the documents.
    session.execute(delete(UnindexedEvent).where(UnindexedEvent.ticket_id.in_(ticket_ids)))
    session.execute(
        select(TicketSearch.ticket_id)
        .where(TicketSearch.ticket_id.in_(ticket_ids))
        .order_by(TicketSearch.ticket_id)
        .with_for_update()
    )
    _make(session, ticket_ids)


def complete(session: Session, first: UUID, last: UUID) -> None:
    """Makes the documents that are missing, of tickets with ids between the two."""
    _make(session, session.scalars(MISSING, {"first": first, "last": last}).all())


def _make(session: Session, ticket_ids: Sequence[UUID]) -> None:
    """Documents of all that is said on the tickets but the unindexed. Without a note, it is one."""
    rows = []
    for ticket_id, has_notes, publicly, by_all in session.execute(SAID, {"ids": list(ticket_ids)}):
        public = document(publicly)
        staff = document(by_all) if has_notes else public
        rows.append({"ticket_id": ticket_id, "public": public, "staff": staff})
    if rows:
        session.execute(MAKE, rows)


MISSING = text(
    """
    select id from tickets where id between :first and :last
        and not exists (select from ticket_search s where s.ticket_id = tickets.id)
    """
)
# As `EventData.words` has it, of a stored event.
WORDS = """concat_ws(E'\\n', content, data ->> 'comment',
    (select string_agg(file ->> 'name', ' ') from jsonb_array_elements(data -> 'attachments') file),
    case kind when 'merged_from' then concat_ws(' ', data ->> 'number', data ->> 'title',
        data ->> 'description')
    when 'fields_changed' then {to} when 'staff_fields_changed' then {to} end
)""".format(to="(select string_agg(change ->> 'to', ' ') from jsonb_each(data) each (key, change))")
SAID = text(
    f"""
    select t.id, has_notes, concat(words, publicly), concat(words, by_all)
    from (
        select id, case when not exists (
            select from unindexed_events u where u.ticket_id = tickets.id and seq = 1
        ) then concat_ws(E'\\n', number, title, description) end as words
        from tickets where id = any(:ids)
    ) t,
    lateral (
        select bool_or(public_seq is null) as has_notes,
            left(string_agg(E'\\n' || said, '' order by seq)
                filter (where public_seq is not null), 100000) as publicly,
            left(string_agg(E'\\n' || said, '' order by seq), 100000) as by_all
        from (
            select seq, public_seq, {WORDS} as said from events e where ticket_id = t.id
        ) e where said <> '' and not exists (
            select from unindexed_events u where u.ticket_id = t.id and u.seq = e.seq
        )
    ) said
    """
)
MAKE = text(
    """
    insert into ticket_search (ticket_id, public, staff, edition)
    values (:ticket_id, cast(:public as tsvector), cast(:staff as tsvector), 2)
    on conflict (ticket_id) do update
    set public = excluded.public, staff = excluded.staff, edition = 2
    """
)
