"""Which database this is and what its clock says, as every process sees it; and when to leave a
connection to it.
"""

import hashlib
from datetime import datetime

import psycopg
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

# The cluster's own number, which a standby shares and a copy made by dump and restore does not.
IDENTITY = text(
    "select system_identifier, "
    "(select oid from pg_database where datname = current_database()) from pg_control_system()"
)
DIGITS = 12


def short_name(session: Session) -> str:
    """Tells this database from any other, whatever the address it is reached by."""
    system, database = session.execute(IDENTITY).one()
    return hashlib.sha256(f"{system}/{database}".encode()).hexdigest()[:DIGITS]


def clock(session: Session, now: datetime | None = None) -> datetime:
    """The database's time; ``now`` is for imports and tests."""
    return now or session.scalars(select(func.clock_timestamp())).one()


def is_outdated(error: BaseException | None) -> bool:
    """Whether a connection is of no more use, although the server goes on answering on it.

    After a failover the server behind it takes no changes; after a migration the statements that
    were prepared on it have results of another shape. Nothing was done, so it may be done anew.
    """
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return True
    # Its SQLSTATE stands for all that PostgreSQL does not support, its text is translated.
    if isinstance(error, psycopg.errors.FeatureNotSupported):
        return error.diag.source_function == "RevalidateCachedQuery"
    return False


def leave_outdated(engine: Engine) -> None:
    """Has an engine treat an outdated connection as one that was lost: all of its pool are left."""

    def handle(context: ExceptionContext) -> OperationalError | None:
        cause = context.original_exception
        if not is_outdated(cause):
            return None
        context.is_disconnect = True
        return OperationalError(
            context.statement, None, cause, hide_parameters=True, connection_invalidated=True
        )

    event.listen(engine, "handle_error", handle, retval=True)
