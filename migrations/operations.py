"""What migrations do to a desk that goes on meanwhile."""

from typing import Any

from alembic import op

# Whoever waits for a lock has everybody else wait behind.
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "1min"


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
