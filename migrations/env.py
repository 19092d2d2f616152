"""Runs migrations on the connection that the caller hands over, or on DATABASE_URL."""

import time

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from config import settings
from models import Base

# Two releases that start at once migrate one after the other.
MIGRATION_LOCK = 715_001
PAUSE_SECONDS = 0.2


def lock(connection: Connection) -> None:
    """Tries again and again: an index that is created meanwhile would wait for who waits here."""
    while not connection.scalar(text(f"select pg_try_advisory_lock({MIGRATION_LOCK})")):
        connection.commit()
        time.sleep(PAUSE_SECONDS)
    connection.commit()


def _is_declared(name: str | None, kind: str, _: object) -> bool:
    """The partitions of the audit log are made by the database."""
    return kind != "table" or not str(name).startswith("audit_") or name in Base.metadata.tables


def migrate(connection: Connection) -> None:
    lock(connection)
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_server_default=True,
            include_name=_is_declared,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text(f"select pg_advisory_unlock({MIGRATION_LOCK})"))
        connection.commit()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif handed := context.config.attributes.get("connection"):
    migrate(handed)
else:
    with create_engine(settings().database_url, poolclass=pool.NullPool).connect() as connection:
        migrate(connection)
