"""What migrations do to a desk that goes on meanwhile."""

import re
from typing import Any

from alembic import op

# Whoever waits for a lock has everybody else wait behind.
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "1min"
CHECK = "ck_{table}_{column}"


def set_timeouts() -> None:
    """Lets the statements of this migration wait and run for a bounded time."""
    op.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
    op.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'")


def create_index(name: str, table: str, columns: list[Any], **options: Any) -> None:
    """Creates an index while its table is read and written, for as long as that takes.

    It commits what this migration did before. If it fails it leaves an index that is not valid,
    and the next try replaces it.
    """
    with op.get_context().autocommit_block():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, **options)


def drop_index(name: str, table: str) -> None:
    """Drops an index while its table is read and written."""
    with op.get_context().autocommit_block():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)


def allow(table: str, column: str, value: str) -> None:
    """Has a check constraint of `models.base.one_of` allow one value more, whichever it has."""
    _set_allowed(table, column, {*_allowed(table, column), value})


def disallow(table: str, column: str, value: str) -> None:
    """The opposite; rows with the value are deleted."""
    op.execute(f"delete from {table} where {column} = '{value}'")
    _set_allowed(table, column, _allowed(table, column) - {value})


def _allowed(table: str, column: str) -> set[str]:
    check = f"select pg_get_constraintdef(oid) from pg_constraint where conname = '{CHECK}'"
    found = op.get_bind().exec_driver_sql(check.format(table=table, column=column)).scalar_one()
    return {*re.findall(r"'(\w+)'", found)}


def _set_allowed(table: str, column: str, values: set[str]) -> None:
    """Writers wait only until it stands: the rows that are there are read under a weaker lock."""
    name = CHECK.format(table=table, column=column)
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    op.execute(f"alter table {table} drop constraint {name}")
    op.execute(
        f"alter table {table} add constraint {name} check ({column} in ({listed})) not valid"
    )
    op.execute(f"alter table {table} validate constraint {name}")
