"""A message moves nothing that is in an index of tickets; a ticket knows its last message

Revision ID: 0017
Revises: 0016
"""

from collections.abc import Iterable

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEXES: dict[str, tuple[str, ...]] = {
    "ix_tickets_user_updated": ("user_id", "public_updated"),
    "ix_tickets_updated": ("updated",),
    "ix_tickets_status_updated": ("status", "updated"),
    "ix_tickets_assignee_updated": ("assigned_to_id", "updated"),
    "ix_tickets_unassigned_updated": ("updated",),
}
BUCKET = (
    "timestamp generated always as (date_bin(interval '15 minutes', "
    "timezone('UTC', {}), timestamp '2000-01-01')) stored"
)
LAST_MESSAGE = """
    create function pg_temp.last_message_seq(ticket uuid) returns bigint language sql stable as
    $$select max(seq) from events where ticket_id = ticket and kind = 'message_posted'$$
"""
FROM_STAFF = """
    create function pg_temp.is_from_staff(ticket uuid, customer uuid) returns boolean
    language sql stable as
    $$select actor_id <> customer from events where ticket_id = ticket and kind = 'message_posted'
    order by seq desc limit 1$$
"""


def upgrade() -> None:
    """Writes the table and its indexes anew, once for all of it, with nobody reading meanwhile."""
    op.execute("set local lock_timeout = '5s'")
    _drop_indexes()
    op.execute("alter table tickets set (fillfactor = 85)")
    op.execute(
        "alter table tickets add column last_message_seq bigint, "
        "add column last_message_from_staff boolean"
    )
    op.execute(LAST_MESSAGE)
    op.execute(FROM_STAFF)
    op.execute(
        f"""
        alter table tickets
            add column updated_bucket {BUCKET.format("updated_at")} not null,
            add column public_updated_bucket {BUCKET.format("public_updated_at")} not null,
            alter column last_message_seq type bigint using pg_temp.last_message_seq(id),
            alter column last_message_from_staff type boolean
                using pg_temp.is_from_staff(id, user_id)
        """
    )
    op.execute("drop function pg_temp.last_message_seq, pg_temp.is_from_staff")
    _create_indexes("_bucket", ())
    # It would not be done by itself before many tickets have changed.
    op.execute("analyze tickets")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _drop_indexes()
    op.drop_column("tickets", "last_message_from_staff")
    op.drop_column("tickets", "last_message_seq")
    op.drop_column("tickets", "public_updated_bucket")
    op.drop_column("tickets", "updated_bucket")
    op.execute("alter table tickets reset (fillfactor)")
    _create_indexes("_at", ("id",))


def _drop_indexes() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="tickets")


def _create_indexes(ending: str, more: Iterable[str]) -> None:
    for name, (*leading, last) in INDEXES.items():
        op.create_index(
            name,
            "tickets",
            [*leading, last + ending, *more],
            postgresql_where="assigned_to_id is null" if "unassigned" in name else None,
        )
