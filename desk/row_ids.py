"""Ids that follow from what a row is of, so that of one thing there cannot be two rows.

They begin with a time, so that a fresh row lands at the end of its index: UUIDs of version 8, as
RFC 9562 calls those of one's own making, with the milliseconds where version 7 has them.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def row_id(at: datetime, *parts: object) -> UUID:
    """The id of what is told apart by its parts; always the same ``at`` belongs to them."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()
    time = f"{(at - EPOCH) // MILLISECOND:012x}"
    return UUID(f"{time}8{digest[:3]}8{digest[3:18]}")


def row_id_in_sql(at: str, *parts: str) -> str:
    """The same, of expressions of SQL."""
    digest = f"encode(sha256(convert_to(concat_ws(':', {', '.join(parts)}), 'UTF8')), 'hex')"
    time = f"lpad(to_hex(floor(extract(epoch from {at}) * 1000)::bigint), 12, '0')"
    # The digest is named once, and so made once.
    return f"(overlay({time} || '8' || left({digest}, 18) placing '8' from 17 for 0))::uuid"
