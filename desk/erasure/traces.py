"""Where words are still found: the proof of an erasure, of every table that there is."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Select, Text, cast, column, func, or_, select, table, text
from sqlalchemy.orm import Session

from desk.tickets.search_words import compound

# What the database itself has, whatever we know of it. Partitions are tables, too.
COLUMNS = text(
    """
    select table_name, column_name, data_type = 'bytea'
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema = current_schema() and table_type = 'BASE TABLE'
    order by table_name, ordinal_position
    """
)


def needles(words: Sequence[str]) -> set[str]:
    """What is looked for: the words as they are written, and as the search cuts them."""
    asked = {word.lower() for word in words if word.strip()}
    cut = {compound(word).joined for word in asked if len(word.split()) == 1}
    # As bytes are shown, of which some are no text.
    octal = {"".join(chr(b) if b < 128 else f"\\{b:03o}" for b in word.encode()) for word in asked}
    return {needle for needle in asked | cut | octal if needle}


def traces(session: Session, words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The tables that have rows with one of the words, whatever the case, and how many."""
    sought = needles(words)
    tables: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for name, its_column, is_bytes in session.execute(COLUMNS).all():
        tables[name][its_column] = is_bytes
    for name, columns in tables.items():
        found = session.scalar(_count(name, columns, sought))
        if found:
            yield name, found


def _count(name: str, columns: Mapping[str, bool], sought: set[str]) -> Select[int]:
    row = func.lower(func.concat_ws(" ", *(_text(*each) for each in columns.items())))
    found = or_(*(row.contains(needle, autoescape=True) for needle in sought))
    named = table(name, *(column(each) for each in columns))
    return select(func.count()).select_from(named).where(found)


def _text(name: str, is_bytes: bool) -> ColumnElement[str]:
    if is_bytes:
        shown: ColumnElement[str] = func.encode(column(name), "escape")
        return shown
    return cast(column(name), Text)
