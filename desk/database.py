"""Which database this is, as every process that uses it sees it."""

import hashlib

from sqlalchemy import text
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
