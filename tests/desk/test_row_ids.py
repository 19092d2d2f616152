"""Ids of rows: the database and we make the same, of the same things."""

from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.row_ids import EPOCH, row_id, row_id_in_sql

MADE_IN_SQL = text(
    "select " + row_id_in_sql("cast(:at as timestamptz)", "cast(:a as uuid)", ":b", "'said'")
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**16), st.uuids(), st.integers(1, 2**63 - 1))
def test_python_and_sql_make_the_same(session: Session, microseconds: int, a: UUID, b: int) -> None:
    at = EPOCH + timedelta(microseconds=microseconds)
    made = session.execute(MADE_IN_SQL, {"at": at, "a": a, "b": b}).scalar_one()
    assert made == row_id(at, a, b, "said")
    assert made.version == 8
    assert made.int >> 80 == microseconds // 1_000


def test_each_part_counts() -> None:
    assert len({row_id(EPOCH, *parts) for parts in ((1, 23), (12, 3), (1, 2, 3), (123,))}) == 4
