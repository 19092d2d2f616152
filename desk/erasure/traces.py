"""Where words are still found: the proof of an erasure, of every table that there is."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from desk.tickets.search_words import compound


def needles(words: Sequence[str]) -> set[str]:
    """What is looked for: the words as they are written, and as the search cuts them."""
    asked = {word.lower() for word in words if word.strip()}
    cut = {compound(word).joined for word in asked if len(word.split()) == 1}
    octal = {"".join(chr(b) if b < 128 else f"\\{b:03o}" for b in word.encode()) for word in asked}
    return {needle for needle in asked | cut | octal if needle}


def traces(session: Session, words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The tables that have rows with one of the words, whatever the case, and how many."""
    sought = needles(words)
    tables = MetaData()
    tables.reflect(session.connection())
    for table in tables.sorted_tables:
        found = session.scalar(_count(table, sought))
        if found:
            yield table.name, found


def _count(table: Table, sought: set[str]) -> Select[int]:
    row = func.lower(func.concat_ws(" ", *(_text(column) for column in table.columns)))
    found = or_(*(row.contains(needle, autoescape=True) for needle in sought))
    return select(func.count()).select_from(table).where(found)


def _text(column: Column[Any]) -> ColumnElement[str]:
    """As people read it. Of bytes, what is not ASCII is written in octal."""
    if isinstance(column.type, LargeBinary):
        shown: ColumnElement[str] = func.encode(column, "escape")
        return shown
    return cast(column, String)
