"""Every column that can hold what people write is known to the erasure."""

import pytest
from sqlalchemy import ARRAY, Enum, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from desk.erasure.people import own_columns
from models import Base
from models.personal import ERASED, NOT_PERSONAL

HOLDS_WORDS = (String, JSONB, ARRAY, TSVECTOR, LargeBinary)
NAMED = [
    (table, name) for named in (ERASED, NOT_PERSONAL) for table in named for name in named[table]
]
GO_WITH_THEIR_PERSON = {column.table.name for column in own_columns()}
# And what goes with such a row.
for table in Base.metadata.sorted_tables:
    owners = {key.column.table.name for key in table.foreign_keys if key.ondelete == "CASCADE"}
    if owners & GO_WITH_THEIR_PERSON:
        GO_WITH_THEIR_PERSON.add(table.name)


def test_no_column_is_forgotten() -> None:
    forgotten = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, HOLDS_WORDS)
        and not isinstance(column.type, Enum)
        and table.name not in GO_WITH_THEIR_PERSON
        and (table.name, column.name) not in NAMED
    }
    assert not forgotten, "name it in models/personal.py, and erase what is personal"


def test_what_is_named_is_there_and_named_once() -> None:
    assert len({*NAMED}) == len(NAMED)
    for table, name in NAMED:
        assert name in Base.metadata.tables[table].columns
        assert table not in GO_WITH_THEIR_PERSON


@pytest.mark.parametrize("table", ["drafts", "notifications", "auth_sessions", "macros"])
def test_what_is_somebodys_alone_goes_with_them(table: str) -> None:
    assert table in GO_WITH_THEIR_PERSON
